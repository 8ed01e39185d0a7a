"""The wire body under construction; every leaf remembers why it is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from smartllm.compiler.payload import MARK, Payload
from smartllm.compiler.trace import Reason
from smartllm.media import Encoded

Path = tuple[str | int, ...]


_MARKED: Final = json.loads(MARK)


class _MediaError(TypeError):
    """Media stands where there may be text alone."""


def _refused(leaf: Any) -> Any:
    raise (_MediaError if isinstance(leaf, Encoded) else TypeError)(f"{type(leaf).__name__} is no JSON")


wire_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_refused).encode
"""JSON as it is sent, of what holds no media."""


class Body:
    """A JSON object that is filled by ``set`` and remembers a reason for each value.

    Attributes:
        data: The body.
        reasons: Reason by path; a reason holds for everything under its path that has none of its own.
        texts: What was written before, as ``wire_text`` writes it, by path; no path lies in a list.
        headers: Headers that say what has no place in the body, each with its reason.
        travels: Paths of what only says how the answer comes.
    """

    headers: Mapping[str, tuple[str, Reason]] = MappingProxyType({})
    travels: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.reasons: dict[Path, Reason] = {}
        self.texts: dict[Path, str] = {}

    def set(self, path: str, value: Any, because: Reason) -> None:
        """Set a value.

        Args:
            path: Dotted path; missing objects on the way are made.
            value: Any JSON value, taken as it is.
            because: Why it is there.
        """
        if "." not in path:  # most are
            self.data[path] = value
            self.reasons[path,] = because
            return
        *above, last = keys = path.split(".")
        node = self.data
        for key in above:
            node = node.setdefault(key, {})
        node[last] = value
        self.reasons[tuple(keys)] = because

    def head(self, name: str, value: str, because: Reason) -> None:
        """Set a header."""
        self.headers = {**self.headers, name: (value, because)}

    def take(self, key: str) -> Any:
        """Take a value at the top out of the body."""
        self.reasons = {path: why for path, why in self.reasons.items() if path[0] != key}
        return self.data.pop(key)

    def append(self, path: str, value: Any, because: Reason) -> None:
        """Put a value at the end of a list at the top, which is made where it is not there."""
        found = self.data.setdefault(path, [])
        self.reasons[path, len(found)] = because
        found.append(value)

    def note(self, path: Path, because: Reason) -> None:
        """Give a reason to something inside a value that was set as a whole."""
        self.reasons[path] = because

    def merge_extra(self, extra: Mapping[str, Any]) -> None:
        """Merge the caller's ``extra`` verbatim: objects merge, everything else replaces."""
        replaced = dict(_merged(self.data, extra, ()))
        depth = max(map(len, replaced), default=0)
        kept = {
            path: why
            for path, why in self.reasons.items()
            if not any(path[:cut] in replaced for cut in range(1, min(len(path), depth) + 1))
        }
        self.reasons = kept | replaced
        self.texts = {}


def written(data: dict[str, Any], texts: Mapping[Path, str]) -> bytes | Payload:
    """A body as it is sent.

    Args:
        data: The body.
        texts: As ``Body.texts``.
    """
    try:
        return (_written(data, texts, (), wire_text) if texts else wire_text(data)).encode()
    except _MediaError:
        return _with_media(data, texts)


def _with_media(data: dict[str, Any], texts: Mapping[Path, str]) -> Payload:
    media: list[Encoded] = []

    def marked(leaf: Any) -> Any:
        if not isinstance(leaf, Encoded):
            return _refused(leaf)
        media.append(leaf)
        return _MARKED

    text_of = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=marked).encode
    return Payload.marked(_written(data, texts, (), text_of), media)


def _written(node: Any, texts: Mapping[Path, str], at: Path, text_of: Callable[[Any], str]) -> str:
    known = texts.get(at)
    if known is not None:
        return known
    if all(path[: len(at)] != at for path in texts):
        return text_of(node)
    inner = (f"{wire_text(key)}:{_written(value, texts, (*at, key), text_of)}" for key, value in node.items())
    return f"{{{','.join(inner)}}}"


def shown(node: Any) -> Any:
    """A body as people see it: media by its size and hash."""
    if isinstance(node, dict):
        return {key: shown(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [shown(value) for value in node]
    return str(node) if isinstance(node, Encoded) else node


def reasons_in(data: dict[str, Any], reasons: Mapping[Path, Reason]) -> Iterator[tuple[Path, Any, Reason]]:
    """Each leaf of a body with its value and reason, in body order."""
    for path, value in leaves(data):
        known = (path[:cut] for cut in range(len(path), 0, -1) if path[:cut] in reasons)
        yield path, value, reasons[next(known)]


def _merged(node: dict[str, Any], extra: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Reason]]:
    """Merge, and tell each path that was set."""
    for key, value in extra.items():
        here = (*at, key)
        if isinstance(value, dict) and isinstance(node.get(key), dict):
            node[key] = dict(node[key])  # it may be shared
            yield from _merged(node[key], value, here)
            continue
        node[key] = value
        yield here, Reason("extra", ".".join(str(part) for part in here))


def leaves(node: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each scalar or empty container of a JSON value with its path."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from leaves(value, (*at, key))
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from leaves(value, (*at, index))
    else:
        yield at, node
