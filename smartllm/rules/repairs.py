"""Values of a wrong type in a rules file: what is wanted, and the value that was meant."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from smartllm.rules.toml_text import shown, spelled

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}|[+-]?[0-9]{1,3}([_, ][0-9]{3}){1,5}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def wrong_type(kind: str, value: Any) -> tuple[str, str | None]:
    """What is wrong with a value.

    Args:
        kind: Pydantic's word for it, a key of ``WANTED``.
        value: The value.

    Returns:
        The end of a sentence that begins with the key, and the right value as TOML, where it can be told.
    """
    wanted = WANTED[kind]
    right = wanted.repair(value)
    quotes = (
        ", without quotes" if isinstance(value, str) and right is not None and kind != "tuple_type" else ""
    )
    return f"{shown(value)} is {_kind(value)}, but {wanted.name} is meant{quotes}", right


def _truth(value: Any) -> str | None:
    right = _TRUTHS.get(str(value).strip().lower())
    return None if right is None else spelled(right)


def _integer(value: Any) -> str | None:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return str(int(re.sub(r"[_, ]", "", value)))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else None


def _number(value: Any) -> str | None:
    if (whole := _integer(value)) is not None or not isinstance(value, str):
        return whole
    try:
        found = float(value)
    except ValueError:
        return None
    return str(found) if math.isfinite(found) else None


def _day(value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    found = _DAY.match(value.strip()) if isinstance(value, str) else None
    try:
        return None if found is None else dt.date.fromisoformat(found[0]).isoformat()
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return None if isinstance(value, (dict, list)) else spelled(spelled(value))


def _list(value: Any) -> str | None:
    return None if isinstance(value, dict) else spelled([value])


def _nothing(_: Any) -> None:
    return None


class Wanted(NamedTuple):
    """A type: its name for people, and what a value of another type meant."""

    name: str
    repair: Callable[[Any], str | None]


WANTED: Final[Mapping[str, Wanted]] = {
    "bool_type": Wanted("true or false", _truth),
    "int_type": Wanted("a whole number", _integer),
    "float_type": Wanted("a number", _number),
    "finite_number": Wanted("a finite number", _nothing),
    "date_type": Wanted("a day", _day),
    "string_type": Wanted("a text", _text),
    "tuple_type": Wanted("a list", _list),
    "dict_type": Wanted("a table", _nothing),
    "model_type": Wanted("a table", _nothing),
}
"""By pydantic's word for a value of another type."""

_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "a boolean"),
    (str, "a text"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (dt.datetime, "a day with a time"),
    (dt.date, "a day"),
    (dt.time, "a time"),
    (dict, "a table"),
    (list, "a list"),
)


def _kind(value: Any) -> str:
    return next(word for kind, word in _KINDS if isinstance(value, kind))
