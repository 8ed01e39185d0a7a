"""Units become jobs: each at most one, whatever breaks off and whenever it is begun again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from smartllm.errors import (
    AuthenticationError,
    ConfigError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
)
from smartllm.runtime.batch.attempts import surely_refused
from smartllm.runtime.batch.manifest import Manifest, Unit
from smartllm.runtime.batch.service import BatchService, Job

_TRIES: Final = 4
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 120.0
_ALL_ALIKE: Final = (AuthenticationError, PermissionDeniedError, QuotaError, RateLimitError)
"""What the next unit would meet too."""

What = Literal["uploaded", "submitted", "adopted", "refused"]
Told = Callable[[Unit, What], None]


@dataclass(slots=True)
class Submission:
    """What a submission has done.

    Attributes:
        submitted: Units whose jobs were begun.
        adopted: Units whose jobs had been begun before, by a command that did not live to note it.
        refused: Units of which the provider would not begin the job, with its words; they stay ready.
        left: Units that are ready, and wait until others have ended.
    """

    submitted: list[Unit] = field(default_factory=list)
    adopted: list[Unit] = field(default_factory=list)
    refused: list[tuple[Unit, ProviderError]] = field(default_factory=list)
    left: int = 0


class Submitter:
    """Begins the jobs of a folder, whose lock the caller holds.

    Args:
        manifest: The folder.
        service: The provider's engine.
        told: Hears of each unit as it gets on.
        clock: Seconds since the epoch.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        manifest: Manifest,
        service: BatchService,
        *,
        told: Told = lambda *_: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._manifest, self._service, self._told = manifest, service, told
        self._clock, self._sleep = clock, sleep

    async def submit(self, most: int | None = None) -> Submission:
        """Settle what was broken off, then begin the jobs of ready units, in order.

        Args:
            most: How many jobs may be under way at once; None sets no limit.

        Raises:
            ProviderError: The provider refuses for a reason that holds for every unit (key, quota, rate), or
                cannot be reached; what was begun is noted, and the next submission goes on from there.
            ConfigError: The settings cannot be used.
        """
        done = Submission()
        for unit in self._manifest.units("creating"):
            await self._one(unit, done)
        for unit in self._manifest.units("ready"):
            if most is not None and self.under_way >= most:
                break
            await self._one(unit, done)
        done.left = len(self._manifest.units("ready")) - len(done.refused)
        return done

    @property
    def under_way(self) -> int:
        """How many jobs are, or may be."""
        return len(self._manifest.units("creating", "submitted"))

    async def _one(self, unit: Unit, done: Submission) -> None:
        try:
            job = await self._service.find(unit) if unit.state == "creating" else None
            if job is not None:
                done.adopted.append(self._begun(unit, job, "adopted"))
            else:
                done.submitted.append(
                    self._begun(*await self._created(await self._uploaded(unit)), "submitted")
                )
        except ProviderError as error:
            if isinstance(error, _ALL_ALIKE) or not surely_refused(error):
                raise
            done.refused.append((unit, error))
            self._told(unit, "refused")

    async def _uploaded(self, unit: Unit) -> Unit:
        if unit.upload is not None:
            return unit
        upload = await self._service.upload(unit, self._manifest.folder / unit.file)
        unit = self._manifest.update(unit.unit, upload=upload)
        self._told(unit, "uploaded")
        return unit

    async def _created(self, unit: Unit) -> tuple[Unit, Job]:
        """A job for a unit that has none; the intent is on disk before the provider hears of it."""
        for tries in range(1, _TRIES + 1):
            unit = self._manifest.update(unit.unit, state="creating", changed=self._clock(), error=None)
            try:
                return unit, await self._service.create(unit)
            except ConfigError:
                self._ready(unit, None)
                raise
            except ProviderError as error:
                if surely_refused(error):
                    self._ready(unit, error)
                    if not isinstance(error, RateLimitError) or tries == _TRIES:
                        raise
                else:  # there may be a job: asking again without a look could begin a second one
                    job = await self._service.find(unit)
                    if job is not None:
                        return unit, job
                    if tries == _TRIES:
                        self._ready(unit, error)
                        raise
                await self._sleep(_wait(error, tries))
        raise AssertionError("the last try returns or raises")  # pragma: no cover

    def _begun(self, unit: Unit, job: Job, what: What) -> Unit:
        unit = self._manifest.update(
            unit.unit,
            state="submitted",
            job=job.job,
            status=job.status,
            counts=dict(job.counts),
            error=None,
            changed=self._clock(),
            began=unit.changed,
        )
        self._told(unit, what)
        return unit

    def _ready(self, unit: Unit, error: ProviderError | None) -> None:
        told = None if error is None else error_data(error)
        more: dict[str, Any] = {}
        if error is not None and surely_refused(error) and not isinstance(error, _ALL_ALIKE):
            more["upload"] = None  # it may be the file that is refused: providers drop them after some days
        self._manifest.update(unit.unit, state="ready", error=told, changed=self._clock(), **more)


def _wait(error: ProviderError, tries: int) -> float:
    asked = error.retry_after or 0.0
    return float(max(asked, min(_FIRST_WAIT * 2 ** (tries - 1), _LONGEST_WAIT)))


def error_data(error: ProviderError) -> dict[str, Any]:
    """An error as a manifest keeps it of a unit."""
    return {
        "type": type(error).__name__,
        "message": str(error.message),
        "code": error.code,
        "status": error.status,
        "retryable": error.retryable,
        "hint": str(error.hint),
    }
