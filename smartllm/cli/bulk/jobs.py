"""What the commands on a folder of batch work do, and tell."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from smartllm.cli.bulk.shown import (
    counted,
    print_units,
    standing_data,
    tell_collected,
    tell_lines,
    tell_statuses,
)
from smartllm.cli.calls.calling import print_failure
from smartllm.cli.requests.request_input import exits, usage_error
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.errors import ConfigError, ProviderError, RequestFileError, SmartLLMError
from smartllm.runtime.batch.manifest import Manifest, Unit
from smartllm.runtime.batch.results import NAME, tally_of
from smartllm.runtime.batch.rounds import Round
from smartllm.runtime.batch.work import BUCKET, Work, opened, retried, written

T = TypeVar("T")

_SETTINGS: Final = ("aws_profile", "ca_bundle")
_UNDER_WAY: Final = ("creating", "submitted", "ended")
_GOING: Final = frozenset({"waiting", "running"})


def submit(flags: dict[str, Any]) -> None:
    """Begin the jobs of a folder."""

    def told(unit: Unit, what: str) -> None:
        if what != "uploaded" and not flags["as_json"]:
            complain(
                f"{unit.file}: {what}{f' as {unit.job}' if unit.job else ''}, {counted(unit.lines, 'line')}"
            )

    async def work(held: Work) -> Any:
        done = await held.submit(flags["most"], told=told)
        return done, len(held.manifest.units(*_UNDER_WAY))

    done, under_way = _held(flags, work, {name: flags[name] for name in BUCKET})
    folder = flags["folder"]
    if flags["as_json"]:
        refused = [{"unit": unit.unit, "error": str(error)} for unit, error in done.refused]
        begun = {name: [unit.unit for unit in getattr(done, name)] for name in ("submitted", "adopted")}
        echo_json({"folder": folder, **begun, "refused": refused, "left": done.left})
    else:
        for unit, error in done.refused:
            complain(f"failed: {unit.file}: {error}")
        echo(
            f"{folder}: {counted(len(done.submitted), 'job')} begun, {len(done.adopted)} found again, "
            f"{under_way} under way, {done.left} to come"
        )
        complain(f"next: smartllm batch collect {folder} --wait")
    if done.refused:
        raise click.exceptions.Exit(1)


def status(flags: dict[str, Any]) -> None:
    """Tell how a folder stands."""

    async def work(held: Work) -> dict[int, Any]:
        return dict((await held.refresh()).jobs)

    while True:
        jobs: dict[int, Any] = {}
        with exits(), Manifest.open(Path(flags["folder"])) as manifest:
            asks = not flags["offline"] and bool(manifest.units("submitted"))
        if asks:
            jobs = _held(flags, work, looks=True)
        with exits(), Manifest.open(Path(flags["folder"])) as manifest:
            data = standing_data(manifest, jobs)
            if flags["as_json"]:
                echo_json(data)
            else:
                print_units(data)
                tell_statuses(data)
            if flags["diagnostics"]:
                tell_lines(manifest)
            known = bool(manifest.units("submitted"))
        left = known if flags["offline"] else any(job.state in _GOING for job in jobs.values())
        if flags["watch"] is None or not left:
            return
        asyncio.run(asyncio.sleep(flags["watch"]))


def collect(flags: dict[str, Any]) -> None:
    """Take the answers of a folder."""

    async def work(held: Work) -> Any:
        def told(error: ProviderError | None) -> None:
            if error is not None:
                complain(f"waiting: {error}")
            elif sys.stderr.isatty():
                complain(_standing(held))

        use_cache = not flags["no_cache"]
        if flags["wait"]:
            found = await held.collect_all(
                every=flags["every"], most=flags["most"], use_cache=use_cache, told=told
            )
        else:
            found = await held.collect(use_cache=use_cache)
        return *found, tally_of(held.manifest), held.manifest.units()

    done, further, tally, units = _held(flags, work)
    tell_collected(flags, done, further, tally, units, Path(flags["folder"]) / NAME)
    if set(tally) - {"answered"}:
        raise click.exceptions.Exit(1)


def retry(flags: dict[str, Any]) -> None:
    """Send again what has no answer, or write it to a file."""
    folder = Path(flags["folder"])
    with exits():
        if flags["output"]:
            count = _written(folder, flags["output"], whole=flags["whole"])
            if flags["as_json"]:
                echo_json({"folder": str(folder), "file": flags["output"], "lines": count})
            else:
                echo(f"{flags['output']}: {counted(count, 'request')}")
                complain(f"next: smartllm batch run {flags['output']} -o RESULTS")
            return
        found: Round = retried(folder, whole=flags["whole"])
    if flags["as_json"]:
        refused = [{"line": line, "error": str(error)} for line, error in found.refused]
        units = [asdict(unit) for unit in found.units]
        echo_json({"folder": str(folder), "lines": found.lines, "units": units, "refused": refused})
    else:
        for line, error in found.refused[:8]:
            complain(f"refused: line {line}: {error}")
        echo(f"{folder}: {counted(found.lines, 'request')} in {counted(len(found.units), 'new file')}")
        if found.units:
            complain(f"next: smartllm batch submit {folder}")
    if found.refused:
        raise click.exceptions.Exit(1)


def cancel(flags: dict[str, Any]) -> None:
    """Stop the jobs of a folder."""

    async def work(held: Work) -> Any:
        return await held.cancel()

    jobs = _held(flags, work)
    if flags["as_json"]:
        echo_json([{"job": job.job, "status": job.status} for job in jobs])
        return
    for job in jobs:
        echo(f"{job.job}: {job.status}")
    complain(
        f"{counted(len(jobs), 'job')} told to stop; next: smartllm batch collect {flags['folder']} --wait"
    )


def _held(
    flags: dict[str, Any],
    work: Callable[[Work], Coroutine[Any, Any, T]],
    given: dict[str, Any] | None = None,
    *,
    looks: bool = False,
) -> T:
    """What is done with a folder that is held meanwhile.

    Raises:
        click.exceptions.Exit: With 2 for bad input, 1 where the provider fails.
    """
    settings = {name: flags[name] for name in _SETTINGS if flags.get(name) is not None}

    async def made() -> T:
        async with opened(Path(flags["folder"]), given, settings, looks=looks) as held:
            return await work(held)

    with exits():
        try:
            return asyncio.run(made())
        except ConfigError as error:
            raise usage_error(error) from None
        except SmartLLMError as error:
            raise click.exceptions.Exit(print_failure(error, shown=False)) from None


def _standing(held: Work) -> str:
    tally = tally_of(held.manifest)
    return ", ".join(f"{count:,} {status}" for status, count in sorted(tally.items()))


def _written(folder: Path, path: str, *, whole: bool) -> int:
    """Write requests to a file.

    Raises:
        RequestFileError: It is there already, or cannot be written.
    """
    try:
        with Path(path).open("xb") as file:
            try:
                return written(folder, file.write, whole=whole)
            except BaseException:  # half a file would pass for all of it
                Path(path).unlink()
                raise
    except FileExistsError:
        raise RequestFileError(f"{path} is there already", hint="give another file") from None
    except OSError as error:
        raise RequestFileError(f"{path}: cannot be written ({error.strerror})") from None
