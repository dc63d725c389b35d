"""`python -m jwseal.cli` is the same as `jwseal`."""

from jwseal.cli import main

main()
