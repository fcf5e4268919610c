"""`python -m aar.cli`, the same as `aar`."""

from aar.cli import main

main()
