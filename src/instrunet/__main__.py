"""``python -m instrunet`` is the command line."""

from instrunet.apps.cli import main

main()
