"""Runs the command line: `python -m claimslab`."""

import sys

from claimslab.cli import main

sys.exit(main(sys.argv[1:]))
