"""How a run reads its lines: as those of a batch engine, with what holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

from smartllm.runtime.batch.custom_ids import CustomIds
from smartllm.runtime.batch.journal_entry import digest_of
from smartllm.runtime.batch.lines import CUSTOM_ID, LineReader, numbered
from smartllm.runtime.batch.online import Work


class RunLines:
    """The lines of a run; a context manager.

    Args:
        folder: What paths of files in requests are relative to; nothing outside of it is read.
        fields: Fields for requests that do not say them, such as ``model``.
        use_cache: False leaves the cache out, whatever a line says.
    """

    def __init__(
        self, folder: Path, fields: Mapping[str, Any] | None = None, *, use_cache: bool = True
    ) -> None:
        self._ids = CustomIds()
        self._reader = LineReader(folder, fields, first=self._ids.first)
        self._update = {} if use_cache else {"use_cache": False}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ids.close()

    def lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """The lines of a file, from its beginning, with their numbers from 1."""
        file.seek(0)
        return numbered(file)

    def work(self, line: int, data: bytes) -> Work:
        """What a line asks, with what is wrong with it."""
        custom_id, request, error = self._reader.read(line, data)
        if request is not None and self._update:
            request = request.model_copy(update=self._update)
        return Work(line, digest_of(data), custom_id, request, error)

    def pass_over(self, line: int, data: bytes) -> None:
        """Take note of the id of a line that is not asked again."""
        if CUSTOM_ID.encode() in data:
            self._reader.read(line, data)
