"""What a provider's batch engine does for us, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from smartllm.runtime.batch.manifest import Unit

JobState = Literal["waiting", "running", "ended", "failed"]
"""``ended``: there may be outputs, also of an expired or cancelled job. ``failed``: no line was taken."""
OVER: Final = frozenset({"ended", "failed"})
"""The states that stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A provider's job.

    Attributes:
        job: The provider's id.
        state: What that means for us.
        status: The provider's own word.
        counts: Its counts, as it gave them.
        total: Lines of the job, where it tells.
        done: Lines that are done, whatever came of them.
        failed: Of these, how many failed.
        outputs: Where its outputs are: file ids or S3 addresses.
        errors: What it found wrong, a row each: ``code``, ``message``, ``param``, and the
            ``line`` of the unit's file, from 1.
        expires: When it does, in seconds since the epoch.
    """

    job: str
    state: JobState
    status: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    outputs: tuple[str, ...] = ()
    errors: tuple[Mapping[str, Any], ...] = ()
    expires: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one line of a unit.

    Attributes:
        name: The line's id in the unit's file.
        status: The HTTP status of its call, where the engine tells.
        body: What the model answered, as its wire says; None where there is no answer.
        request_id: The provider's id of the call.
        error: Why there is no answer: ``code``, ``message``.
        expired: The job ended before its turn came: nothing was charged for it.
    """

    name: str
    status: int | None = None
    body: dict[str, Any] | None = None
    request_id: str | None = None
    error: Mapping[str, Any] | None = None
    expired: bool = False


class BatchService(Protocol):
    """One provider's engine. Every method may raise a ``ProviderError`` that says whether to try again."""

    async def upload(self, unit: Unit, path: Path) -> str:
        """Bring a unit's file to the provider; doing it again costs nothing and leaves nothing behind."""
        ...

    async def find(self, unit: Unit) -> Job | None:
        """The job of a unit whose creation nobody saw to its end, known again by the unit's token."""
        ...

    async def create(self, unit: Unit) -> Job:
        """Begin the job of a unit, whose ``upload`` is known; never asked again by itself."""
        ...

    async def job(self, unit: Unit) -> Job:
        """How a unit's job stands."""
        ...

    async def cancel(self, unit: Unit) -> Job:
        """Stop a unit's job, or leave it if it is over; what is done by then is kept and paid for."""
        ...

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:
        """Bring the outputs into a folder, each whole or not at all; what is there already is not fetched."""
        ...

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        """What a downloaded file tells, a line at a time, in whatever order.

        Raises:
            ResponseError: (of the line) it is no line of an output.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...
