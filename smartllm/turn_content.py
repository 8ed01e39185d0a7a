"""What a turn may hold, checked in plain words: a text, or a list of texts and parts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any, Final, get_args

from pydantic import (
    Field,
    PlainSerializer,
    SerializationInfo,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from smartllm.content import InputPart, Other, ResultPart, Text, ToolCall, ToolResult
from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.near import meant_by
from smartllm.part_names import meant_in
from smartllm.unicode import is_unicode

_KINDS: Final[dict[str, type[InputPart]]] = {
    str(one.default): kind for kind in get_args(InputPart) for one in fields(kind) if one.name == "type"
}
_ALLOWED: Final = ", ".join(kind.__name__ for kind in _KINDS.values())
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("image_url", "input_image"), "image, with its url or data"),
    **dict.fromkeys(("input_text", "output_text"), "text"),
    **dict.fromkeys(("file", "input_file", "pdf"), "document"),
    **dict.fromkeys(("input_audio", "sound"), "audio"),
    **dict.fromkeys(("tool_use", "function_call"), "tool_call"),
    **dict.fromkeys(("thinking",), "reasoning"),
}
"""Other libraries' words for types of parts."""
_TYPE_NAMES: Final = ", ".join(_KINDS)
_SHOWN: Final = 100
_ONE_ALPHABET: Final = str.maketrans("-_", "+/")
"""Pydantic writes bytes in the alphabet for URLs; people write the other one."""
_NO_UNICODE: Final = "the text holds half of a surrogate pair, which is no Unicode"


def _text_or_parts(value: Any, _check: Any, info: ValidationInfo) -> Any:
    """Check a turn's content; what is wrong is said with its place, its value and what is allowed."""
    if isinstance(value, str):
        if not value:
            raise PydanticKnownError("string_too_short", {"min_length": 1})
        if not value.strip():
            raise PydanticCustomError("string_blank", "Text should hold more than white space")
        if not is_unicode(value):
            raise PydanticKnownError("string_unicode")
        return value
    if not isinstance(value, (list, tuple)):
        raise PydanticKnownError("string_type")
    if not value:
        raise PydanticKnownError("too_short", {"field_type": "List", "min_length": 1, "actual_length": 0})
    return [_item(item, f"{info.field_name}[{index}]") for index, item in enumerate(value)]


def _item(item: Any, place: str) -> Any:
    if isinstance(item, str):
        _check_text(item, place)
        return item
    if isinstance(item, Mapping):
        item = _part_of(item, place)
    if not isinstance(item, InputPart):
        wrong = type(item).__name__ if hasattr(item, "type") else _shown(item)
        raise _error(place, f"{wrong} is neither a text nor a part of a turn; parts are {_ALLOWED}")
    for one in fields(item):
        value = getattr(item, one.name)
        if isinstance(value, str) and not is_unicode(value):
            raise _error(f"{place}.{one.name}", _NO_UNICODE)
    if isinstance(item, Text):
        _check_text(item.text, f"{place}.text")
    if isinstance(item, ToolCall):
        _check_call(item, place)
    if isinstance(item, Other):
        _check_own(item, place)
    return _result(item, place) if isinstance(item, ToolResult) else item


def _check_call(call: ToolCall, place: str) -> None:
    for name in ("id", "name"):
        _check_string(getattr(call, name), f"{place}.{name}")
    if not isinstance(call.arguments, (str, dict)):
        raise _error(f"{place}.arguments", f"{_shown(call.arguments)} is neither an object nor its text")
    _check_json(call.arguments, f"{place}.arguments")


def _check_own(part: Other, place: str) -> None:
    for name in ("kind", "dialect"):
        _check_string(getattr(part, name), f"{place}.{name}")
    if not isinstance(part.raw, Mapping) or not part.raw:
        raise _error(f"{place}.raw", f"{_shown(part.raw)} is no object in the words of a wire")
    _check_json(part.raw, f"{place}.raw")


