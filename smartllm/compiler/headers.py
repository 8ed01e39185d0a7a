"""Headers that a request asks for beside those of its route."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from smartllm.compiler.trace import Reason
from smartllm.parameters.field import HIDDEN

_LISTS: Final = frozenset({"anthropic-beta"})
"""Headers that hold lists, to which the compiler, a request and a client may each add."""
_BY_CALLER: Final = Reason("request", "extra_headers")


class AskedHeaders(NamedTuple):
    """What a request says in headers.

    Attributes:
        said: What the wire takes there alone, each value with its reason.
        extra: The caller's own headers, whose values may be secret.
    """

    said: Mapping[str, tuple[str, Reason]]
    extra: Mapping[str, str]

    def __repr__(self) -> str:
        """What may be seen of it."""
        return repr(self.shown)

    @property
    def shown(self) -> dict[str, str]:
        """The headers as people may see them."""
        return merged(self._values, dict.fromkeys(self.extra, HIDDEN))

    @property
    def identity(self) -> bytes:
        """The headers in one order and one spelling, however they were written."""
        headers = self.over({})
        return json.dumps(sorted((name.lower(), value) for name, value in headers.items())).encode()

    @property
    def reasons(self) -> set[Reason]:
        """Why they are there."""
        return {_BY_CALLER, *(why for _, why in self.said.values())}

    def over(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Other headers with these over them."""
        return merged(headers, self._values, self.extra)

    def leaves(self) -> Iterator[tuple[str, str, Reason]]:
        """Each with what may be seen of its value, and its reason."""
        for name, value in self.shown.items():
            _, why = (value, _BY_CALLER) if name in self.extra else self.said[name]
            yield name, value, why

    @property
    def _values(self) -> dict[str, str]:
        return {name: value for name, (value, _) in self.said.items()}


def merged(*layers: Mapping[str, str]) -> dict[str, str]:
    """Headers of several layers, the last of one name in any capitalisation; lists are joined."""
    found: dict[str, tuple[str, str]] = {}
    for layer in layers:
        for name, value in layer.items():
            key = name.lower()
            if key in _LISTS and key in found:
                value = _joined(found[key][1], value)  # noqa: PLW2901 - the same header's
            found[key] = name, value
    return dict(found.values())


def _joined(*lists: str) -> str:
    """Values that commas part, each once."""
    values = (value.strip() for text in lists for value in text.split(","))
    return ",".join(dict.fromkeys(filter(None, values)))
