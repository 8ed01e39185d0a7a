"""Pictures, documents and sound in the words of OpenAI's Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.compiler.dialects.openai_chat.media import address, file_name, sound

if TYPE_CHECKING:
    from smartllm.content import Document, Media


def spelled(part: Media) -> dict[str, Any]:
    """The part of a message, or of a result."""
    if part.type == "document":
        detail = {} if part.detail is None else {"detail": part.detail}
        return {"type": "input_file", **_file(part), **detail}
    if part.type == "audio":
        return {"type": "input_audio", "input_audio": sound(part)}
    assert part.type == "image"
    place = {"image_url": address(part)} if part.file_id is None else {"file_id": part.file_id}
    # The API has a default for the detail, the openai SDK's type asks for it.
    return {"type": "input_image", **place, "detail": part.detail or "auto"}


def _file(part: Document) -> dict[str, Any]:
    if part.file_id is not None:
        return {"file_id": part.file_id}
    if part.url is not None:
        return {"file_url": part.url}
    return {"filename": file_name(part), "file_data": address(part)}
