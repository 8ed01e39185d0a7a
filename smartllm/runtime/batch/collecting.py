"""What jobs gave back becomes states and results of lines; after any kill, the next time ends the same."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from smartllm.rules.hosts import host_row
from smartllm.runtime.batch.joining import MISSING, Joined, Joiner, unsent
from smartllm.runtime.batch.manifest import Line, Manifest, Unit, line_of
from smartllm.runtime.batch.refusals import refused_lines
from smartllm.runtime.batch.service import BatchService, Job, Outcome

if TYPE_CHECKING:
    from smartllm.runtime.batch.folder_lines import FolderLines
    from smartllm.runtime.batch.planning import Planner
    from smartllm.runtime.cache.levels import ResponseCache

OUTPUTS: Final = "outputs"
_WINDOW: Final = 128
_SHOWN: Final = 100
_ENDED_EARLY: Final = {
    "expired": "the provider's job expired before this line's turn",
    "Expired": "the provider's job expired before this line's turn",
    "PartiallyCompleted": "the provider's job expired before this line's turn",
    "cancelled": "the provider's job was stopped before this line's turn",
    "Stopped": "the provider's job was stopped before this line's turn",
}
"""Words for jobs that may end with lines that nobody has run."""
_EARLY: Final = "batch_ended_early"


@dataclass(slots=True)
class Collection:
    """What a collection has done.

    Attributes:
        units: Units whose outputs were taken.
        failed: Units of which the provider took no line.
        states: How many lines got into which state.
        strays: Lines of outputs that belong to no line of their unit: their ids.
        twice: Lines of outputs whose line they had named before.
        strayed: How many strays there are; ``strays`` has the first ones.
    """

    units: list[Unit] = field(default_factory=list)
    failed: list[Unit] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    strays: list[str] = field(default_factory=list)
    twice: int = 0
    strayed: int = 0

    def add(self, more: Collection) -> None:
        """Count another collection in."""
        self.units += more.units
        self.failed += more.failed
        self.states += more.states
        self.strays = [*self.strays, *more.strays][:_SHOWN]
        self.twice += more.twice
        self.strayed += more.strayed


class Collector:
    """Takes the outputs of a folder's jobs, whose lock the caller holds.

    Args:
        manifest: The folder.
        service: The provider's engine.
        planner: Compiles, as when the folder was made.
        lines: Plans of its lines.
        cache: Is given what is worth keeping; None keeps nothing.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        manifest: Manifest,
        service: BatchService,
        planner: Planner,
        lines: FolderLines,
        cache: ResponseCache | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._manifest, self._service, self._planner = manifest, service, planner
        self._lines, self._cache, self._clock = lines, cache, clock
        self.done = Collection()

    async def refresh(self) -> dict[int, Job]:
        """Ask how the jobs under way stand, and note it; the jobs by their units' numbers.

        Raises:
            ProviderError: The provider does not say.
        """
        found = {}
        for unit in self._manifest.units("submitted"):
            job = found[unit.unit] = await self._service.job(unit)
            noted: dict[str, Any] = {"status": job.status, "counts": dict(job.counts)}
            if job.state == "ended":
                noted |= {"state": "ended", "changed": self._clock(), "ended": self._clock()}
            elif job.state == "failed":
                self._fail(unit, job)
                continue
            self._manifest.update(unit.unit, **noted)
        return found

    async def take(self) -> Collection:
        """Take the outputs of all jobs that have ended.

        Raises:
            ProviderError: They cannot be had.
            ConfigError: They cannot be written.
        """
        for unit in self._manifest.units("ended"):
            await self._take(unit)
        return self.done

    async def _take(self, unit: Unit) -> None:
        folder = self._manifest.folder / OUTPUTS / f"{unit.unit:04d}"
        job = await self._service.job(unit)
        joiner, found, seen = self._joiner(unit), Collection(), set[int]()
        for path in await self._service.download(unit, job, folder):
            outcomes = self._service.outcomes(path)
            while window := await asyncio.to_thread(_some, outcomes):
                await self._join(unit, joiner, window, found, seen)
        self._settle_rest(unit, job)
        self.done.add(found)
        self.done.units.append(
            self._manifest.update(
                unit.unit,
                state="collected",
                status=job.status,
                counts=dict(job.counts),
                error=_told(job.errors, found),
                changed=self._clock(),
            )
        )

    def _joiner(self, unit: Unit) -> Joiner:
        began = unit.began or unit.changed or self._clock()
        ended = unit.ended or began
        settings = self._planner.settings
        return Joiner(
            unit,
            self._lines,
            host_row(settings.provider, self._planner.rules),
            region=settings.region,
            secrets=settings.secrets,
            started=dt.datetime.fromtimestamp(began, dt.UTC),
            elapsed=max(ended - began, 0.0),
        )

    async def _join(
        self, unit: Unit, joiner: Joiner, window: Sequence[Outcome], found: Collection, seen: set[int]
    ) -> None:
        """Join some outcomes with their lines: the cache, then one transaction.

        In this order, as the next collection passes over what a killed one has answered.
        """
        made: dict[int, Joined] = {}
        for outcome in window:
            line = self._line(unit, outcome)
            if line is None:
                found.strayed += 1
                if len(found.strays) < _SHOWN:
                    found.strays.append(outcome.name or str((outcome.error or {}).get("message")))
                continue
            found.twice += line.line in seen
            seen.add(line.line)
            known = made.get(line.line)
            if (known.state if known else line.state) in {"answered", "next"}:
                continue
            made[line.line] = joiner.joined(line, outcome, self._earlier(unit, line))
        if self._cache is not None:
            kept = [one.entry for one in made.values() if one.entry is not None]
            await asyncio.gather(*(self._cache.put(*entry) for entry in kept))
        self._write(made.values(), unit.step)

    def _line(self, unit: Unit, outcome: Outcome) -> Line | None:
        number = line_of(outcome.name)
        if number is None:
            return None
        return next(self._manifest.lines("line = ? AND unit = ?", [number, unit.unit]), None)

    def _earlier(self, unit: Unit, line: Line) -> tuple[Mapping[str, Any], str | None] | None:
        if not unit.step:
            return None
        with self._manifest.reading() as db:
            row = db.execute(
                "SELECT reply, request_id FROM replies WHERE line = ? AND step = 0", (line.line,)
            ).fetchone()
        return None if row is None else (json.loads(row[0]), row[1])

    def _write(self, made: Iterable[Joined], step: int) -> None:
        with self._manifest.change() as db:
            for one in made:
                self.done.states[one.state] += 1
                error = None if one.error is None else json.dumps(one.error, ensure_ascii=False)
                db.execute(
                    "UPDATE lines SET state = ?, error = ? WHERE line = ?", (one.state, error, one.line)
                )
                if one.result is not None:
                    db.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (one.line, one.result))
                if one.reply is not None:
                    row = (one.line, step, one.reply, one.request_id)
                    db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", row)

    def _settle_rest(self, unit: Unit, job: Job) -> None:
        """Lines of which no output says anything."""
        early = _ENDED_EARLY.get(job.status)
        for window in self._manifest.pages("unit = ? AND state = 'ready'", [unit.unit]):
            if early is not None:
                made = [Joined(line.line, "expired", error=unsent(early, _EARLY)) for line in window]
            else:
                text = f"the provider's outputs do not name this line (its job is {job.status})"
                made = [Joined(line.line, "failed", error=unsent(text, MISSING)) for line in window]
            self._write(made, unit.step)

    def _fail(self, unit: Unit, job: Job) -> None:
        """A job of which the provider took no line: what it found wrong is told of the lines."""
        path = self._manifest.folder / unit.file
        told = refused_lines(path, job)
        rest = unsent(
            f"the provider took no line of this line's file (its job is {job.status})"
            + (f": {job.errors[0].get('message')}" if job.errors else ""),
            _code(job.errors),
        )
        for window in self._manifest.pages("unit = ? AND state = 'ready'", [unit.unit]):
            self._write(
                [Joined(one.line, "failed", error=told.get(one.line, rest)) for one in window], unit.step
            )
        self.done.failed.append(
            self._manifest.update(
                unit.unit,
                state="failed",
                status=job.status,
                counts=dict(job.counts),
                error=_told(job.errors) or {"errors": []},
                changed=self._clock(),
            )
        )


def _some(outcomes: Iterator[Outcome]) -> list[Outcome]:
    return [*islice(outcomes, _WINDOW)]


def _code(errors: Sequence[Mapping[str, Any]]) -> str | None:
    code = errors[0].get("code") if errors else None
    return str(code) if code else None


def _told(errors: Sequence[Mapping[str, Any]], found: Collection | None = None) -> dict[str, Any] | None:
    told: dict[str, Any] = {"errors": [dict(one) for one in errors]} if errors else {}
    if found is not None and found.strayed:
        told |= {"strayed": found.strayed, "strays": found.strays}
    if found is not None and found.twice:
        told["twice"] = found.twice
    return told or None
