"""JSON mode: a wish for any JSON object, ``{"type": "json_object"}``, which some wires have a word for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_ASKED: Final = {"type": "json_object"}

ANY_OBJECT: Final = {"type": "object"}
"""The JSON Schema that it stands for."""


def is_json_mode(response_format: Any) -> bool:
    """Whether any JSON object is asked for, in the words of OpenAI's Chat Completions."""
    return isinstance(response_format, Mapping) and dict(response_format) == _ASKED
