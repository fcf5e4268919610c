"""`python -m aar.api LAB`."""

from aar.api.serve import main

main()
