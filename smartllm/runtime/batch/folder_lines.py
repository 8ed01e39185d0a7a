"""The requests of a folder, read and compiled again line by line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from smartllm.compiler import Plan
from smartllm.errors import ConfigError
from smartllm.runtime.batch.lines import LineReader
from smartllm.runtime.batch.manifest import Line, Manifest
from smartllm.runtime.batch.planning import Planner

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]

REQUESTS: Final = "requests.jsonl"


class FolderLines:
    """Plans of a folder's lines; a context manager.

    Args:
        manifest: The folder's.
        planner: Compiles, as when the folder was made.
    """

    def __init__(self, manifest: Manifest, planner: Planner) -> None:
        path = manifest.folder / REQUESTS
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be read ({error.strerror})",
                hint="the folder is not whole: put the file back, or compile anew",
            ) from None
        self._planner = planner
        self._reader = LineReader(Path(planner.about["files"]), planner.fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def data(self, line: Line) -> bytes:
        """The bytes of a line."""
        self._file.seek(line.place)
        return self._file.read(line.length)

    def plan(self, line: Line) -> tuple[Request, Plan, str]:
        """A line's request, its plan for the batch engine, and the plan's key in the cache.

        Raises:
            SmartLLMError: The line cannot be compiled any more.
        """
        read = self._reader.read(line.line, self.data(line))
        if read.error is not None:
            raise read.error
        assert read.request is not None, "blank lines have no row"
        plan = self._planner.plan(read.request)
        return read.request, plan, self._planner.key(plan)
