"""The provider's files: one model, one endpoint and one step each, no longer than the provider takes."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from smartllm.rules.vocabulary.host import HostBatch
from smartllm.runtime.batch.manifest import Unit, line_id
from smartllm.runtime.batch.whole_file import synced

UNITS: Final = "units"
_MODE: Final = 0o600
_TOKEN: Final = 32
_BUFFER: Final = 256 * 1024


class Sort(NamedTuple):
    """What lines of one file have in common.

    Attributes:
        endpoint: The provider's word for where its bodies go.
        model: Model id as on the wire.
        step: Which step of its plans, from 0.
    """

    endpoint: str
    model: str
    step: int


def _openai(line: int, endpoint: str, payload: bytes) -> bytes:
    # developers.openai.com/api/docs/guides/batch, 2026-07-15.
    head = f'{{"custom_id":"{line_id(line)}","method":"POST","url":"{endpoint}","body":'
    return b"%b%b}\n" % (head.encode(), payload)


def _bedrock(line: int, _: str, payload: bytes) -> bytes:
    # docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html.
    return b'{"recordId":"%b","modelInput":%b}\n' % (line_id(line).encode(), payload)


SHAPES: Final[Mapping[str, Callable[[int, str, bytes], bytes]]] = {"openai": _openai, "bedrock": _bedrock}
"""A line of a provider's file: of a line's number, the endpoint and the body's bytes."""


@dataclass(slots=True)
class _File:
    """A file that is being written.

    Attributes:
        number: Its unit's number.
        path: Where it is.
        file: What is written to.
        lines: How many lines it has.
        size: How many bytes.
        last: Numbers and lengths of its last lines, as many as a job needs at least.
    """

    number: int
    path: Path
    file: BinaryIO
    last: deque[tuple[int, int]]
    lines: int = 0
    size: int = 0


@dataclass(slots=True)
class _Group:
    """The files of one sort; those before the last two are done.

    Attributes:
        sort: The sort.
        now: The file that lines go to.
        before: The one before it, to which no more lines go.
        done: The units of those before.
        few: Lines of files that were full before they had as many lines as a job needs.
    """

    sort: Sort
    now: _File
    before: _File | None = None
    done: list[Unit] = field(default_factory=list)
    few: list[int] = field(default_factory=list)


class UnitWriter:
    """Writes units, of several sorts at once.

    Args:
        folder: The folder of the work.
        engine: What the provider takes.
        name: By which the folder's jobs are known from other folders'.
        first: Number of the first unit.
    """

    def __init__(self, folder: Path, engine: HostBatch, *, name: str, first: int = 1) -> None:
        self._folder, self._engine, self._name, self._next = folder, engine, name, first
        self._line = SHAPES[engine.shape]
        self._groups: dict[Sort, _Group] = {}
        (folder / UNITS).mkdir(mode=0o700, exist_ok=True)

    def too_long(self, line: int, endpoint: str, size: int) -> int | None:
        """How long a line would be, where no file may be that long; else None.

        Args:
            line: Its number.
            endpoint: Where its body goes.
            size: How long that is, in bytes.
        """
        size += len(self._line(line, endpoint, b""))
        return size if size > self._engine.bytes else None

    def add(self, line: int, sort: Sort, payload: bytes) -> int:
        """Write a line; the number of its unit, which ``end`` may still change.

        Args:
            line: Its number.
            sort: Its sort.
            payload: Its body.
        """
        data = self._line(line, sort.endpoint, payload)
        group = self._groups.get(sort)
        if group is None:
            group = self._groups[sort] = _Group(sort, self._opened())
        elif group.now.lines >= self._engine.lines or group.now.size + len(data) > self._engine.bytes:
            self._turn(group)
        now = group.now
        now.file.write(data)
        now.last.append((line, len(data)))
        now.lines += 1
        now.size += len(data)
        return now.number

    def end(self) -> Iterator[tuple[Sort, list[Unit], list[tuple[int, int | None]]]]:
        """Finish all files.

        Yields:
            For each sort, in the order of their first lines: its units; and of lines that were moved since
            ``add``: their numbers, with their unit, or None where the lines are too few for a job.
        """
        for group in self._groups.values():
            moved = self._balanced(group)
            units = group.done
            if group.before is not None:
                units = [*units, self._ended(group.sort, group.before)]
            if group.now.lines:
                units = [*units, self._ended(group.sort, group.now)]
            yield group.sort, units, moved
        self._groups = {}
        synced(self._folder / UNITS)

    def close(self) -> None:
        """Let go of files that were not finished."""
        for group in self._groups.values():
            for each in (group.before, group.now):
                if each is not None:
                    each.file.close()

    def _turn(self, group: _Group) -> None:
        """Go on in another file, for this one is full."""
        full = group.now
        if full.lines < self._engine.minimum:
            group.few += self._dropped(full)
        else:
            if group.before is not None:
                group.done.append(self._ended(group.sort, group.before))
            group.before = full
        group.now = self._opened()

    def _dropped(self, file: _File) -> list[int]:
        """The lines of a file that is too short for a job; the file goes."""
        file.file.close()
        file.path.unlink()
        file.lines = 0
        return [line for line, _ in file.last]

    def _balanced(self, group: _Group) -> list[tuple[int, int | None]]:
        """Give a last file that is too short for a job lines of the one before it."""
        few: list[tuple[int, int | None]] = [(line, None) for line in group.few]
        now, before, least = group.now, group.before, self._engine.minimum
        if now.lines >= least:
            return few
        missing = least - now.lines
        taken = [] if before is None else list(before.last)[-missing:]
        size = sum(length for _, length in taken)
        if before is None or before.lines - missing < least or now.size + size > self._engine.bytes:
            return [*few, *((line, None) for line in self._dropped(now))]
        before.size -= size
        before.lines -= len(taken)
        before.file.seek(before.size)
        data = before.file.read(size)
        before.file.truncate(before.size)
        now.file.seek(0)
        data += now.file.read()
        now.file.seek(0)
        now.file.write(data)
        now.size, now.lines = len(data), now.lines + len(taken)
        return [*few, *((line, now.number) for line, _ in taken)]

    def _opened(self) -> _File:
        number, self._next = self._next, self._next + 1
        path = self._folder / UNITS / f"{number:04d}.jsonl"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, _MODE)
        file = os.fdopen(descriptor, "w+b", buffering=_BUFFER)
        return _File(number, path, file, deque(maxlen=max(self._engine.minimum, 1)))

    def _ended(self, sort: Sort, file: _File) -> Unit:
        """The unit of a file, which is now on the disk."""
        file.file.flush()
        os.fsync(file.file.fileno())
        file.file.close()
        token = hashlib.sha256(f"{self._name}:{file.number}".encode()).hexdigest()[:_TOKEN]
        return Unit(
            unit=file.number,
            step=sort.step,
            model=sort.model,
            endpoint=sort.endpoint,
            file=f"{UNITS}/{file.path.name}",
            lines=file.lines,
            bytes=file.size,
            state="ready",
            token=token,
        )
