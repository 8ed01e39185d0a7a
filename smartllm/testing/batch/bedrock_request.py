"""What AWS refuses of a call to its batch engine before it does anything, by its own service model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from smartllm.testing.heard import Refused

_MOST: Final = 400
"""Characters of a value that an error repeats."""
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
}


def request_refusal(operation: str, asked: Any) -> Refused | None:
    """The error that AWS makes of the fields of a call; None for a call that is well formed.

    Args:
        operation: The call's name, such as ``CreateModelInvocationJob``.
        asked: Its fields, as JSON or as the words of its query.
    """
    shape = _model().operation_model(operation).input_shape
    try:
        found = list(_problems(asked, shape, ""))
    except TypeError as error:
        return Refused(str(error), "SerializationException")
    if not found:
        return None
    many = "error" if len(found) == 1 else "errors"
    return Refused(f"{len(found)} validation {many} detected: {'; '.join(found)}", "ValidationException")


@lru_cache(maxsize=1)
def _model() -> Any:
    """The service as the SDK describes it, with every pattern and bound."""
    from botocore.session import get_session  # noqa: PLC0415 - an extra, loaded on first use

    return get_session().get_service_model("bedrock")


def _problems(value: Any, shape: Any, place: str) -> Iterator[str]:
    """What is wrong with a value.

    Raises:
        TypeError: It is of another kind.
    """
    if not isinstance(value, _KINDS[shape.type_name]) or isinstance(value, bool):
        raise TypeError(
            f"{type(value).__name__} can not be converted to a {shape.type_name} ({place or 'body'})"
        )
    yield from (
        f"Value {_shown(value)} at '{place}' failed to satisfy constraint: Member must {text}"
        for text in _broken(value, shape)
    )
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_inside(place, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _problems(value[name], member, _inside(place, name))
    elif shape.type_name == "list":
        for number, item in enumerate(value, start=1):
            yield from _problems(item, shape.member, f"{place}.{number}.member")


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


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text if len(text) <= _MOST else text[:_MOST] + '...'}'"
