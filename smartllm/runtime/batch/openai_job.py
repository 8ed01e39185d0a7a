"""A job of OpenAI's Batch API, from what servers tell of it: pure.

Fields: developers.openai.com/api/reference/resources/batches, 2026-07-15.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.errors import ResponseError
from smartllm.runtime.batch.service import Job, JobState

_STATES: Final[Mapping[str, JobState]] = {
    "validating": "waiting",
    "in_progress": "running",
    "finalizing": "running",
    "cancelling": "running",
    "completed": "ended",
    "expired": "ended",
    "cancelled": "ended",
    "failed": "failed",
}
_LATE: Final = 600.0
"""Seconds after its end in which the files of a job may still come (community forum: null at first)."""
_ENDS: Final = ("completed_at", "expired_at", "cancelled_at")


def job_of(body: Mapping[str, Any], model: str, now: float) -> Job:
    """A job, however little of it the server tells.

    Args:
        body: What it tells.
        model: Model id, for errors.
        now: Seconds since the epoch.

    Raises:
        ResponseError: It names no id.
    """
    status = str(body.get("status"))
    state: JobState = _STATES.get(status, "running")
    counts = body.get("request_counts")
    counts = dict(counts) if isinstance(counts, dict) else {}
    total, completed, failed = (_number(counts.get(name)) for name in ("total", "completed", "failed"))
    # An empty string stands for none, too (kaibo#93).
    named = (body.get(name) for name in ("output_file_id", "error_file_id"))
    outputs = tuple(one for one in named if isinstance(one, str) and one)
    if state == "ended" and _is_early(body, status, outputs, completed or 0, now):
        state = "running"
    expires = body.get("expires_at")
    return Job(
        job=id_of(body, model),
        state=state,
        status=status,
        counts=counts,
        total=total,
        done=None if completed is None and failed is None else (completed or 0) + (failed or 0),
        failed=failed,
        outputs=outputs,
        errors=tuple(_errors(body.get("errors"))),
        expires=float(expires) if isinstance(expires, (int, float)) else None,
    )


def id_of(body: Mapping[str, Any], model: str) -> str:
    """The id of an object.

    Raises:
        ResponseError: It has none.
    """
    found = body.get("id")
    if isinstance(found, str) and found:
        return found
    raise ResponseError(
        f"the provider's answer names no id: {str(dict(body))[:200]}",
        model=model,
        status=200,
        hint="check that the address is that of a server with OpenAI's Batch API",
    )


def _is_early(
    body: Mapping[str, Any], status: str, outputs: tuple[str, ...], completed: int, now: float
) -> bool:
    """Whether a file of a job that has just ended is still to come: any, or that of its answers."""
    ended = [at for at in map(body.get, _ENDS) if isinstance(at, (int, float))]
    if not ended or now - max(ended) >= _LATE:
        return False
    return (status == "completed" and not outputs) or (completed > 0 and not body.get("output_file_id"))


def _errors(told: Any) -> Iterator[Mapping[str, Any]]:
    """What validation found wrong: a list of OpenAI's, or null, or a list as some servers have it."""
    rows = told.get("data") if isinstance(told, dict) else told
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield {name: row.get(name) for name in ("code", "message", "line", "param")}
        elif row is not None:
            yield {"code": None, "message": str(row), "line": None, "param": None}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
