"""How large this process is."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Final

import pytest

_STATM: Final = Path("/proc/self/statm")

tells_its_memory: Final = pytest.mark.skipif(not _STATM.is_file(), reason="only Linux tells it so")


def resident() -> int:
    """Bytes of this process in memory, garbage collected."""
    gc.collect()
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
