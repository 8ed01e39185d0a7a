"""How many examples a property is tried with: a part by default, all where CI asks for them."""

from __future__ import annotations

import os
from typing import Final

EVERY: Final = os.environ.get("EVERY_EXAMPLE") == "1"


def examples(count: int) -> int:
    """As many as the property is tried with where time does not matter, or a quarter; at least twenty.

    Args:
        count: All of them.
    """
    return count if EVERY else max(count // 4, min(count, 20))
