"""A request of the shell without pydantic, which would be two thirds of what a compilation there costs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

# Texts, and options of which click takes no other values: nothing here can be wrong but an empty text.
_SAFE: Final = frozenset(
    {
        "prompt",
        "system_prompt",
        "api_type",
        "reasoning_effort",
        "verbosity",
        "structured_output",
        "like",
    }
)


DEFAULTS: Final[Mapping[str, Any]] = {
    "model": None,
    "temperature": 0,
    "max_tokens": 2048,
    "top_p": None,
    "top_k": None,
    "system_prompt": None,
    "stream": False,
    "response_format": None,
    "structured_output": "auto",
    "use_cache": True,
    "clear_cache": False,
    "api_type": "responses",
    "reasoning_effort": None,
    "budget_tokens": None,
    "verbosity": None,
    "on_progress": None,
    "like": None,
}
"""``TextRequest``'s own; a test holds them equal."""


class PlainRequest(SimpleNamespace):
    """``TextRequest`` as the compiler reads it."""


def plain_request(fields: dict[str, Any]) -> PlainRequest | None:
    """The request that such fields make; None where they need pydantic's checks."""
    if not fields.get("prompt") or not fields.keys() <= _SAFE or "" in fields.values():
        return None
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError:  # bytes of the command line that are no text
        return None
    return PlainRequest(**{**DEFAULTS, **fields}, extra={}, model_fields_set=frozenset(fields))
