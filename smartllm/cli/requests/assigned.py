"""``-o NAME=VALUE``: any field of a request by its name, its value as JSON or as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from smartllm.errors import RequestFileError
from smartllm.parameters import PARAMETERS
from smartllm.unicode import is_unicode

_TEXTS: Final = frozenset(name for name, row in PARAMETERS.items() if row.kind in {"text", "choice"})
"""Fields whose values are texts, also those that look like numbers."""
ELSEWHERE: Final = {
    "prompt": "give it as an argument",
    "messages": "give a request file with --request",
    "on_progress": "a callback cannot be given at the shell",
}
"""Fields that are said otherwise."""


def assigned(given: Iterable[str], typed: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that ``-o`` gives.

    Args:
        given: What was typed, one field each.
        typed: Fields that other options give.

    Raises:
        RequestFileError: One is no assignment, belongs elsewhere, or is given twice.
    """
    fields: dict[str, Any] = {}
    for text in given:
        name, found, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not found or not name:
            raise RequestFileError("-o: an option is NAME=VALUE; one that was given has no name or no '='")
        if not is_unicode(name):
            raise RequestFileError(f"-o {name}: it is no text in UTF-8")
        if name in ELSEWHERE:
            raise RequestFileError(f"-o {name}: {ELSEWHERE[name]}")
        if name in fields:
            raise RequestFileError(f"-o {name}: it is given twice")
        if name in typed:
            option = PARAMETERS[name].options[0]
            raise RequestFileError(f"-o {name}: it is given twice, here and with {option}")
        fields[name] = value if name in _TEXTS else _read(value)
    return fields


def _read(value: str) -> Any:
    """JSON, or the text itself."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
