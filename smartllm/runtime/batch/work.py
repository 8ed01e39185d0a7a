"""A folder of batch work, opened for one command: its lock, its manifest, its provider's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, HeldError, ProviderError
from smartllm.runtime.batch.attempts import surely_refused
from smartllm.runtime.batch.collecting import Collection, Collector
from smartllm.runtime.batch.folder_lines import FolderLines
from smartllm.runtime.batch.locking import locked
from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.result_lines import Status
from smartllm.runtime.batch.results import tally_of, write_results
from smartllm.runtime.batch.rounds import RETRYABLE, UNANSWERED, Round, Rounds
from smartllm.runtime.batch.service import BatchService, Job
from smartllm.runtime.batch.services import service_of
from smartllm.runtime.batch.submitting import Submission, Submitter, Told
from smartllm.runtime.cache.levels import open_cache
from smartllm.settings import Settings
from smartllm.words import Provider

BUCKET: Final = ("s3", "role_arn", "s3_owner", "kms_key", "hours")
"""What a folder keeps of how its jobs reach their files."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a folder stands.

    Attributes:
        lines: How many lines have which status.
        jobs: The jobs that were asked about, by their units' numbers.
    """

    lines: Mapping[Status, int]
    jobs: Mapping[int, Job]


class Work:
    """A folder that this process holds.

    Args:
        manifest: Its manifest.
        service: Its provider's engine.
        settings: Of the calls.
        planner: Compiles, as when the folder was made.
        holds: False where another command holds it: then nothing is changed.
    """

    def __init__(
        self,
        manifest: Manifest,
        service: BatchService,
        settings: Settings,
        planner: Planner,
        *,
        holds: bool = True,
    ) -> None:
        self.holds = holds
        self.manifest, self.service, self.settings = manifest, service, settings
        self._planner = planner

    async def submit(self, most: int | None = None, *, told: Told = lambda *_: None) -> Submission:
        """Send the ready units and begin their jobs; raises as ``Submitter.submit``."""
        self.manifest.note(submits=True)
        return await Submitter(self.manifest, self.service, told=told).submit(most)

    async def refresh(self) -> Standing:
        """Ask how the jobs stand.

        Raises:
            ProviderError: The provider does not say.
        """
        if not self.holds:
            units = self.manifest.units("submitted")
            return Standing(tally_of(self.manifest), {one.unit: await self.service.job(one) for one in units})
        with FolderLines(self.manifest, self._planner) as lines:
            collector = Collector(self.manifest, self.service, self._planner, lines, None)
            jobs = await collector.refresh()
        return Standing(tally_of(self.manifest), jobs)

    async def collect(self, *, use_cache: bool = True) -> tuple[Collection, Round]:
        """Take what has ended, make units of the second steps, and write the results.

        Raises:
            ProviderError: The provider does not give it.
            ConfigError: It cannot be written.
        """
        cache = open_cache(self.settings, lambda: self.settings.secrets) if use_cache else None
        try:
            with FolderLines(self.manifest, self._planner) as lines:
                collector = Collector(self.manifest, self.service, self._planner, lines, cache)
                await collector.refresh()
                done = await collector.take()
                further = Rounds(self.manifest, self._planner, lines).second_steps()
            write_results(self.manifest)
        finally:
            if cache is not None:
                await cache.aclose()
        return done, further

    async def collect_all(
        self,
        *,
        every: float,
        most: int | None = None,
        use_cache: bool = True,
        told: Callable[[ProviderError | None], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> tuple[Collection, Round]:
        """Collect until no job is under way; begin jobs of ready files meanwhile, unless they were cancelled.

        Args:
            every: Seconds between two looks.
            most: How many jobs may be under way at once.
            use_cache: False gives the cache nothing.
            told: Hears after each look: of a failure that may pass, or None.
            sleep: Waits so many seconds.

        Raises:
            ProviderError: One that will not pass by itself.
            ConfigError: Results cannot be written.
        """
        done, further = Collection(), Round()
        begins = bool(self.manifest.about.get("submits"))
        while True:
            try:
                more, made = await self.collect(use_cache=use_cache)
                done.add(more)
                further.add(made)
                if begins and self.manifest.units("creating", "ready"):
                    refused = (await self.submit(most)).refused
                    if refused:  # it would be again; what is under way is waited for all the same
                        begins = False
                        told(refused[0][1])
            except ProviderError as error:
                if not error.retryable:
                    raise
                told(error)
            else:
                if not self.manifest.units("creating", "submitted", "ended"):
                    return done, further
                told(None)
            await sleep(every)

    async def cancel(self) -> list[Job]:
        """Stop the jobs under way; a job that has ended meanwhile is as it is.

        Raises:
            ProviderError: The provider does not do it.
        """
        self.manifest.note(submits=False)
        found = []
        for unit in self.manifest.units("creating", "submitted"):
            if unit.state == "creating":
                job = await self.service.find(unit)
                if job is None:
                    self.manifest.update(unit.unit, state="ready")
                    continue
                unit = self.manifest.update(  # noqa: PLW2901 - it is the same unit
                    unit.unit, state="submitted", job=job.job, began=unit.changed
                )
            try:
                job = await self.service.cancel(unit)
            except ProviderError as error:
                if not surely_refused(error):
                    raise
                job = await self.service.job(unit)
                if job.state not in {"ended", "failed"}:
                    raise error from None
            self.manifest.update(unit.unit, status=job.status, counts=dict(job.counts))
            found.append(job)
        return found


@asynccontextmanager
async def opened(
    folder: Path,
    given: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    looks: bool = False,
) -> AsyncGenerator[Work]:
    """Hold a folder, for a command that calls its provider.

    Args:
        folder: The folder.
        given: What it is to keep of ``BUCKET``; None leaves what it has.
        settings: Settings of the calls, beside the environment's.
        looks: Where another command holds it, look all the same, and change nothing.

    Raises:
        ConfigError: It holds no batch work, another command holds it, or the settings cannot be used or are
            of another address than the one for which it was compiled.
    """
    async with AsyncExitStack() as stack:
        with Manifest.open(folder) as manifest:
            holds = True
            try:
                stack.enter_context(locked(folder))
            except HeldError:
                if not looks:
                    raise
                holds = False
            about = manifest.about
            config = LLMConfig(
                provider=cast("Provider", about["provider"]),
                rules=about["rules"] or None,
                level="ignore",
                **(settings or {}),
            )
            found = Settings.resolve(config)
            planner = Planner(about)
            if planner.scope != about["scope"]:
                raise ConfigError(
                    "the folder was compiled for another address, region or headers than those in force",
                    hint="set them as they were, or compile the requests anew",
                )
            kept = {name: value for name, value in (given or {}).items() if value is not None}
            service = service_of(found, {**about, **kept})
            stack.push_async_callback(service.aclose)
            if kept:
                manifest.note(**kept)
            yield Work(manifest, service, found, planner, holds=holds)


def retried(folder: Path, *, whole: bool = False) -> Round:
    """Make units of lines that have no answer yet and may get one.

    Args:
        folder: The folder.
        whole: Also of those whose failure will hardly pass.

    Raises:
        ConfigError: As ``opened``.
    """
    with Manifest.open(folder) as manifest, locked(folder):
        planner = Planner(manifest.about)
        with FolderLines(manifest, planner) as lines:
            return Rounds(manifest, planner, lines).make(UNANSWERED if whole else RETRYABLE)


def written(folder: Path, write: Callable[[bytes], Any], *, whole: bool = False) -> int:
    """Write the requests that have no answer, as they stand in the file; how many they are.

    Args:
        folder: The folder.
        write: Writes a line.
        whole: Also those that were refused, and those whose failure will hardly pass.

    Raises:
        ConfigError: It holds no batch work.
    """
    where = f"{UNANSWERED} OR state = 'refused'" if whole else RETRYABLE
    asked = f"({where}) OR same_as IN (SELECT line FROM lines WHERE {where})"  # noqa: S608 - our own words
    count = 0
    with Manifest.open(folder) as manifest, FolderLines(manifest, Planner(manifest.about)) as lines:
        for line in manifest.lines(asked):
            write(lines.data(line).rstrip(b"\r\n") + b"\n")
            count += 1
    return count
