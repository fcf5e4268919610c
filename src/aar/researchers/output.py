"""Output of a tool, cut to a length that a model can read."""

from __future__ import annotations

MOST_OUTPUT = 12_000
MOST_DETAIL = 100


def shortened(text: str, most: int = MOST_OUTPUT) -> str:
    """Text with its middle left out if it is longer than `most` characters.

    >>> shortened("abcdef", 4)
    'ab\\n[... 2 characters left out ...]\\nef'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def line(text: str) -> str:
    """Text as one short line, for the display.

    >>> line("ls\\n  -l")
    'ls -l'
    """
    return " ".join(text.split())[:MOST_DETAIL]
