"""Fields of requests that are made for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as the users of other tools expect them where they say nothing.

    No answer is kept, and neither a temperature nor a limit is sent. With ``use_cache`` the temperature is
    SmartLLM's own, 0, where none is given: only answers that would be the same again are kept.

    Args:
        given: The fields that were said.
    """
    quiet: dict[str, Any] = {"max_tokens": None, "use_cache": False}
    if not given.get("use_cache"):
        quiet["temperature"] = None
    return quiet | dict(given)
