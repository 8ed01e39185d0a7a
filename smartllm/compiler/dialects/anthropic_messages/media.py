"""Pictures and documents in the words of Claude's Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.compiler.media_parts import text_in
from smartllm.media import Encoded

if TYPE_CHECKING:
    from smartllm.content import Media


def spelled(part: Media) -> dict[str, Any]:
    """The block of a turn, or of a result."""
    block: dict[str, Any] = {"type": part.type, "source": _source(part)}
    if part.type == "document" and part.name:
        block["title"] = part.name
    if part.type == "document" and part.citations:
        block["citations"] = {"enabled": True}
    return block


def _source(part: Media) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    assert part.data is not None
    assert part.media_type is not None
    if part.type == "document" and part.media_type == "text/plain":
        return {"type": "text", "media_type": part.media_type, "data": text_in(part)}
    return {"type": "base64", "media_type": part.media_type, "data": Encoded(part.data, part.media_type)}
