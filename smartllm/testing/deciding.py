"""Which fact refused a request: the one that, stated otherwise, would have let it pass.

The checks need not say it. They run once more over facts that note what is read; then, from the last that was
read before the refusal back to the first, each fact is given other values until the refusal is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from itertools import islice
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from smartllm.rules import Facts, Target

from .check import problems, target_of
from .heard import Refused

if TYPE_CHECKING:
    from .reply import Recorded

_BROKEN: Final = (AttributeError, KeyError, TypeError, ValueError)
"""What a check may raise once it has gone on behind a refusal."""
_HUGE: Final = 10**15
_NONE: Final = ("", "")
_LONGEST_WORD: Final = 64
_MOST_WORDS: Final = 200
_WORDING: Final = frozenset({"system"})
"""Facts by which the checks choose words."""


def decided_by(recorded: Recorded) -> tuple[str, str]:
    """The path of the fact behind a refusal, and the ``file:line`` that states it; empty where none is."""
    refused, route = recorded.refused, recorded.route
    if refused is None or route is None:
        return _NONE
    if route.dialect is None:
        return refused.fact, ""
    body = route.asked(recorded.body)
    target = target_of(route.model or str(body.get("model")), route.dialect, route.provider)
    if target is None:
        return refused.fact, ""
    asked = {"streamed": route.streams(body), "headers": recorded.headers}
    path = refused.fact or deciding_fact(refused, body, target, asked)
    origin = target.origin(path) if path else None
    return path, f"{origin.file}:{origin.line}" if origin is not None and origin.file else ""


def deciding_fact(refused: Refused, body: Any, target: Target, asked: Mapping[str, Any]) -> str:
    """The path of the fact behind a refusal; "" where none of the model's decides.

    Args:
        refused: What was refused.
        body: The body that was.
        target: The model on its wire.
        asked: Its headers, and whether it asks for a stream, as ``problems`` takes them.
    """
    reads: list[tuple[str, Any]] = []
    model = target.resolution.asked

    def found(facts: Facts) -> Iterator[Refused]:
        return problems(body, model, target.dialect, facts, **asked)

    if next(found(_noting(target.facts, "", reads)), None) != refused:
        return ""  # another refused it: the host, or the server, which was told to
    (whole, ended), said = _all(found(target.facts)), tuple(islice(_words(body), _MOST_WORDS))
    last: dict[str, Any] = dict(reversed(reads))
    for path, kind in last.items():
        others = () if path in _WORDING else _others(kind, _value(target.facts, path), said)
        for value in others:
            left, end = _all(found(_stating(target.facts, path, value)))
            if end == ended and refused not in left and len(left) < len(whole):
                return path
    return ""


def _all(found: Iterator[Refused]) -> tuple[list[Refused], bool]:
    """All refusals, as far as the checks come, and whether they came to their end."""
    said = []
    try:
        for one in found:
            said.append(one)  # noqa: PERF402 - what came before an error counts
    except _BROKEN:
        return said, False
    return said, True


def _noting(table: Any, path: str, reads: list[tuple[str, Any]]) -> Any:
    """A table of facts that notes the path and the type of each that is read."""
    kind: type = type(table)
    noting: Any = object.__new__(_noting_class(kind))
    for one in fields(table):
        value = getattr(table, one.name)
        inner = _noting(value, f"{path}{one.name}.", reads) if is_dataclass(value) else value
        object.__setattr__(noting, one.name, inner)
    object.__setattr__(noting, "_note", lambda name, kind: reads.append((f"{path}{name}", kind)))
    return noting


@lru_cache(maxsize=64)
def _noting_class(kind: type) -> type:
    leaves = {one.name: one.type for one in fields(kind) if not is_dataclass(one.type)}

    def read(self: Any, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name in leaves:
            object.__getattribute__(self, "_note")(name, leaves[name])
        return value

    return type(kind.__name__, (kind,), {"__getattribute__": read})


def _value(table: Any, path: str) -> Any:
    for name in path.split("."):
        table = getattr(table, name)
    return table


def _stating(table: Any, path: str, value: Any) -> Any:
    """A table of facts of which one is another."""
    name, _, inner = path.partition(".")
    return replace(table, **{name: _stating(getattr(table, name), inner, value) if inner else value})


class _Everything(tuple[Any, ...]):
    """Values among which everything is; where they are gone through, all words of the body too."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __contains__(self, value: object) -> bool:
        return True


def _words(node: Any) -> Iterator[str]:
    """The keys and the short texts of a body."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    elif isinstance(node, str) and len(node) <= _LONGEST_WORD:
        yield node


def _others(kind: Any, value: Any, said: tuple[str, ...]) -> Iterator[Any]:
    """Other values that a fact might have."""
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if get_origin(kind) in {Union, UnionType}:
        if NoneType in get_args(kind) and value is not None:
            yield None
        for one in get_args(kind):
            if one is not NoneType:
                yield from _others(one, value, said)
    elif get_origin(kind) is Literal:
        yield from (one for one in get_args(kind) if one != value)
    elif get_origin(kind) is tuple:
        yield from (_Everything((*(value or ()), *said)), _Everything(value or ()), ())
    elif kind is bool:
        yield not value
    elif kind in {int, float}:
        yield from (kind(_HUGE), kind(0))
