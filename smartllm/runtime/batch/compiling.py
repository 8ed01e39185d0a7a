"""From a file of requests to a folder of the provider's files; holds a few hundred lines at a time."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from smartllm.compiler import Plan
from smartllm.errors import CompileError, SmartLLMError
from smartllm.runtime.batch.custom_ids import CustomIds
from smartllm.runtime.batch.lines import LineReader, Read, numbered
from smartllm.runtime.batch.manifest import Line, Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.result_lines import answered, error_data, line_text
from smartllm.runtime.batch.units import Sort, UnitWriter
from smartllm.runtime.cache.entry import response_of
from smartllm.runtime.cache.levels import ResponseCache

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest
    from smartllm.response import CacheSource, TextResponse

    Request = TextRequest[Any] | MessageRequest[Any]

REQUESTS: Final = "requests.jsonl"
_WINDOW: Final = 256
_SHOWN: Final = 5
_MODE: Final = 0o600


@dataclass(slots=True)
class Compiled:
    """What a compilation came to.

    Attributes:
        lines: Requests in the file.
        sent: Lines that are sent.
        same: Lines for which another one is sent.
        cached: Lines that the cache has answered.
        refused: Lines of which no body could be made, or too few for a job.
        units: Files that were made.
        bytes: How long they are together.
        tokens: Estimate of the tokens that are reserved for the first steps: input and output limits.
        second_steps: Lines whose plans have a second step.
        codes: How many lines have each diagnostic, by severity and code.
        wrong: The first few lines that are refused, each with why.
    """

    lines: int = 0
    sent: int = 0
    same: int = 0
    cached: int = 0
    refused: int = 0
    units: int = 0
    bytes: int = 0
    tokens: int = 0
    second_steps: int = 0
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """A line that was read.

    Attributes:
        number: Its number.
        place: Where it begins.
        length: Its bytes.
        read: What it says.
        plan: Its plan.
        key: Its key in the cache.
        error: Why it has none.
        same_as: The line that is sent for it.
        found: The cache's answer.
    """

    number: int
    place: int
    length: int
    read: Read
    plan: Plan | None = None
    key: str | None = None
    error: SmartLLMError | None = None
    same_as: int | None = None
    found: TextResponse[Any] | None = None


class Compiling:
    """One compilation into a new folder.

    Args:
        source: The requests.
        manifest: The folder's.
        planner: Compiles.
        cache: Where answers may be already; None looks for none.
        duplicates: Lines that ask the same are sent each.
        told: Is told how many bytes were read so far.
    """

    def __init__(
        self,
        source: BinaryIO,
        manifest: Manifest,
        planner: Planner,
        cache: ResponseCache | None = None,
        *,
        duplicates: bool = False,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._source, self._manifest, self._planner, self._cache = source, manifest, planner, cache
        self._duplicates, self._told = duplicates, told
        engine = planner.engine
        self._least, self._most = engine.minimum, engine.bytes
        self._writer = UnitWriter(manifest.folder, engine, name=manifest.about["name"])
        self._place = 0
        self.done = Compiled()

    async def run(self) -> Compiled:
        """Compile all lines."""
        path = self._manifest.folder / REQUESTS
        files = Path(self._planner.about["files"])
        with (
            CustomIds() as ids,
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb", 1024 * 1024) as kept,
        ):
            reader = LineReader(files, self._planner.fields, first=ids.first)
            try:
                lines = numbered(self._source)
                while window := list(islice(lines, _WINDOW)):
                    kept.writelines(data for _, data in window)
                    await self._window(reader, window)
                    self._told(self._place)
                self._end()
            finally:
                self._writer.close()
            kept.flush()
            os.fsync(kept.fileno())
        return self.done

    async def _window(self, reader: LineReader, window: Sequence[tuple[int, bytes]]) -> None:
        """Compile some lines."""
        seen: list[_Seen] = []
        here: dict[str, int] = {}
        for number, data in window:
            one = _Seen(number, self._place, len(data), reader.read(number, data))
            self._place += len(data)
            if not one.read.is_blank:
                self._compile(one, here)
                seen.append(one)
        if self._cache is not None:
            asked = [one for one in seen if _may_be_kept(one)]
            for one, found in zip(asked, await asyncio.gather(*map(self._kept, asked)), strict=True):
                one.found = found
        self._manifest.add_lines([self._line(one) for one in seen])
        self._manifest.add_results(self._results(seen))

    def _compile(self, one: _Seen, here: dict[str, int]) -> None:
        """Give a line its plan, and its key."""
        one.error = one.read.error
        if one.read.request is None:
            return
        try:
            plan = one.plan = self._planner.plan(one.read.request)
            one.key = self._planner.key(plan)
        except SmartLLMError as error:
            one.plan, one.error = None, error
            return
        first = None if self._duplicates else here.get(one.key) or self._manifest.first_with(one.key)
        if first is not None:
            one.same_as = first
            return
        assert plan.batch is not None
        size = self._writer.too_long(one.number, plan.batch.endpoint, plan.steps[0].payload)
        if size is not None:
            one.error = CompileError(
                f"its line would have {size:,} bytes, and the provider's files have {self._most:,} at most",
                hint="send less, or name media by an address instead",
            )
            return
        here[one.key] = one.number

    async def _kept(self, one: _Seen) -> TextResponse[Any] | None:
        """The answer that the cache has for a line."""
        assert self._cache is not None
        assert one.key is not None
        assert one.plan is not None
        assert one.read.request is not None
        levels: tuple[tuple[CacheSource, Callable[[str], Any]], ...] = (
            ("l1", self._cache.local_get),
            ("l2", self._cache.shared_get),
        )
        for source, get in levels:
            found = response_of(await get(one.key), one.read.request, one.plan)
            if found is not None:
                return _as_hit(found, source, one.key, one.plan)
        return None

    def _line(self, one: _Seen) -> Line:
        """The manifest's row of a line, which is written to its unit if it is to be sent."""
        done, plan = self.done, one.plan
        done.lines += 1
        told = plan.diagnostics if plan is not None else getattr(one.error, "diagnostics", ())
        done.codes.update((item.severity, item.code) for item in told)
        row: dict[str, Any] = {
            "line": one.number,
            "custom_id": one.read.custom_id,
            "place": one.place,
            "length": one.length,
            "diagnostics": [item.as_dict() for item in told] or None,
        }
        if one.error is not None or plan is None:
            assert one.error is not None
            done.refused += 1
            if len(done.wrong) < _SHOWN:
                done.wrong.append((one.number, str(one.error)))
            return Line(**row, state="refused", error=error_data(one.error))
        row["key"] = one.key
        if one.same_as is not None:
            done.same += 1
            return Line(**row, state="same", same_as=one.same_as)
        if one.found is not None:
            done.cached += 1
            return Line(**row, state="cached")
        assert plan.batch is not None
        step = plan.steps[0]
        done.sent += 1
        done.tokens += step.tokens
        done.second_steps += len(plan.steps) > 1
        unit = self._writer.add(one.number, Sort(plan.batch.endpoint, step.model, 0), step.payload)
        return Line(**row, state="ready", unit=unit)

    def _results(self, seen: Sequence[_Seen]) -> Iterator[tuple[int, str]]:
        for one in seen:
            if one.found is not None:
                result = answered(one.number, one.found, custom_id=one.read.custom_id)
                yield one.number, line_text(result)

    def _end(self) -> None:
        """Finish the files."""
        done = self.done
        for sort, units, moved in self._writer.end():
            self._manifest.add_units(units, [(line, unit) for line, unit in moved if unit is not None])
            done.units += len(units)
            done.bytes += sum(unit.bytes for unit in units)
            few = [line for line, unit in moved if unit is None]
            if few:
                error = too_few(len(few), sort.model, self._least)
                self._manifest.refuse(few, error_data(error))
                done.sent -= len(few)
                done.refused += len(few)
                done.wrong.append((few[0], str(error)))


def too_few(count: int, model: str, least: int) -> CompileError:
    """Why lines make no job of their own."""
    return CompileError(
        f"{count} requests for {model} are too few: jobs of the batch engine have {least} at least",
        hint="answer them online: smartllm batch run",
    )


def new_name() -> str:
    """By which a folder's jobs are known from those of all other folders."""
    return uuid.uuid4().hex


def _may_be_kept(one: _Seen) -> bool:
    request = one.read.request
    return (
        one.plan is not None
        and one.error is None
        and one.same_as is None
        and request is not None
        and one.plan.cacheable
        and request.use_cache
        and not request.clear_cache
    )


def _as_hit(found: TextResponse[Any], source: CacheSource, key: str, plan: Plan) -> TextResponse[Any]:
    return replace(found, cache_source=source, cache_key=key, _given=len(plan.steps))
