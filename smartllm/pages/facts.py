"""A fact as pages show it: its value, what it means, and all that stands behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from smartllm.rules.evidence import MEASURED
from smartllm.rules.facts import StatedFact, stated_facts
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.diagnostics import Origin
    from smartllm.rules import Target

_GENERAL: Final = "general"
_REPOSITORY: Final = 2
"""Names in the path of a repository on GitHub."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that states a fact.

    Attributes:
        label: What people see.
        address: Where it is; "" for what is no page of the web.
    """

    label: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact, ready to be shown.

    Attributes:
        path: Dotted path.
        value: Its value in words.
        about: What it says.
        row: ``file:line`` of the row that states it; "" where none does.
        verified: Day on which it was last checked.
        pages: What states it.
        disputed: Where pages disagree: what each says.
        kind: Of its origin: ``fact``, ``overlay`` or ``default``.
    """

    path: str
    value: str
    about: str
    row: str
    verified: dt.date | None
    pages: tuple[Page, ...]
    disputed: str
    kind: str

    @property
    def stated(self) -> bool:
        """Whether a row states it."""
        return self.kind != "default"

    @property
    def group(self) -> str:
        """What it belongs to; single facts stand together."""
        return self.path.partition(".")[0] if "." in self.path else _GENERAL


def shown(value: Any) -> str:
    """A fact's value as a person reads it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "none"
    if value in (None, "") or isinstance(value, bool):
        return {None: "-", "": "-", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def view_of(fact: StatedFact) -> FactView:
    """A fact, ready to be shown."""
    return _view(fact.path, shown(fact.value), fact.origin)


def views_of(target: Target) -> dict[str, FactView]:
    """All facts of a target by path, in the order of the vocabulary."""
    return {fact.path: view_of(fact) for fact in stated_facts(target)}


def view_at(target: Target, path: str) -> FactView:
    """A fact by its path, which may be one of the host's row, without a value."""
    node: Any = target.facts
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else getattr(node, name, None)
    return _view(path, shown(node), target.origin(path))


def grouped(views: Iterable[FactView]) -> Iterator[tuple[str, list[FactView]]]:
    """Facts by their groups, in the order of the vocabulary; what stands alone comes first."""
    found = sorted(views, key=lambda view: view.group != _GENERAL)
    for name, group in groupby(found, key=lambda view: view.group):
        yield name, list(group)


def _view(path: str, value: str, origin: Origin) -> FactView:
    row = f"{_short(origin.file)}:{origin.line}" if origin.file else ""
    pages = tuple(map(_page, origin.source))
    return FactView(path, value, about(path), row, origin.verified, pages, origin.disputed or "", origin.kind)


def _short(file: str) -> str:
    """A file of the package without what all of them begin with."""
    return file.removeprefix("smartllm/rules/")


def _page(source: str) -> Page:
    """A page; what a user's file names may be anything, and only addresses of the web become links."""
    parts = urlsplit(source)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return Page("measured on a live account" if source == MEASURED else source)
    host = parts.netloc.removeprefix("www.").removeprefix("docs.").removeprefix("platform.")
    names = [name for name in parts.path.split("/") if name]
    last = names[-1].removesuffix(".html") if names else ""
    if host == "github.com" and len(names) > _REPOSITORY:
        place = "/".join(names[:_REPOSITORY])
        return Page(f"{place}#{last}" if last.isdigit() else f"{place} / {last}", source)
    return Page(f"{host} / {last}" if last else host, source)


@lru_cache(maxsize=1024)
def about(path: str) -> str:
    """What a fact says, in the words of the vocabulary; of values by name, what all of them say."""
    kind: Any = Facts
    said = ""
    for name in path.split("."):
        found = next((one for one in fields(kind) if one.name == name), None) if is_dataclass(kind) else None
        if found is None:
            return said
        said, kind = found.metadata.get("description", ""), found.type
    return said
