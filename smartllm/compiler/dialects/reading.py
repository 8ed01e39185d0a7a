"""Strict readers for the JSON of answers: what the wire promises, or an error that names the place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard, TypeVar

from smartllm.unicode import is_unicode, unicode_text

J = TypeVar("J")

_write: Final = json.JSONEncoder(ensure_ascii=False, default=repr).encode

REPLACEMENT: Final = "\ufffd"
"""Stands for half of a surrogate pair whose other half never came."""
_SHOWN: Final = 200
_SCALARS: Final = frozenset({int, float, bool, type(None)})
_NAMES: Final = ((str, "text"), (bool, "true or false"), (int | float, "a number"), (Mapping, "an object"))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


# One for all: json.loads makes a reader a call when it is given anything.
_READER: Final = json.JSONDecoder(parse_constant=_refuse)
_LOOSE: Final = json.JSONDecoder(parse_constant=_refuse, strict=False)


class ShapeError(ValueError):
    """A value is of another type than the wire promises; the text says what stands where."""

    def __init__(self, value: Any, place: str, wanted: str) -> None:
        kinds = (name for kind, name in _NAMES if isinstance(value, kind))
        found = "nothing" if value is None else next(kinds, "a list")
        super().__init__(f"{found} where {place} should be {wanted}")


def text(value: Any, place: str) -> str:
    """Text.

    Args:
        value: What was found.
        place: Where, for the error.

    Raises:
        ShapeError: It is something else, or missing.
    """
    if isinstance(value, str):
        return value
    raise ShapeError(value, place, "text")


def optional_text(value: Any, place: str) -> str | None:
    """Text, or None for null.

    Raises:
        ShapeError: It is something else.
    """
    return None if value is None else text(value, place)


def index(value: Any, place: str) -> int:
    """The number of a block.

    Raises:
        ShapeError: It is something else, or missing.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ShapeError(value, place, "a whole number")


def an_object(value: Any, place: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        ShapeError: It is something else, or missing.
    """
    if is_object(value):
        return value
    raise ShapeError(value, place, "an object")


def optional_object(value: Any, place: str) -> Mapping[str, Any]:
    """A JSON object, empty for null.

    Raises:
        ShapeError: It is something else.
    """
    return {} if value is None else an_object(value, place)


def objects(value: Any, place: str) -> Sequence[Mapping[str, Any]]:
    """A list of JSON objects.

    Raises:
        ShapeError: It is something else, or missing.
    """
    if not isinstance(value, list):
        raise ShapeError(value, place, "a list")
    for item in value:
        if not is_object(item):
            raise ShapeError(item, f"each item of {place}", "an object")
    return value


def optional_objects(value: Any, place: str) -> Sequence[Mapping[str, Any]]:
    """A list of JSON objects, empty for null.

    Raises:
        ShapeError: It is something else.
    """
    return () if value is None else objects(value, place)


def arguments(value: Any, place: str) -> Any:
    """Arguments of a tool call: an object, or the text of one, which some wires and servers send.

    Raises:
        ShapeError: It is something else, or missing.
    """
    return value if isinstance(value, str) else an_object(value, place)


def called_with(given: Any) -> Any:
    """Arguments of a tool call as an object; as text where they are none, for whoever reads them to tell."""
    if not isinstance(given, str):
        return given
    try:
        found = json_of(given.strip() or "{}")
    except (ValueError, RecursionError):
        return given
    return unicode_json(found) if isinstance(found, dict) else given


def list_of_objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; none for anything else. For details, never for what is said."""
    return [item for item in value if is_object(item)] if isinstance(value, list) else []


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is a JSON object; asking the type first is several times faster."""
    return type(value) is dict or isinstance(value, Mapping)


def integer(value: Any) -> int:
    """A token count; 0 for null or anything that is no count."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def table(value: Any) -> Mapping[str, Any]:
    """A JSON object; empty for anything else. For counts and details, never for what is said."""
    return value if is_object(value) else {}


def word(value: Any) -> str | None:
    """An id or a model's name; None for anything that is no text."""
    return value if isinstance(value, str) else None


def unicode_json(given: J) -> J:
    """A JSON value of which all texts are Unicode; the same one where nothing has to change."""
    if not _holds_halves(given):
        return given
    cleaned: J = json.loads(unicode_text(_write(given)))
    return cleaned


def json_of(given: str | bytes, *, loose: bool = False) -> Any:
    """The value of a JSON text; NaN and Infinity, which Python's reader takes, are none.

    Args:
        given: The text.
        loose: Whether line breaks and other control characters may stand in strings as they are.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    if isinstance(given, bytes):
        given = given.decode(json.detect_encoding(given))
    return (_LOOSE if loose else _READER).decode(given)


def json_at(text: str, start: int) -> tuple[Any, int]:
    """The JSON value, read loosely, that begins at a place in a text, and where it ends.

    Raises:
        ValueError: None begins there.
        RecursionError: It is nested too deeply.
    """
    value, end = _LOOSE.raw_decode(text, start)
    return value, end


def shown(value: Any) -> str:
    """The beginning of a value as an error message shows it."""
    try:
        return unicode_text(_write(value)[:_SHOWN])
    except RecursionError:
        return "deeply nested JSON"


class Halves:
    """Joins halves of surrogate pairs that come in two deltas of one block."""

    def __init__(self) -> None:
        self._half, self._block = "", None

    def take(self, delta: str, block: Any = None) -> str:
        """The text that is whole by now; a high half at the end is kept for the next delta."""
        if not self._half and delta.isascii():
            return delta
        joined = (self._half if block == self._block else self.rest()) + delta
        self._half, self._block = "", block
        if "\ud800" <= joined[-1:] <= "\udbff":
            self._half, joined = joined[-1], joined[:-1]
        return unicode_text(joined)

    def rest(self) -> str:
        """What stands for a half that is still alone."""
        half, self._half = self._half, ""
        return REPLACEMENT if half else ""


def _holds_halves(value: Any) -> bool:
    left = [value]
    while left:
        node = left.pop()
        kind = type(node)
        if kind is str:
            if not (node.isascii() or is_unicode(node)):
                return True
        elif kind is list:
            left += node
        elif kind is dict or (kind not in _SCALARS and is_object(node)):
            left += node.values()
            if not all(map(str.isascii, node)):
                left += node
    return False