def _result(result: ToolResult, place: str) -> ToolResult:
    """A result whose content is JSON, or texts and parts; those that JSON spells are made."""
    _check_string(result.call_id, f"{place}.call_id")
    if not result.parts:
        _check_json(result.content, f"{place}.content")
        return result
    if not isinstance(result.content, (list, tuple)):
        raise _error(f"{place}.content", f"{_shown(result.content)} is no list of texts and parts")
    content = [_result_part(item, f"{place}.content[{index}]") for index, item in enumerate(result.content)]
    return replace(result, content=content)


def _result_part(given: Any, place: str) -> Any:
    item = _item(given, place)
    if not isinstance(item, (str, ResultPart)):
        allowed = ", ".join(kind.__name__ for kind in get_args(ResultPart))
        raise _error(place, f"{type(item).__name__} cannot stand in a result; texts can, and {allowed}")
    return item


def _check_string(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise _error(place, f"{_shown(value)} is no text")


def _check_json(value: Any, place: str) -> None:
    try:
        check_json(value, place)
    except UnsupportedError as error:
        raise PydanticCustomError("content", "{says}", {"says": error.message}) from None


def _check_text(text: Any, place: str) -> None:
    if not isinstance(text, str):
        raise _error(place, f"{_shown(text)} is no text")
    if not text:
        raise _error(place, "the text is empty; it should have at least 1 character")
    if not is_unicode(text):
        raise _error(place, _NO_UNICODE)


def _part_of(given: Mapping[str, Any], place: str) -> Any:
    """The part that JSON spells."""
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        found = "an object without a type" if kind is None else f"the type {_shown(kind)}"
        meant = meant_by(kind, _KINDS, _TYPES) if isinstance(kind, str) else ""
        raise _error(place, f"{found} is no part of a turn{meant or f'; types are {_TYPE_NAMES}'}")
    data = given.get("data")
    if isinstance(data, str):
        try:
            given = {**given, "data": base64.b64decode(data.translate(_ONE_ALPHABET), validate=True)}
        except (binascii.Error, ValueError):
            raise _error(f"{place}.data", "the text is not base64") from None
    known = sorted(one.name for one in fields(_KINDS[kind]))
    for name in given:
        if name not in known:
            meant = meant_in(name, known) or f"; fields are {', '.join(known)}"
            raise _error(place, f"{_shown(name)} is no field of {kind}{meant}")
    try:
        return _adapter(kind).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        inside = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        shown = "" if first["type"] in {"value_error", "missing"} else f", not {_shown(first['input'])}"
        raise _error(f"{place}{inside}", f"{said}{shown}") from None


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[kind])


def _shown(value: Any) -> str:
    shown = repr(value[:_SHOWN] if isinstance(value, (str, bytes)) else value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _error(place: str, says: str) -> PydanticCustomError:
    return PydanticCustomError("content", "{place}: {says}", {"place": place, "says": says})


def _spelled(content: Any, info: SerializationInfo) -> Any:
    """Content as data, bytes in JSON as base64; pydantic's own union would try each kind of part in turn."""
    if isinstance(content, str):
        return content
    return _parts(content, json=info.mode == "json")


def _parts(content: Sequence[Any], *, json: bool) -> list[Any]:
    return [part if isinstance(part, str) else _fields_of(part, json=json) for part in content]


def _fields_of(part: Any, *, json: bool) -> dict[str, Any]:
    found = {one.name: getattr(part, one.name) for one in fields(part)}
    if isinstance(part, ToolResult) and part.parts:
        found["content"] = _parts(part.content, json=json)
    data = found.get("data")
    if json and isinstance(data, bytes):
        found["data"] = base64.b64encode(data).decode()
    return found


Content = Annotated[
    str | Annotated[list[str | Annotated[InputPart, Field(discriminator="type")]], Field(min_length=1)],
    WrapValidator(_text_or_parts),
    PlainSerializer(_spelled),
]
"""Text, or texts and parts in order; not empty, nor a text of white space alone: providers refuse both."""
