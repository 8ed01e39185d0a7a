"""The Python reference: which name is on which page, and what each is."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import smartllm
from pages.text import head, sentence, table, written

_REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
_SHOWN: Final = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def page() -> str:
    """Every public name, in the order of the alphabet; what no other page shows is shown here."""
    targets = _targets()
    lines = [
        *head("Python"),
        "Everything that `smartllm` exports. Two modules are imported by name: `smartllm.sync` has the same",
        "client without `await`, and [`smartllm.testing`](testing.md) a server that needs no key.",
        "",
        *table(("Name", "What it is"), _rows(targets)),
    ]
    for name in smartllm.__all__:
        if name not in targets:
            lines += ["", f"::: smartllm.{name}"]
    return written(lines)


def _rows(targets: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted(smartllm.__all__, key=str.lower):
        yield f"[`{name}`]({targets.get(name, f'#smartllm.{name}')})", _about(name)


def _targets() -> dict[str, str]:
    """The place of each name that another page shows, by itself or with its module."""
    shown = {
        path: file.name
        for file in sorted(_REFERENCE.glob("*.md"))
        if file.name != "python.md"
        for path in _SHOWN.findall(file.read_text(encoding="utf-8"))
    }
    found = {}
    for name in smartllm.__all__:
        home = _home(name)
        for shows, path in (
            (f"smartllm.{name}", f"smartllm.{name}"),
            (f"{home}.{name}", f"{home}.{name}"),
            (home, f"{home}.{name}"),
        ):
            if shows in shown:
                found[name] = f"{shown[shows]}#{path}"
                break
    return found


def _home(name: str) -> str:
    """The module that ``smartllm`` takes a name from."""
    homes: dict[str, str] = smartllm._HOME  # noqa: SLF001 - aliases of types do not know their module
    return homes.get(name, f"smartllm.{name}")


def _about(name: str) -> str:
    value: Any = getattr(smartllm, name)
    if isinstance(value, (type, FunctionType, ModuleType)):
        return sentence(value.__doc__ or "")
    return sentence(_docstring_below(name))


def _docstring_below(name: str) -> str:
    """The docstring below an alias, which Python does not keep."""
    source = getsource(importlib.import_module(_home(name)))
    alias = re.compile(rf'^{name}\b[^\n]* = (?:(?!\n\n).)*?\n"""(.*?)"""', re.MULTILINE | re.DOTALL)
    found = alias.search(source)
    return found[1] if found else ""
