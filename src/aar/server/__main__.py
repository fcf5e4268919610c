"""`python -m aar.server LAB`."""

from aar.server.serve import main

main()
