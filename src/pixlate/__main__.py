"""`python -m pixlate`."""

from pixlate.cli import main

main()
