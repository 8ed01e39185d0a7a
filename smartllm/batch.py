"""Bulk work on the providers' batch engines, from Python; the shell's ``smartllm batch`` does the same.

A folder holds the work: ``compile_batch`` makes it, ``submit`` begins its jobs, ``collect`` takes their
answers into ``results.jsonl`` below it. Each may be killed at any moment, and called again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smartllm.errors import RequestFileError
from smartllm.runtime.batch.collecting import Collection
from smartllm.runtime.batch.compiled import Compiled
from smartllm.runtime.batch.folder import compile_folder
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.rounds import Round
from smartllm.runtime.batch.run_batch import run_batch
from smartllm.runtime.batch.service import Job
from smartllm.runtime.batch.submitting import Submission
from smartllm.runtime.batch.work import Standing, opened, retried
from smartllm.words import ApiType, Provider

__all__ = [
    "Collection",
    "Compiled",
    "Job",
    "Round",
    "Standing",
    "Submission",
    "cancel",
    "collect",
    "compile_batch",
    "retry",
    "run_batch",
    "status",
    "submit",
]

Place = str | os.PathLike[str]


async def compile_batch(
    source: Place,
    folder: Place,
    *,
    provider: Provider,
    model: str | None = None,
    api_type: ApiType | None = None,
    rules: tuple[str, ...] = (),
    strict: bool = False,
    duplicates: bool = False,
    use_cache: bool = True,
    told: Callable[[int], None] = lambda _: None,
) -> Compiled:
    """Make a folder of a provider's batch files from a file of requests, a line each.

    Args:
        source: The requests.
        folder: The folder, which is not there yet, or empty.
        provider: Whose batch engine.
        model: For requests that name none.
        api_type: For requests that name none.
        rules: Overlay files.
        strict: A wish that is not met as written refuses its line.
        duplicates: Lines that ask the same are sent each; otherwise one of them is.
        use_cache: Answers that the response cache has are taken from it.
        told: Is told how many bytes were read so far.

    Raises:
        ConfigError: The provider has no batch engine, a setting cannot be used, or the folder is in use.
        RulesError: An overlay cannot be used.
        RequestFileError: ``source`` cannot be read.
    """
    path = Path(source)
    planner = Planner.new(
        provider, model=model, api_type=api_type, rules=rules, files=path.parent, strict=strict
    )
    try:
        opened_file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise RequestFileError(f"{path}: cannot be read ({error.strerror})") from None
    with opened_file as file:
        return await compile_folder(
            file,
            Path(folder),
            planner,
            name=path.name,
            duplicates=duplicates,
            use_cache=use_cache,
            told=told,
        )


async def submit(
    folder: Place,
    *,
    most: int | None = None,
    s3: str | None = None,
    role_arn: str | None = None,
    s3_owner: str | None = None,
    kms_key: str | None = None,
    hours: int | None = None,
    **settings: Any,
) -> Submission:
    """Send the files that were not sent yet, and begin their jobs; a job is never begun twice.

    Args:
        folder: The folder.
        most: How many jobs may be under way at once; None sets no limit.
        s3: Bedrock: where the files go, ``s3://bucket/prefix``; the folder keeps it, and what follows.
        role_arn: Bedrock: the role that reads and writes them.
        s3_owner: Bedrock: the account that the bucket must belong to.
        kms_key: Bedrock: the key that encrypts the outputs.
        hours: Bedrock: how long a job may take, 24 to 168.
        settings: Fields of ``LLMConfig`` for the calls.

    Raises:
        ConfigError: The folder holds no batch work, another command holds it, or a setting cannot be used.
        ProviderError: The provider refuses what holds for every file, or cannot be reached.
    """
    given = {"s3": s3, "role_arn": role_arn, "s3_owner": s3_owner, "kms_key": kms_key, "hours": hours}
    async with opened(Path(folder), given, settings) as held:
        return await held.submit(most)


async def status(folder: Place, **settings: Any) -> Standing:
    """Ask how the jobs stand; where another command holds the folder, only look. Raises as ``submit``."""
    async with opened(Path(folder), settings=settings, looks=True) as held:
        return await held.refresh()


async def collect(
    folder: Place,
    *,
    wait: bool = False,
    every: float = 30.0,
    most: int | None = None,
    use_cache: bool = True,
    **settings: Any,
) -> tuple[Collection, Round]:
    """Take the answers of jobs that have ended, and write ``results.jsonl`` in the order of the requests.

    Args:
        folder: The folder.
        wait: Until no job is under way; files that are ready, such as second steps, are sent meanwhile.
        every: Seconds between two looks.
        most: How many jobs may be under way at once.
        use_cache: False gives the response cache nothing.
        settings: Fields of ``LLMConfig`` for the calls.

    Raises:
        ConfigError: As ``submit``; or the results cannot be written.
        ProviderError: The provider does not give them.
    """
    async with opened(Path(folder), settings=settings) as held:
        if wait:
            return await held.collect_all(every=every, most=most, use_cache=use_cache)
        return await held.collect(use_cache=use_cache)


async def retry(folder: Place, *, whole: bool = False) -> Round:
    """Make files of requests that expired or failed for a while, which ``submit`` sends.

    Args:
        folder: The folder.
        whole: Also of those whose failure will hardly pass.

    Raises:
        ConfigError: As ``submit``.
    """
    return retried(Path(folder), whole=whole)


async def cancel(folder: Place, **settings: Any) -> list[Job]:
    """Stop the jobs under way; what is answered by then is kept and paid for. Raises as ``submit``."""
    async with opened(Path(folder), settings=settings) as held:
        return await held.cancel()
