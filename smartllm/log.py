"""The library's logger; silent until the application gives it a handler."""

from __future__ import annotations

import logging
from typing import Final

logger: Final = logging.getLogger("smartllm")
logger.addHandler(logging.NullHandler())
