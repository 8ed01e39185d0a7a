"""What AWS refuses of a call to its batch engine before it does anything, by its own service model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.testing.heard import Refused

from .bedrock_shapes import shape_of

_MOST: Final = 400
"""Characters of a value that an error repeats."""
_KINDS: Final[Mapping[str, type]] = {"structure": dict, "list": list, "string": str, "integer": int}


def request_refusal(operation: str, asked: Any) -> Refused | None:
    """The error that AWS makes of the fields of a call; None for a call that is well formed.

    Args:
        operation: The call's name, such as ``CreateModelInvocationJob``.
        asked: Its fields, as JSON or as the words of its query.
    """
    shape = shape_of("bedrock", operation, "input_shape")
    try:
        found = list(_problems(asked, shape, ""))
    except TypeError as error:
        return Refused(str(error), "SerializationException")
    if not found:
        return None
    many = "error" if len(found) == 1 else "errors"
    return Refused(f"{len(found)} validation {many} detected: {'; '.join(found)}", "ValidationException")


def _problems(value: Any, shape: Any, place: str) -> Iterator[str]:
    """What is wrong with a value.

    Raises:
        TypeError: It is of another kind.
    """
    kind: type = type(value)
    if kind is not _KINDS[shape.type_name]:
        raise TypeError(f"{kind.__name__} can not be converted to a {shape.type_name} ({place or 'body'})")
    for text in _broken(value, shape):
        yield _failed(_shown(value), place, text)
    if shape.type_name == "list":
        for number, item in enumerate(value, start=1):
            yield from _problems(item, shape.member, f"{place}.{number}.member")
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            inside = f"{place}.{name}" if place else name
            if value.get(name) is not None:
                yield from _problems(value[name], member, inside)
            elif name in shape.required_members:
                yield _failed("null", inside, "not be null")


def _failed(value: str, place: str, text: str) -> str:
    return f"Value {value} at '{place}' failed to satisfy constraint: Member must {text}"


def _broken(value: Any, shape: Any) -> Iterator[str]:
    """The constraints that a value does not keep, in AWS's words."""
    bounds = shape.metadata
    counted = shape.type_name in {"string", "list"}
    size = len(value) if counted else value
    if "max" in bounds and size > bounds["max"]:
        yield f"have {'length' if counted else 'value'} less than or equal to {bounds['max']}"
    if "min" in bounds and size < bounds["min"]:
        yield f"have {'length' if counted else 'value'} greater than or equal to {bounds['min']}"
    if "enum" in bounds and value not in bounds["enum"]:
        yield f"satisfy enum value set: [{', '.join(bounds['enum'])}]"
    if "pattern" in bounds and not re.fullmatch(bounds["pattern"], value):
        yield f"satisfy regular expression pattern: {bounds['pattern']}"


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text if len(text) <= _MOST else text[:_MOST] + '...'}'"
