"""Pictures, documents, sound and films in the words of OpenAI's Chat Completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.compiler.dialects.formats import suffix_of
from smartllm.media import Encoded
from smartllm.media.types import media_type_by_name

if TYPE_CHECKING:
    from smartllm.content import Audio, Document, Media


def spelled(part: Media) -> dict[str, Any]:
    """The part of a message."""
    if part.type == "document":
        return {"type": "file", "file": _file(part)}
    if part.type == "audio":
        return {"type": "input_audio", "input_audio": sound(part)}
    kind = f"{part.type}_url"
    place: dict[str, Any] = {"url": address(part)}
    if part.type == "image" and part.detail is not None:
        place["detail"] = part.detail
    return {"type": kind, kind: place}


def address(part: Media) -> Any:
    """Where a part is to be found: its URL, or its bytes as one."""
    if part.data is None:
        return part.url or part.s3
    assert part.media_type is not None
    return Encoded(part.data, part.media_type, f"data:{part.media_type};base64,")


def file_name(part: Document) -> str:
    """The name of a document's file, which tells what it is by its end."""
    assert part.media_type is not None
    name = part.name or part.type
    return name if media_type_by_name(name) else f"{name}.{suffix_of(part.media_type)}"


def sound(part: Audio) -> dict[str, Any]:
    """The bytes of sound, and what they are."""
    assert part.data is not None
    assert part.media_type is not None
    return {"data": Encoded(part.data, part.media_type), "format": suffix_of(part.media_type)}


def _file(part: Document) -> dict[str, Any]:
    if part.file_id is not None:
        return {"file_id": part.file_id}
    return {"filename": file_name(part), "file_data": address(part)}
