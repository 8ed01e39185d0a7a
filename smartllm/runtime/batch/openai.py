"""OpenAI's Batch API: a file goes up, a job works on it within a day, one or two files come back.

Behaviour: developers.openai.com/api/docs/guides/batch and /api/reference/resources/batches, 2026-07-15.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import ProviderError, ResponseError
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai_client import OpenAIClient
from smartllm.runtime.batch.openai_lines import read_outcomes
from smartllm.runtime.batch.service import OVER, Job, JobState, Outcome
from smartllm.runtime.batch.whole_file import keep, opened

if TYPE_CHECKING:
    from smartllm.settings import Settings

TOKEN: Final = "smartllm_token"  # noqa: S105 - a name
"""The key of a job's metadata that holds its unit's token."""
SETTLE: Final = 20.0
"""Seconds within which a job that was asked for appears in the list of jobs."""
_REFUSED: Final = frozenset({400, 409})
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
_PAGE: Final = 100
_PAGES: Final = 50
_FILES: Final = 1_000
_SLACK: Final = 300.0
"""Seconds by which the provider's clock may differ from ours."""
_LATE: Final = 600.0
"""Seconds after its end in which the files of a job may still come (community forum: null at first)."""
_PLAIN: Final = re.compile("[A-Za-z0-9_-]{1,100}")


