"""Bulk work from Python: what ``smartllm batch`` does at the shell.

    done = await compile_batch("requests.jsonl", "work", provider="openai", model="gpt-5.4")
    await submit("work")
    ...
    found = await collect("work")  # work/results.jsonl, in the order of the requests

For requests that are to be answered now, from this machine, there are ``run_batch`` and ``LLMClient.map``.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from smartllm.runtime.batch.waiting import Waited
from smartllm.runtime.batch.work import Standing, opened, retried
from smartllm.words import Provider

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

_EVERY = 30.0


async def compile_batch(
    source: Path | str,
    folder: Path | str,
    *,
    provider: Provider,
    model: str | None = None,
    api_type: str | None = None,
    rules: tuple[str, ...] = (),
    files: Path | str | None = None,
    keep_duplicates: bool = False,
    use_cache: bool = True,
    strict: bool = False,
) -> Compiled:
    """Make a folder of a provider's batch files from a file of requests; nothing is sent.

    Args:
        source: A file with a request a line, as JSON.
        folder: The folder to make; it is not there yet, or empty.
        provider: Whose batch engine.
        model: For requests that name none; None takes the environment's, then the provider's default.
        api_type: For requests that name none.
        rules: Overlay files.
        files: Folder of the files that requests name; None is that of ``source``.
        keep_duplicates: Lines that ask the same are sent each; otherwise one of them is.
        use_cache: Answers that the cache has are taken from it.
        strict: A line whose wishes are not met as written is refused.

    Returns:
        How many lines are sent, are the same as another, were in the cache, or are refused, and why.

    Raises:
        RequestFileError: The file cannot be read.
        ConfigError: The folder is in use, or a setting cannot be used.
        RulesError: An overlay cannot be used.
    """
    path = Path(source)
    planner = Planner.new(
        provider,
        model=model,
        api_type=api_type,
        rules=rules,
        files=path.parent if files is None else files,
        strict=strict,
    )
    try:
        file = path.open("rb")  # noqa: ASYNC230 - before anything waits
    except OSError as error:
        raise RequestFileError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        name = str(path.resolve())  # noqa: ASYNC240 - same
        return await compile_folder(
            file, Path(folder), planner, name=name, duplicates=keep_duplicates, use_cache=use_cache
        )


async def submit(
    folder: Path | str,
    *,
    most: int | None = None,
    s3: str | None = None,
    role_arn: str | None = None,
    s3_owner: str | None = None,
    kms_key: str | None = None,
    hours: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Submission:
    """Begin the jobs of a folder; after a kill at any moment it goes on, and begins none twice.

    Args:
        folder: The folder.
        most: How many jobs may be under way at once; None sets no limit.
        s3: Bedrock: where its files go, ``s3://bucket/prefix``; the folder keeps it, and what follows.
        role_arn: Bedrock: the role that reads and writes them.
        s3_owner: Bedrock: the account that the bucket must belong to.
        kms_key: Bedrock: the key that encrypts the outputs.
        hours: Bedrock: how long a job may take, 24 to 168.
        settings: Settings of the calls (fields of ``LLMConfig``), beside the environment's.

    Raises:
        ProviderError: The provider refuses for a reason that holds for every job, or cannot be reached.
        ConfigError: The folder holds no batch work, another process holds it, or a setting cannot be used.
    """
    given = {"s3": s3, "role_arn": role_arn, "s3_owner": s3_owner, "kms_key": kms_key, "hours": hours}
    async with opened(Path(folder), given, settings) as work:
        return await work.submit(most)


async def status(folder: Path | str, *, settings: Mapping[str, Any] | None = None) -> Standing:
    """How the jobs of a folder stand, and how many lines have which status; raises as ``submit``."""
    async with opened(Path(folder), None, settings, held=False) as work:
        return await work.standing()


async def collect(
    folder: Path | str,
    *,
    wait: bool = False,
    every: float = _EVERY,
    most: int | None = None,
    use_cache: bool = True,
    settings: Mapping[str, Any] | None = None,
) -> Collection:
    """Take the answers of jobs that have ended, and write ``results.jsonl`` in the order of the requests.

    Args:
        folder: The folder.
        wait: Wait until all have ended, and submit what is ready meanwhile, second steps among it.
        every: Seconds between two looks.
        most: How many jobs may be under way at once; None sets no limit.
        use_cache: The answers go to the response cache.
        settings: As of ``submit``.

    Raises:
        ProviderError: The provider does not give them.
        ConfigError: As ``submit``; or a file cannot be written.
    """
    async with opened(Path(folder), None, settings) as work:
        waited = Waited(work, every=every, most=most, use_cache=use_cache)
        done, _ = await (waited.ended() if wait else waited.once())
        return done


def retry(folder: Path | str, *, whole: bool = False) -> Round:
    """Make files of the lines that expired or failed for a while; ``submit`` sends them.

    Args:
        folder: The folder.
        whole: Also of those whose failure will hardly pass.

    Raises:
        ConfigError: As ``submit``.
    """
    return retried(Path(folder), whole=whole)


async def cancel(folder: Path | str, *, settings: Mapping[str, Any] | None = None) -> list[Job]:
    """Stop the jobs of a folder; what is answered by then is kept and paid for. Raises as ``submit``."""
    async with opened(Path(folder), None, settings) as work:
        return await work.cancel()
