"""A batch of OpenAI's as the API tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from smartllm.testing.answer import Counts

    from .engine import Engine

Status = Literal[
    "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"
]

OVER: Final = frozenset({"failed", "completed", "expired", "cancelled"})
_DAY: Final = 24 * 60 * 60


@dataclass(slots=True)
class Usage:
    """Tokens of all answers of a batch.

    Attributes:
        read: Of the prompts, however they were read.
        cached: Of these, how many were kept from earlier.
        written: Of the answers, with the reasoning.
        reasoning: Of these, how many are reasoning.
    """

    read: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0

    def add(self, counts: Counts) -> None:
        """Another answer."""
        self.read += counts.whole_input
        self.cached += counts.cached
        self.written += counts.output
        self.reasoning += counts.thinking

    def shown(self) -> dict[str, Any]:
        """As the API tells of it."""
        return {
            "input_tokens": self.read,
            "input_tokens_details": {"cached_tokens": self.cached},
            "output_tokens": self.written,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.read + self.written,
        }


@dataclass(slots=True)
class Job:
    """A batch.

    Attributes:
        id: Its id.
        endpoint: Where its lines go.
        input: Id of the file with its lines.
        metadata: The caller's own words.
        engine: How it runs.
        created: When it was created, in seconds since 1970.
        lasts: Seconds after which its outputs are deleted; None for a month.
        status: How far it is.
        times: When it got into each later status.
        model: The model that its lines name.
        tokens: Estimate of the tokens of its prompts.
        total: How many lines it has.
        completed: How many were answered.
        failed: How many failed.
        usage: Tokens that were read and written.
        output: Id of the file with its answers.
        errors_file: Id of the file with its failures.
        errors: What was wrong with its lines.
    """

    id: str
    endpoint: str
    input: str
    metadata: dict[str, str] | None
    engine: Engine
    created: float
    lasts: float | None = None
    status: Status = "validating"
    times: dict[str, float] = field(default_factory=dict)
    model: str = ""
    tokens: int = 0
    total: int = 0
    completed: int = 0
    failed: int = 0
    usage: Usage = field(default_factory=Usage)
    output: str | None = None
    errors_file: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def expires(self) -> float:
        """When it does, done or not."""
        after = self.engine.expire_after
        return self.created + (_DAY if after is None else min(after, _DAY))

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in OVER

    def turn(self, status: Status, now: float) -> None:
        """Get into a status; what has ended stays as it is."""
        if (
            not self.is_over
            and status != self.status
            and not (self.status == "cancelling" and status not in OVER)
        ):
            self.status = status
            self.times[status] = now

    def shown(self) -> dict[str, Any]:
        """As the API tells of it."""
        told = {name: int(moment) for name, moment in self.times.items()}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.input,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output,
            "error_file_id": self.errors_file,
            "created_at": int(self.created),
            "in_progress_at": told.get("in_progress"),
            "expires_at": int(self.expires),
            "finalizing_at": told.get("finalizing"),
            "completed_at": told.get("completed"),
            "failed_at": told.get("failed"),
            "expired_at": told.get("expired"),
            "cancelling_at": told.get("cancelling"),
            "cancelled_at": told.get("cancelled"),
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "model": self.model or None,
            "usage": self.usage.shown(),
            "metadata": self.metadata,
        }
