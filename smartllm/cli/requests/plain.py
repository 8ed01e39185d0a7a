"""A request of the shell without pydantic, which would be two thirds of what a compilation there costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

from smartllm.parameters import DEFAULTS, PARAMETERS

# Texts, and options of which click takes no other values: nothing here can be wrong but an empty text.
_SAFE: Final = frozenset(name for name, row in PARAMETERS.items() if row.kind in {"text", "choice"})


class PlainRequest(SimpleNamespace):
    """``TextRequest`` as the compiler reads it."""


def some_request(fields: dict[str, Any]) -> Any:
    """A request for those who look at its target alone.

    Args:
        fields: What decides about it.
    """
    return PlainRequest(**{**DEFAULTS, "prompt": "-", **fields}, model_fields_set=frozenset(fields))


def plain_request(fields: dict[str, Any]) -> PlainRequest | None:
    """The request that such fields make; None where they need pydantic's checks."""
    if not fields.get("prompt") or not fields.keys() <= _SAFE or "" in fields.values():
        return None
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError:  # bytes of the command line that are no text
        return None
    return PlainRequest(**{**DEFAULTS, **fields}, model_fields_set=frozenset(fields))
