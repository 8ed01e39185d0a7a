"""Signatures of thinking as the sandbox gives them: of the thinking, and of all that stands before it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

_MARK: Final = "loopback"
_MARKS: Final = frozenset({"cache_control", "cachePoint"})
"""What may come and go: a provider's cache is no part of the conversation."""


def signature(body: Mapping[str, Any], thinking: str) -> str:
    """The signature of thinking with which an answer to a request begins."""
    return base64.b64encode(f"{_MARK}:{_digest(thinking)}:{_digest(_prefix(body, None))}".encode()).decode()


def changed(given: str, thinking: str) -> bool:
    """Whether thinking is no longer what the sandbox signed; what others signed is not judged."""
    signed = _signed(given)
    return signed is not None and signed[0] != _digest(thinking)


def moved(given: str, body: Mapping[str, Any], messages: int) -> bool:
    """Whether system text, tools or the first messages of a body are not what stood before the thinking."""
    signed = _signed(given)
    return signed is not None and signed[1] != _digest(_prefix(body, messages))


def _signed(given: str) -> tuple[str, str] | None:
    try:
        mark, thinking, prefix = base64.b64decode(given, validate=True).decode().split(":")
    except ValueError:
        return None
    return (thinking, prefix) if mark == _MARK else None


def _prefix(body: Mapping[str, Any], messages: int | None) -> Any:
    tools = body.get("tools") or (body.get("toolConfig") or {}).get("tools")
    return [
        _unmarked(body.get("system")),
        _unmarked(tools),
        _unmarked((body.get("messages") or [])[:messages]),
    ]


def _unmarked(value: Any) -> Any:
    """The value without marks for the cache."""
    if isinstance(value, list):
        return [_unmarked(item) for item in value if not _is_mark(item)]
    if isinstance(value, dict):
        return {key: _unmarked(inner) for key, inner in value.items() if key not in _MARKS}
    return value


def _is_mark(item: Any) -> bool:
    return isinstance(item, dict) and bool(item) and item.keys() <= _MARKS


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
