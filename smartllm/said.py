"""Texts that name fields and settings: in Python's words, or in those of the place where they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple, Self


class Named(NamedTuple):
    """A field of requests or a setting, and perhaps a value of it, as a text means it.

    Attributes:
        name: Its name.
        value: The value, as one would type it; empty where the name alone is meant.
        python: How Python says it, where that is neither the name nor ``name="value"``.
    """

    name: str
    value: str = ""
    python: str = ""

    def __str__(self) -> str:
        return self.python or (f'{self.name}="{self.value}"' if self.value else self.name)


Wording = Callable[[Named], str]
"""How a place says a field or setting."""

_WORDING: Final[ContextVar[Wording | None]] = ContextVar("wording", default=None)


class Said(str):
    """A text in Python's words that keeps which of them name fields and settings.

    Attributes:
        parts: The text in pieces.
    """

    __slots__ = ("parts",)
    parts: tuple[str | Named, ...]

    def __new__(cls, parts: tuple[str | Named, ...]) -> Self:
        """Make the text of its pieces."""
        text = super().__new__(cls, "".join(map(str, parts)))
        text.parts = parts
        return text

    def __reduce__(self) -> tuple[type[Said], tuple[tuple[str | Named, ...]]]:
        return Said, (self.parts,)


def said(template: str, *given: str | Named) -> Said:
    """A text with names in it.

    Args:
        template: The text, with ``{}`` for each of the others.
        given: Names, texts, or texts that hold names themselves.

    Example::

        said("leave {} unset, or set {}", Named("temperature"), Named("reasoning_effort", "none"))
    """
    pieces: list[str | Named] = []
    first, *others = template.split("{}")
    pieces.append(first)
    for one, text in zip(given, others, strict=True):
        pieces += one.parts if isinstance(one, Said) else (one,)
        pieces.append(text)
    return Said(tuple(piece for piece in pieces if piece))


def joined(between: str, *texts: str) -> str:
    """Texts in a row, without the empty ones."""
    kept = [text for text in texts if text]
    return said(between.join(["{}"] * len(kept)), *kept)


def spoken(text: str) -> str:
    """A text in the words of the place."""
    wording = _WORDING.get()
    if wording is None or not isinstance(text, Said):
        return text
    return "".join(wording(part) if isinstance(part, Named) else part for part in text.parts)


@contextmanager
def worded(wording: Wording) -> Iterator[None]:
    """Say fields and settings in other words than Python's, wherever errors and diagnostics become text."""
    token = _WORDING.set(wording)
    try:
        yield
    finally:
        _WORDING.reset(token)


def id_named(model: str) -> Named:
    """A model's id, as the one to pass."""
    return Named("model", model, f"model={model!r}")


LIKE: Final = Named("like", "<listed model>", "like=<listed model>")
"""The listed model whose facts to use."""
ADDRESS: Final = said("{}, {} or {}", Named("base_url"), Named("azure_endpoint"), Named("endpoint_url"))
"""The settings that say where calls go: which of them holds, the provider tells."""
SANDBOX: Final = "to try without a key: smartllm sandbox -- COMMAND"
"""The end of a hint about a missing key."""
