"""OpenAI's Batch API: a file goes up, a job works on it within a day, one or two files come back.

Behaviour: developers.openai.com/api/docs/guides/batch and /api/reference/resources/batches, 2026-07-15.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import NotFoundError, ProviderError
from smartllm.log import logger
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai_client import OpenAIClient
from smartllm.runtime.batch.openai_job import id_of, job_of
from smartllm.runtime.batch.openai_lines import read_outcomes
from smartllm.runtime.batch.service import Job, Outcome
from smartllm.runtime.batch.whole_file import keep, opened

if TYPE_CHECKING:
    from smartllm.settings import Settings

Page = Callable[[Mapping[str, Any]], Callable[[Any], Awaitable[Any]]]
"""Asks for the page of a list that comes after another."""

TOKEN: Final = "smartllm_token"  # noqa: S105 - a name
"""The key of a job's metadata that holds its unit's token."""
SETTLE: Final = 20.0
"""Seconds within which a job that was asked for appears in the list of jobs."""
_PAGE: Final = 100
_PAGES: Final = 50
_FILES: Final = 1_000
_SLACK: Final = 86_400.0
"""Seconds by which the provider's clock may differ from ours."""
_NO_LISTING: Final = frozenset({404, 405, 501})
_OVER: Final = frozenset({"cancelling", "cancelled", "completed", "expired", "failed"})
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
        found = await self._uploaded(unit, name, path)
        if found is not None:
            return found

        async def sent(sdk: Any) -> Any:
            with await asyncio.to_thread(opened, path) as file:
                return await sdk.files.with_raw_response.create(
                    file=(name, file, "application/jsonl"), purpose="batch"
                )

        return id_of(await self._client.json(sent, model=unit.model), unit.model)

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
        return job_of(body, unit.model, self._clock())

    async def job(self, unit: Unit) -> Job:
        """How a unit's job stands."""
        name = unit.job or ""
        body = await self._client.json(
            lambda sdk: sdk.batches.with_raw_response.retrieve(name), model=unit.model
        )
        return job_of(body, unit.model, self._clock())

    async def cancel(self, unit: Unit) -> Job:
        """Stop a unit's job, which takes up to ten minutes."""
        name = unit.job or ""

        async def stopped(sdk: Any) -> Any:
            from openai import ConflictError  # noqa: PLC0415 - an extra, loaded by now

            try:
                return await sdk.batches.with_raw_response.cancel(name)
            except ConflictError:
                found = await sdk.batches.with_raw_response.retrieve(name)
                # One that has just ended cannot be stopped, and need not be.
                if found.http_response.json().get("status") in _OVER:
                    return found
                raise

        return job_of(await self._client.json(stopped, model=unit.model), unit.model, self._clock())

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:
        """Bring the job's files into a folder.

        Of two files, one that the provider no longer has does not keep back the other; a warning tells.

        Raises:
            NotFoundError: The provider has none of them.
        """
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        paths, gone = [], []
        for file in job.outputs:
            path = folder / f"{_plain(file)}.jsonl"
            if not path.exists():

                async def fetched(file: str = file, path: Path = path) -> int:
                    size = await self._client.size(file, unit.model)
                    return await keep(path, self._client.content(file, unit.model, size))

                try:
                    await self._client.whole(fetched)
                except NotFoundError as error:
                    gone.append(error)
                    logger.warning("the output %s of job %s is gone: %s", file, job.job, error.message)
                    continue
            paths.append(path)
        if gone and not paths:
            raise gone[0]
        return paths

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        """What a file of a job tells, a line at a time."""
        with opened(path) as file:
            yield from read_outcomes(file)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _uploaded(self, unit: Unit, name: str, path: Path) -> str | None:
        """The id of a file that is up already; None where the server lists no files, too."""
        try:
            made = (await asyncio.to_thread(path.stat)).st_mtime
        except OSError:
            return None  # opening it tells
        try:
            async for row in self._newest(_files_page, unit, made - _SLACK, whole=False):
                if (
                    row.get("filename") == name
                    and row.get("bytes") == unit.bytes
                    and row.get("status") != "error"
                ):
                    return id_of(row, unit.model)
        except ProviderError as error:
            if error.status not in _NO_LISTING:
                raise
        return None

    async def _newest(
        self, page: Page, unit: Unit, since: float, *, whole: bool
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows of a listing that were made since, the newest first; the whole of them, where that counts.

        Raises:
            ProviderError: (of the row) the provider does not say, or says too much to be looked through.
        """
        after: dict[str, Any] = {}
        for _ in range(_PAGES):
            body = await self._client.json(page(after), model=unit.model)
            rows = _rows(body)
            for row in rows:
                yield row
            if not body.get("has_more") or not rows:
                return
            oldest = rows[-1].get("created_at")
            if isinstance(oldest, (int, float)) and oldest < since:
                return
            after = {"after": id_of(rows[-1], unit.model)}
        if not whole:
            return
        raise ProviderError(
            f"{_PAGES} pages of the provider's list do not reach back to when unit {unit.unit} was begun",
            model=unit.model,
            hint="try again later: a second job would be paid twice",
        )

    async def _listed(self, unit: Unit, *, since: float) -> Job | None:
        """The unit's job among those that began since; the newest come first."""
        async for row in self._newest(_jobs_page, unit, since, whole=True):
            if _is_of(row, unit):
                return job_of(row, unit.model, self._clock())
        return None


def _is_of(row: Mapping[str, Any], unit: Unit) -> bool:
    """Whether a job is a unit's: by its token, or, at a server that keeps no metadata, by its own file."""
    metadata = row.get("metadata")
    if isinstance(metadata, dict) and TOKEN in metadata:
        return bool(metadata[TOKEN] == unit.token)
    return unit.upload is not None and row.get("input_file_id") == unit.upload


def _files_page(after: Mapping[str, Any]) -> Callable[[Any], Awaitable[Any]]:
    """Asks for a page of files."""

    async def asked(sdk: Any) -> Any:
        from openai import InternalServerError  # noqa: PLC0415 - an extra, loaded by now

        try:
            return await sdk.files.with_raw_response.list(
                purpose="batch", order="desc", limit=_FILES, **after
            )
        except InternalServerError as error:
            if error.status_code in _NO_LISTING:  # it does not pass
                raise ProviderError("files are not listed", model="", status=error.status_code) from None
            raise

    return asked


def _jobs_page(after: Mapping[str, Any]) -> Callable[[Any], Awaitable[Any]]:
    """Asks for a page of jobs."""
    return lambda sdk: sdk.batches.with_raw_response.list(limit=_PAGE, **after)


def _rows(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = body.get("data")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _file_name(unit: Unit) -> str:
    """By which an uploaded file is known again."""
    return f"smartllm-{unit.token}.jsonl"


def _plain(file: str) -> str:
    """A file's id as a name on any disk."""
    return file if _PLAIN.fullmatch(file) else hashlib.sha256(file.encode()).hexdigest()[:40]
