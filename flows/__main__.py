"""``python -m flows`` is the command line ``retail``."""

import sys

from flows.cli import main

sys.exit(main())
