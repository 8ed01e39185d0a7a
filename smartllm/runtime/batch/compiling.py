"""From a file of requests to a folder of the provider's files; holds a few hundred lines at a time."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from smartllm.compiler import Plan
from smartllm.errors import CompileError, RequestFileError, SmartLLMError
from smartllm.runtime.batch.compiled import Compiled, Costs
from smartllm.runtime.batch.custom_ids import CustomIds
from smartllm.runtime.batch.folder_lines import REQUESTS
from smartllm.runtime.batch.hits import hit
from smartllm.runtime.batch.lines import LineReader, Read, numbered
from smartllm.runtime.batch.manifest import Line, Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.result_lines import answered, error_data, line_text
from smartllm.runtime.batch.units import Sort, UnitWriter
from smartllm.runtime.cache.levels import ResponseCache

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest
    from smartllm.response import TextResponse

    Request = TextRequest[Any] | MessageRequest[Any]


_WINDOW: Final = 256
_MOST: Final = 16 * 1024 * 1024
"""Bytes of lines and bodies that are held at a time."""
_MODE: Final = 0o600


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


@dataclass(slots=True)
class _Window:
    """Lines whose rows are written together.

    Attributes:
        seen: The lines.
        keys: Those that are sent or asked of the cache, by key.
        size: About how many bytes they hold.
    """

    seen: list[_Seen] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def add(self, one: _Seen) -> None:
        """Take a line."""
        self.seen.append(one)
        self.size += one.length + (0 if one.plan is None else len(one.plan.steps[0].content))

    @property
    def is_full(self) -> bool:
        """Whether it holds as much as it may."""
        return self.size >= _MOST


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
        self._costs = Costs()
        self.done = Compiled()

    async def run(self) -> Compiled:
        """Compile all lines.

        Raises:
            RequestFileError: The requests cannot be read.
        """
        path = self._manifest.folder / REQUESTS
        files = Path(self._planner.about["files"])
        with (
            closing(self._writer),
            closing(CustomIds()) as ids,
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb", 1024 * 1024) as kept,
        ):
            reader = LineReader(files, self._planner.fields, first=ids.first)
            window = _Window()
            for number, data in self._read():
                kept.write(data)
                one = _Seen(number, self._place, len(data), reader.read(number, data))
                self._place += len(data)
                if not one.read.is_blank:
                    self._compile(one, window.keys)
                    window.add(one)
                if window.is_full or number % _WINDOW == 0:
                    await self._finish(window.seen)
                    window = _Window()
            await self._finish(window.seen)
            self._end()
            kept.flush()
            os.fsync(kept.fileno())
        return self.done

    def _read(self) -> Iterator[tuple[int, bytes]]:
        """The lines of the requests.

        Raises:
            RequestFileError: They cannot be read.
        """
        try:
            yield from numbered(self._source)
        except OSError as error:
            raise RequestFileError(f"the requests cannot be read to their end ({error.strerror})") from None

    async def _finish(self, seen: Sequence[_Seen]) -> None:
        """Ask the cache for lines, and write down what has become of them."""
        await asyncio.sleep(0)  # Ctrl-C comes here
        if self._cache is not None:
            await asyncio.gather(*map(self._hit, seen))
        self._manifest.add_lines([self._line(one) for one in seen])
        self._manifest.add_results(self._results(seen))
        self._told(self._place)

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
        except RecursionError:
            one.plan, one.error = None, CompileError("the request is nested too deeply")
            return
        request = one.read.request
        if not self._duplicates and request.use_cache:
            one.same_as = here.get(one.key) or self._manifest.first_with(one.key)
        if one.same_as is not None:
            return
        assert plan.batch is not None
        size = self._writer.too_long(one.number, plan.batch.endpoint, len(plan.steps[0].content))
        if size is not None:
            one.error = CompileError(
                f"its line would have {size:,} bytes, and the provider's files have {self._most:,} at most",
                hint="send less, or name media by an address instead",
            )
            return
        here[one.key] = one.number

    async def _hit(self, one: _Seen) -> None:
        """Ask the cache for a line."""
        request, plan = one.read.request, one.plan
        unknown = one.error is None and one.same_as is None
        if unknown and self._cache is not None and request is not None and plan is not None and one.key:
            one.found = await hit(self._cache, request, plan, one.key)

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
            done.refuse(one.number, one.error)
            return Line(**row, state="refused", error=error_data(one.error))
        row["key"] = one.key
        if one.same_as is not None:
            done.same += 1
            done.sampled += not plan.cacheable
            return Line(**row, state="same", same_as=one.same_as)
        if one.found is not None:
            done.cached += 1
            return Line(**row, state="cached")
        assert plan.batch is not None
        step = plan.steps[0]
        tokens = step.tokens
        done.sent += 1
        done.tokens += tokens
        self._costs.add(plan, tokens)
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
                done.refuse(few[0], error, len(few))
        done.input_cost, done.output_cost = self._costs.input(), self._costs.output()


def too_few(count: int, model: str, least: int) -> CompileError:
    """Why lines make no job of their own."""
    return CompileError(
        f"{count} requests for {model} are too few: jobs of the batch engine have {least} at least",
        hint="answer them online: smartllm batch run",
    )


def new_name() -> str:
    """By which a folder's jobs are known from those of all other folders."""
    return uuid.uuid4().hex
