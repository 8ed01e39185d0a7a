"""Keys and values as TOML writes them, for lines that people paste."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, Final

from smartllm.rules.positions import KeyPath

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN: Final = 60


def quoted(text: str) -> str:
    """A text between double quotes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key_spelled(key: str) -> str:
    """A key: in quotes where it must be."""
    return key if _BARE.fullmatch(key) else quoted(key)


def path_spelled(path: KeyPath) -> str:
    """A dotted key."""
    return ".".join(map(key_spelled, path))


def shown(value: Any) -> str:
    """A value, cut where it is long."""
    text = spelled(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def spelled(value: Any) -> str:
    """A value that tomli has read."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_spelled(key)} = {spelled(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    return str(value)
