"""What people and tools say to an agent's model: texts, files and marks as parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic_ai import messages as theirs
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import download_item

from smartllm.content import Audio, CachePoint, Document, Image, Media, Video
from smartllm.rules import Facts

_KINDS: Final[dict[str, type[Image | Audio | Video]]] = {"image": Image, "audio": Audio, "video": Video}
_OF_URLS: Final[tuple[tuple[type[theirs.FileUrl], type[Media]], ...]] = (
    (theirs.ImageUrl, Image),
    (theirs.AudioUrl, Audio),
    (theirs.VideoUrl, Video),
    (theirs.DocumentUrl, Document),
)


class Files:
    """Makes parts of content.

    Args:
        provider: To which files with an id must belong.
        facts: Which sources the model takes; others are downloaded.
        citations: Whether documents may be cited.
    """

    def __init__(self, provider: str, facts: Facts | None, *, citations: bool = False) -> None:
        self._provider, self._facts, self._citations = provider, facts, citations

    async def parts(self, content: str | Iterable[Any]) -> list[Any]:
        """Texts and parts in order, without empty texts."""
        items = [content] if isinstance(content, str) else content
        found = [await self.part(item) for item in items]
        return [item for item in found if item != ""]

    async def part(self, item: Any) -> Any:
        """A text or part of ours.

        Raises:
            UserError: There is none for it.
        """
        if isinstance(item, str):
            return item
        if isinstance(item, theirs.TextContent):
            return item.content
        if isinstance(item, theirs.CachePoint):
            return CachePoint(item.ttl)
        if isinstance(item, theirs.FileUrl):
            return await self._url(item)
        if isinstance(item, theirs.BinaryContent):
            return self._made(_kind_of(item.media_type), item, data=item.data, media_type=item.media_type)
        if isinstance(item, theirs.UploadedFile):
            return self._uploaded(item)
        raise UserError(f"SmartLLM has no part for {type(item).__name__}")

    async def _url(self, item: theirs.FileUrl) -> Media:
        kind = next(ours for theirs_, ours in _OF_URLS if isinstance(item, theirs_))
        name = kind.__name__.lower()
        fetched = self._facts is None or "url" in getattr(self._facts.input, name).sources
        if fetched and not item.force_download:
            return self._made(kind, item, url=item.url)
        got = await download_item(item, data_format="bytes")
        return self._made(kind, item, data=got["data"], media_type=item.media_type)

    def _uploaded(self, item: theirs.UploadedFile) -> Media:
        if item.provider_name != self._provider:
            raise UserError(
                f"the file {item.file_id} belongs to {item.provider_name}, not to {self._provider}"
            )
        source = "s3" if item.file_id.startswith("s3://") else "file_id"
        return self._made(_kind_of(item.media_type), item, **{source: item.file_id})

    def _made(self, kind: type[Media], item: Any, **given: Any) -> Media:
        detail = (item.vendor_metadata or {}).get("detail")
        if detail is not None and kind in {Image, Document}:
            given["detail"] = detail
        if kind is Document and self._citations:
            given["citations"] = True
        try:
            return kind(**given)
        except ValueError as error:
            raise UserError(str(error)) from error


def _kind_of(media_type: str) -> type[Media]:
    return _KINDS.get(media_type.partition("/")[0], Document)
