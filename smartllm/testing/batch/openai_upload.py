"""The upload of a file to OpenAI's Files API: a form that is read as it comes, and kept on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import BodyPartReader
from aiohttp.http_exceptions import HttpProcessingError

from smartllm.testing.heard import Refused

from .openai_lines import lasting_problem

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

_CHUNK: Final = 1024 * 1024
"""More than aiohttp ever has at hand, so that it need give nothing back."""
_LONGEST: Final = 4096
"""Bytes of a field that is no file."""
_NO_FILE: Final = Refused("'file' is a required property")
_ANCHOR, _SECONDS = "expires_after[anchor]", "expires_after[seconds]"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent.

    Attributes:
        filename: Its name.
        size: Its bytes.
        fields: What was sent beside it.
    """

    filename: str
    size: int
    fields: dict[str, str]

    @property
    def lasts(self) -> float | None:
        """Seconds for which it is to be kept; None where nothing is said."""
        return float(self.fields[_SECONDS]) if _SECONDS in self.fields else None

    def problem(self, most: int) -> Refused | None:
        """What is wrong with it, as a file of lines of a batch.

        Args:
            most: Bytes that it may have.
        """
        purpose = self.fields.get("purpose")
        if purpose is None:
            return Refused("'purpose' is a required property")
        if purpose != "batch":
            return Refused(f"'{purpose:.60}' is not one of ['batch'] - 'purpose' (of this sandbox)")
        if not self.filename.endswith(".jsonl"):
            return Refused(f"Invalid file format for Batch API. Must be .jsonl, not {self.filename!r:.200}")
        if self.size > most:
            return Refused(f"File is too large: the maximum for batches is {most:,} bytes", status=413)
        if not self.size:
            return Refused("File is empty.")
        text = lasting_problem("expires_after", self._asked)
        return None if text is None else Refused(text, "invalid_value", "expires_after")

    @property
    def _asked(self) -> dict[str, Any] | None:
        if not {_ANCHOR, _SECONDS} & self.fields.keys():
            return None
        seconds = self.fields.get(_SECONDS, "")
        plain = seconds.isascii() and seconds.isdecimal() and len(seconds) < 10  # noqa: PLR2004 - years
        return {"anchor": self.fields.get(_ANCHOR), "seconds": int(seconds) if plain else seconds}


async def taken(request: web.Request, path: Path, most: int) -> Sent | Refused:
    """Take a form with a file; of one that is too long no more is written than shows it.

    Args:
        request: The request.
        path: Where the file is to be written.
        most: Bytes that it may have.
    """
    if request.content_type != "multipart/form-data":
        return _NO_FILE
    fields: dict[str, str] = {}
    filename, size = None, 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                return Refused("A form within the form is not understood.")
            if part.name == "file" and filename is None:
                filename = part.filename or "upload"
                size = await _written(part, path, most)
            else:
                fields[part.name or ""] = (await part.read_chunk(_CHUNK))[:_LONGEST].decode(errors="replace")
                while await part.read_chunk(_CHUNK):
                    pass
    except (AssertionError, ValueError, HttpProcessingError) as error:
        return Refused(f"The form is not understood: {error}")
    return _NO_FILE if filename is None else Sent(filename, size, fields)


async def _written(part: BodyPartReader, path: Path, most: int) -> int:
    size = 0
    with path.open("wb") as file:
        while data := await part.read_chunk(_CHUNK):
            size += len(data)
            if size <= most:
                file.write(data)
    return size


async def drained(request: web.Request) -> dict[str, Any]:
    """Read a request to its end, and keep nothing."""
    async for _ in request.content.iter_chunked(_CHUNK):
        pass
    return {}
