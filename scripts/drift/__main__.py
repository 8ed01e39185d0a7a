"""The command: ``python scripts/drift``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package's own folder stands there, not the one above

from drift.command import main

main(prog_name="python scripts/drift")
