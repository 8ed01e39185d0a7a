"""The pictures, documents, sound and films of a conversation: where they stand, and one put for another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smartllm.rules.vocabulary.input import MEDIA
from smartllm.text_parts import parts_of

if TYPE_CHECKING:
    from smartllm.compiler.intent import Turn
    from smartllm.content import Document, InputPart, Media

_SOURCES: Final = ("data", "url", "file_id", "s3")
_TEXTS: Final = frozenset(
    {
        "application/json",
        "application/xml",
        "application/yaml",
        "application/toml",
        "application/javascript",
        "application/x-ndjson",
        "application/sql",
    }
)


def hold_media(turns: Iterable[Turn]) -> bool:
    """Whether there are any, those in results of tools included."""
    return any(True for _ in media_in(turns))


def media_in(turns: Iterable[Turn]) -> Iterator[Media]:
    """All of them in order, those in results of tools included."""
    for turn in turns:
        for part in turn.parts:
            inner = parts_of(part.content) if part.type == "tool_result" and part.parts else (part,)
            yield from (one for one in inner if one.type in MEDIA)  # type: ignore[misc]


def documents_in(turns: Iterable[Turn]) -> Iterator[Document]:
    """The documents among them."""
    return (part for part in media_in(turns) if part.type == "document")


def put(
    turns: Iterable[Turn],
    change: Callable[[Media, str], InputPart],
    root: str = "messages",
    inside: Callable[[Media, str], InputPart] | None = None,
) -> tuple[Turn, ...]:
    """The turns with each of them changed.

    Args:
        turns: The turns.
        change: Gives what stands for one, by itself and its place.
        root: The request's field, for places.
        inside: As ``change``, in results of tools; None is the same.
    """
    inner = inside or change
    found: list[Turn] = []
    for index, turn in enumerate(turns):
        at = root if root == "prompt" else f"{root}[{index}].content"
        parts = tuple(_put(part, change, inner, f"{at}[{number}]") for number, part in enumerate(turn.parts))
        found.append(turn if parts == turn.parts else turn._replace(parts=parts))
    return tuple(found)


def _put(
    part: InputPart,
    change: Callable[[Media, str], InputPart],
    inside: Callable[[Media, str], InputPart],
    at: str,
) -> InputPart:
    if part.type in MEDIA:
        return change(part, at)  # type: ignore[arg-type]
    if part.type != "tool_result" or not part.parts:
        return part
    inner = parts_of(part.content)
    content = [
        inside(one, f"{at}.content[{number}]") if one.type in MEDIA else one  # type: ignore[arg-type]
        for number, one in enumerate(inner)
    ]
    return part if content == list(inner) else replace(part, content=content, parts=True)


def source_of(part: Media) -> str:
    """How a part was given, once files are read."""
    return next(name for name in _SOURCES if getattr(part, name) is not None)


def is_text(media_type: str | None) -> bool:
    """Whether bytes of a type are a text that a model can read as one."""
    plain = media_type or ""
    return plain in _TEXTS or plain.startswith("text/") or plain.endswith(("+json", "+xml"))


def text_in(part: Document) -> str:
    """The text of a document that is one.

    Raises:
        UnicodeDecodeError: It is no UTF-8.
    """
    assert part.data is not None
    return part.data.decode("utf-8-sig")