class OpenAIBatches:
    """The engine of OpenAI, and of servers that speak its Batch API.

    Args:
        settings: Address, key, limits.
        client: Makes the calls; None makes one of the settings.
        clock: Seconds since the epoch.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: OpenAIClient | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._client = client or OpenAIClient(settings, sleep=sleep)
        self._clock, self._sleep = clock, sleep

    async def upload(self, unit: Unit, path: Path) -> str:
        """Bring a unit's file up; one that a killed command brought up is taken instead.

        Raises:
            ProviderError: It could not be.
            ConfigError: The file cannot be read.
        """
        name = _file_name(unit)
        listed = await self._client.json(
            lambda sdk: sdk.files.with_raw_response.list(purpose="batch", order="desc", limit=_FILES),
            model=unit.model,
        )
        for row in _rows(listed):
            if (
                row.get("filename") == name
                and row.get("bytes") == unit.bytes
                and row.get("status") != "error"
            ):
                return _id(row, unit)

        async def sent(sdk: Any) -> Any:
            with await asyncio.to_thread(opened, path) as file:
                return await sdk.files.with_raw_response.create(
                    file=(name, file, "application/jsonl"), purpose="batch"
                )

        return _id(await self._client.json(sent, model=unit.model), unit)

    async def find(self, unit: Unit) -> Job | None:
        """The job that has the unit's token; looks again until one that was asked for must be listed."""
        intent = self._clock() if unit.changed is None else unit.changed
        while True:
            found = await self._listed(unit, since=intent - _SLACK)
            left = intent + SETTLE - self._clock()
            if found is not None or left <= 0:
                return found
            await self._sleep(min(left, 2.0))

    async def create(self, unit: Unit) -> Job:
        """Begin a unit's job."""
        metadata = {TOKEN: unit.token, "smartllm_unit": str(unit.unit)}
        endpoint: Any = unit.endpoint
        upload = unit.upload or ""
        body = await self._client.json(
            lambda sdk: sdk.batches.with_raw_response.create(
                input_file_id=upload, endpoint=endpoint, completion_window="24h", metadata=metadata
            ),
            model=unit.model,
            once=True,
        )
        return self._job(body, unit)

    async def job(self, unit: Unit) -> Job:
        """How a unit's job stands."""
        name = unit.job or ""
        body = await self._client.json(
            lambda sdk: sdk.batches.with_raw_response.retrieve(name), model=unit.model
        )
        return self._job(body, unit)

    async def cancel(self, unit: Unit) -> Job:
        """Stop a unit's job, which takes up to ten minutes; one that is over stays as it is."""
        name = unit.job or ""
        try:
            body = await self._client.json(
                lambda sdk: sdk.batches.with_raw_response.cancel(name), model=unit.model
            )
        except ProviderError as error:
            job = await self.job(unit) if error.status in _REFUSED else None
            if job is None or job.state not in OVER:
                raise
            return job
        return self._job(body, unit)

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:
        """Bring the job's files into a folder."""
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        paths = []
        for file in job.outputs:
            path = folder / f"{_plain(file)}.jsonl"
            if not path.exists():

                async def fetched(file: str = file, path: Path = path) -> int:
                    return await keep(path, self._client.content(file, unit.model))

                await self._client.whole(fetched)
            paths.append(path)
        return paths

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        """What a file of a job tells, a line at a time."""
        with opened(path) as file:
            yield from read_outcomes(file)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _listed(self, unit: Unit, *, since: float) -> Job | None:
        """The unit's job among those that began since; the newest come first."""
        after: dict[str, Any] = {}
        for _ in range(_PAGES):
            body = await self._client.json(_page(after), model=unit.model)
            rows = _rows(body)
            for row in rows:
                if _is_of(row, unit):
                    return self._job(row, unit)
            oldest = rows[-1].get("created_at") if rows else None
            if not body.get("has_more") or not isinstance(oldest, (int, float)) or oldest < since:
                return None
            after = {"after": _id(rows[-1], unit)}
        return None

    def _job(self, body: Mapping[str, Any], unit: Unit) -> Job:
        """A job, however little of it the server tells."""
        status = str(body.get("status"))
        state: JobState = _STATES.get(status, "running")
        counts = body.get("request_counts")
        counts = dict(counts) if isinstance(counts, dict) else {}
        total, completed, failed = (_number(counts.get(name)) for name in ("total", "completed", "failed"))
        # An empty string stands for none, too (kaibo#93).
        named = (body.get(name) for name in ("output_file_id", "error_file_id"))
        outputs = tuple(one for one in named if isinstance(one, str) and one)
        ended = body.get("completed_at")
        if (
            status == "completed"
            and not outputs
            and isinstance(ended, (int, float))
            and self._clock() - ended < _LATE
        ):
            state = "running"
        expires = body.get("expires_at")
        return Job(
            job=_id(body, unit),
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


def _is_of(row: Mapping[str, Any], unit: Unit) -> bool:
    """Whether a job is a unit's: by its token, or, at a server that keeps no metadata, by its own file."""
    metadata = row.get("metadata")
    if isinstance(metadata, dict) and TOKEN in metadata:
        return bool(metadata[TOKEN] == unit.token)
    return unit.upload is not None and row.get("input_file_id") == unit.upload


def _page(after: Mapping[str, Any]) -> Callable[[Any], Awaitable[Any]]:
    """Asks for a page of jobs."""
    return lambda sdk: sdk.batches.with_raw_response.list(limit=_PAGE, **after)


def _errors(told: Any) -> Iterator[Mapping[str, Any]]:
    """What validation found wrong: a list of OpenAI's, or null, or a list as some servers have it."""
    rows = told.get("data") if isinstance(told, dict) else told
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield {name: row.get(name) for name in ("code", "message", "line", "param")}
        elif row is not None:
            yield {"code": None, "message": str(row), "line": None, "param": None}


def _rows(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = body.get("data")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _id(body: Mapping[str, Any], unit: Unit) -> str:
    """The id of an object.

    Raises:
        ResponseError: It has none.
    """
    found = body.get("id")
    if isinstance(found, str) and found:
        return found
    raise ResponseError(
        f"the provider's answer names no id: {str(dict(body))[:200]}",
        model=unit.model,
        status=200,
        hint="check that the address is that of a server with OpenAI's Batch API",
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _file_name(unit: Unit) -> str:
    """By which an uploaded file is known again."""
    return f"smartllm-{unit.token}.jsonl"


def _plain(file: str) -> str:
    """A file's id as a name on any disk."""
    return file if _PLAIN.fullmatch(file) else hashlib.sha256(file.encode()).hexdigest()[:40]
