"""`aar`, also as `python -m aar`: says what to install where only `w2s` is installed with what it needs."""

import sys

EXTRA = "automated-alignment-researchers[lab]"


def main() -> None:
    """Run the command line."""
    try:
        from aar.cli import main as run
    except ModuleNotFoundError as error:
        sys.exit(f"aar: the package {error.name} is missing; the laboratory needs: pip install '{EXTRA}'")
    run()


if __name__ == "__main__":
    main()
