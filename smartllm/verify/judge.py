"""What an answer, or an error, says of what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from smartllm.errors import (
    BadRequestError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    StreamError,
)
from smartllm.usage import Usage
from smartllm.verify.bodies import Leaf, differing, keys_in
from smartllm.verify.plan import Asked

Kind = Literal["accepted", "refused", "barred", "none"]
"""``barred``: refused with a status that may mean the account; ``none``: no answer, such as 429 or 500."""

_PLAIN: Final = re.compile(r"[^a-z0-9]+")
_GENERAL: Final = frozenset({
    "additionalmodelrequestfields", "bytes", "content", "data", "default", "description", "detail", "format",
    "function", "header", "inferenceconfig", "input", "json", "message", "messages", "mode", "model", "name",
    "parameters", "path", "properties", "required", "role", "schema", "source", "text", "tools", "type",
    "value",
})  # fmt: skip
"""Keys that stand in many errors whatever they are about."""
_SHORTEST: Final = 3
_NOTHING: Final = Usage()
_BAD: Final = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call.

    Attributes:
        kind: What it was.
        words: The provider's words, without secrets; empty for an answer.
        usage: The tokens of an answer.
        final: No further call can go better: the key is refused, or the account is used up.
    """

    kind: Kind
    words: str = ""
    usage: Usage = _NOTHING
    final: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the provider took the call."""
        return self.kind == "accepted"


def kind_of(error: ProviderError) -> Kind:
    """What an error says of the call that it answers."""
    if isinstance(error, ContextLengthError):
        return "none"
    if isinstance(error, BadRequestError) or (isinstance(error, StreamError) and error.status == _BAD):
        return "refused"
    return "barred" if isinstance(error, (PermissionDeniedError, NotFoundError)) else "none"


def is_about(asked: Asked, words: str) -> bool:
    """Whether a refusal names what was asked for: a key or a text of the body, or a word of the question."""
    said, leaves = _plain(words), differing(asked.call, asked.control)
    quoted = {value for _, value in leaves if value.startswith("'")} | {f"'{asked.question.part}'"}
    return any(word in said for word in _words(asked)) or any(value in words for value in quoted)


def _words(asked: Asked) -> Iterator[str]:
    for word in asked.question.words:
        yield _plain(word)
    yield from _keys(differing(asked.call, asked.control))


def _keys(said: frozenset[Leaf]) -> Iterable[str]:
    plain = {_plain(key) for key in keys_in(said)}
    return sorted(key for key in plain - _GENERAL if len(key) >= _SHORTEST)


def _plain(text: str) -> str:
    """Letters and digits: one spelling for ``top_p`` and ``topP``."""
    return _PLAIN.sub("", text.lower())
