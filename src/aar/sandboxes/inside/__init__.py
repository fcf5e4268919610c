"""Programs that run inside the wall, beside untrusted code: each is one file, shown to a sandbox by its path.

They import the standard library only, since nothing else of this project is there.
"""

from pathlib import Path


def program(name: str) -> Path:
    """The file of one of these programs.

    >>> program("launcher").name
    'launcher.py'
    """
    return Path(__file__).with_name(f"{name}.py")
