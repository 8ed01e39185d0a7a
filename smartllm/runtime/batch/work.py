"""A folder of batch work, opened for one command: its lock, its manifest, its provider's engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from smartllm.config import LLMConfig
from smartllm.errors import ConfigError
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


STOPPED: Final = "stopped"
"""Where the manifest keeps that the work was cancelled, and not submitted since."""


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
    """

    def __init__(
        self, manifest: Manifest, service: BatchService, settings: Settings, planner: Planner
    ) -> None:
        self.manifest, self.service, self.settings = manifest, service, settings
        self._planner = planner

    async def submit(self, most: int | None = None, *, told: Told = lambda *_: None) -> Submission:
        """Send the ready units and begin their jobs; raises as ``Submitter.submit``."""
        if self.manifest.about.get(STOPPED):
            self.manifest.note(**{STOPPED: False})
        return await Submitter(self.manifest, self.service, told=told).submit(most)

    async def standing(self) -> Standing:
        """Ask how the jobs stand; nothing of the folder changes, so that others may hold it.

        Raises:
            ProviderError: The provider does not say.
        """
        jobs = {unit.unit: await self.service.job(unit) for unit in self.manifest.units("submitted")}
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

    async def cancel(self) -> list[Job]:
        """Stop the jobs under way; nobody who waits begins others before the next ``submit``.

        Raises:
            ProviderError: The provider does not do it.
        """
        self.manifest.note(**{STOPPED: True})
        found = []
        for unit in self.manifest.units("creating"):  # perhaps it is under way, and nobody saw it begin
            job = await self.service.find(unit)
            if job is None:
                self.manifest.update(unit.unit, state="ready")
            else:
                self.manifest.update(unit.unit, state="submitted", job=job.job, began=unit.changed)
        for unit in self.manifest.units("submitted"):
            job = await self.service.cancel(unit)
            self.manifest.update(unit.unit, status=job.status, counts=dict(job.counts))
            found.append(job)
        return found


@asynccontextmanager
async def opened(
    folder: Path,
    given: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    held: bool = True,
) -> AsyncGenerator[Work]:
    """Open a folder for a command that calls its provider.

    Args:
        folder: The folder.
        given: What it is to keep of ``BUCKET``; None leaves what it has.
        settings: Settings of the calls, beside the environment's.
        held: Nobody else may change it meanwhile; False for those who only look.

    Raises:
        ConfigError: It holds no batch work, another command holds it, or the settings cannot be used or are
            of another address than the one for which it was compiled.
    """
    async with AsyncExitStack() as stack:
        with Manifest.open(folder) as manifest:
            if held:
                stack.enter_context(locked(folder))
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
            yield Work(manifest, service, found, planner)


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
