"""Texts of fields, read from the docstrings below them: one source for editors, help() and descriptions."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeVar, get_origin

_C = TypeVar("_C", bound=type[Any])
_LINE: Final = re.compile(
    r'^(?:class (?P<owner>\w+)|    (?:(?P<field>[a-z]\w*):|"{3}(?P<text>.*?)"{3}|[^\s)\]}]))',
    re.MULTILINE | re.DOTALL,
)
"""A class, and what begins at the margin of its body: a field, a docstring, or something else."""
_LAST: Final = ("Raises:", "Examples:")


def documented(cls: _C) -> _C:
    """A class whose fields have docstrings: ``__doc__`` lists them, and Pydantic's fields have them.

    Pydantic's own ``use_attribute_docstrings`` parses the module once for each class, parametrised ones too,
    and takes 20 ms each time (2.14, 2026-11-26).
    """
    own = _of_module(cls.__module__).get(cls.__name__, {})
    for name, field in getattr(cls, "__pydantic_fields__", {}).items():
        if name in own:
            field.description = _line(own[name])
    blocks = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    last = [block for block in blocks if block.startswith(_LAST)]
    first = [block for block in blocks if block and block not in last]
    told = [f"    {name}: " + text.replace("\n", "\n    ") for name, text in below_fields(cls).items()]
    cls.__doc__ = "\n\n".join([*first, *(["\n".join(["Attributes:", *told])] if told else []), *last])
    return cls


def field_docs(cls: type[Any]) -> Mapping[str, str]:
    """The text of each field of a class, its own before its bases'; empty where no sources are shipped."""
    return {name: _line(text) for name, text in below_fields(cls).items()}


def below_fields(cls: type[Any]) -> Mapping[str, str]:
    """The same with the lines as they stand in the source."""
    found: dict[str, str] = {}
    for each in _lineage(cls):
        for name, text in _of_module(each.__module__).get(each.__name__, {}).items():
            found.setdefault(name, text)
    return {name: text for name, text in found.items() if name in _names(cls)}


def _line(text: str) -> str:
    return " ".join(text.split())


def _names(cls: type[Any]) -> Collection[str]:
    """The fields of a Pydantic model, of a dataclass or of a TypedDict."""
    if _is_dict(cls):
        return {*getattr(cls, "__required_keys__", ()), *getattr(cls, "__optional_keys__", ())}
    return getattr(cls, "__pydantic_fields__", None) or getattr(cls, "__dataclass_fields__", {})


def _lineage(cls: type[Any]) -> Iterator[type[Any]]:
    """A class and its bases; of those of a TypedDict the class itself knows nothing."""
    if not _is_dict(cls):
        yield from cls.__mro__
        return
    yield cls
    for base in getattr(cls, "__orig_bases__", ()):
        base = get_origin(base) or base  # noqa: PLW2901
        yield from _lineage(base) if _is_dict(base) else ()


def _is_dict(cls: type[Any]) -> bool:
    """Whether it is a TypedDict; told without loading what knows those of all Pythons."""
    return hasattr(cls, "__total__")


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """The docstrings of fields as they stand there, by class and field."""
    try:
        source = sys.modules[name].__spec__.loader.get_source(name)  # type: ignore[union-attr]
    except (AttributeError, ImportError, KeyError, OSError):
        return {}
    found: dict[str, dict[str, str]] = {}
    owner = field = ""
    for line in _LINE.finditer(source or ""):
        owner = line["owner"] or owner
        if line["text"] is not None and field:
            found.setdefault(owner, {})[field] = line["text"].strip()
        field = line["field"] or ""
    return found
