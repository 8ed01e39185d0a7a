"""Values and rows as TOML."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[\w-]+", re.ASCII)


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else json.dumps(name)


def value(item: Any) -> str:
    """A value on one line; tables with one key as a dotted key of their own table."""
    if isinstance(item, Mapping):
        return f"{{ {', '.join(_pair(name, inner) for name, inner in item.items())} }}" if item else "{}"
    if isinstance(item, (list, tuple)):
        return f"[{', '.join(map(value, item))}]"
    return item.isoformat() if isinstance(item, dt.date) else json.dumps(item, ensure_ascii=False)


def _pair(name: str, item: Any) -> str:
    at = key(name)
    while isinstance(item, Mapping) and len(item) == 1 and not ({"verified", "source"} & set(item)):
        ((name, item),) = item.items()
        at += f".{key(name)}"
    return f"{at} = {value(item)}"


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by dotted path as tables within each other."""
    found: dict[str, Any] = {}
    for path, item in facts.items():
        *above, last = path.split(".")
        table = found
        for name in above:
            table = table.setdefault(name, {})
        table[last] = item
    return found
