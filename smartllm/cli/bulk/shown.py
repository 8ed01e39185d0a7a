"""How a folder of batch work is told of: its files, its lines, what was collected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartllm.cli.tables import print_table
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.runtime.batch.results import tally_of

if TYPE_CHECKING:
    from smartllm.runtime.batch.collecting import Collection
    from smartllm.runtime.batch.manifest import Manifest, Unit
    from smartllm.runtime.batch.rounds import Round
    from smartllm.runtime.batch.service import Job

_SHOWN: Final = 8


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def standing_data(manifest: Manifest, jobs: Mapping[int, Job]) -> dict[str, Any]:
    """How a folder stands, as JSON data."""
    units = []
    for unit in manifest.units():
        job = jobs.get(unit.unit)
        units.append({**asdict(unit), **({} if job is None else _asked(job))})
    return {
        "folder": str(manifest.folder),
        "provider": manifest.about["provider"],
        "lines": tally_of(manifest),
        "units": units,
    }


def _asked(job: Job) -> dict[str, Any]:
    """What a provider says now of a job; the folder learns of it when it is collected."""
    wrong = {"error": {"errors": [dict(one) for one in job.errors]}} if job.errors else {}
    return {
        "status": job.status,
        "counts": dict(job.counts),
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "expires": job.expires,
        **wrong,
    }


def print_units(data: Mapping[str, Any]) -> None:
    """A table of a folder's files."""
    rows = []
    for unit in data["units"]:
        done = "-" if unit.get("done") is None else f"{unit['done']:,}/{unit['lines']:,}"
        expires = unit.get("expires")
        ends = "-" if expires is None else dt.datetime.fromtimestamp(expires, dt.UTC).strftime("%m-%d %H:%M")
        rows.append(
            [
                unit["file"],
                unit["model"],
                unit["endpoint"],
                str(unit["step"] + 1),
                f"{unit['lines']:,}",
                unit["state"],
                unit["status"] or "-",
                done,
                ends,
            ]
        )
    columns = ("file", "model", "endpoint", "step", "lines", "state", "provider", "done", "expires")
    print_table(columns, rows, whole=("file",), spare=("expires", "endpoint", "step"))
    for unit in data["units"]:
        for error in (unit["error"] or {}).get("errors", ())[:_SHOWN]:
            line = f" line {error['line']}:" if error.get("line") else ""
            complain(
                f"{unit['file']}:{line} {error.get('code') or ''} {error.get('message')}".replace("  ", " ")
            )
        _tell_strays(f"{unit['file']}: ", unit["error"] or {})
        if (unit["error"] or {}).get("message"):
            complain(f"{unit['file']}: {unit['error']['message']}")


def _tell_strays(where: str, told: Mapping[str, Any]) -> None:
    if told.get("strayed"):
        lines = counted(told["strayed"], "line")
        complain(f"warning: {where}{lines} of the outputs belong to no request: {told['strays'][0]}")
    if told.get("twice"):
        lines = counted(told["twice"], "request")
        complain(f"warning: {where}{lines} came twice in the outputs; the first answer counts")


def tell_statuses(data: Mapping[str, Any]) -> None:
    """How many lines have which status."""
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(data["lines"].items()))
    echo(f"{data['folder']}: {told or 'no requests'}")


def tell_lines(manifest: Manifest) -> None:
    """What is to be told of single lines: why they have no answer, and what the compiler changed."""
    for line in manifest.lines("error IS NOT NULL OR diagnostics IS NOT NULL"):
        if line.error is not None:
            said = str(line.error.get("message")).removeprefix(f"line {line.line}: ")
            echo(f"line {line.line}: {line.state}: {said}")
        for item in line.diagnostics or ():
            echo(f"line {line.line}: {item['severity']} {item['code']}: {item['reason']}")


def tell_collected(
    flags: Mapping[str, Any],
    done: Collection,
    further: Round,
    tally: Mapping[Any, int],
    units: Sequence[Unit],
    results: Path,
) -> None:
    """What a collection came to."""
    under_way = sum(unit.state in {"creating", "submitted"} for unit in units)
    if flags["as_json"]:
        echo_json(
            {
                "folder": flags["folder"],
                "results": str(results),
                "lines": dict(tally),
                "collected": [unit.unit for unit in done.units],
                "failed": [unit.unit for unit in done.failed],
                "second_steps": further.lines,
                "under_way": under_way,
                "strays": done.strays[:_SHOWN],
                "strayed": done.strayed,
                "twice": done.twice,
            }
        )
        return
    for unit in done.failed:
        errors = (unit.error or {}).get("errors") or [{}]
        complain(f"failed: {unit.file}: the provider took no line of it: {errors[0].get('message')}")
    _tell_strays("", {"strayed": done.strayed, "strays": done.strays, "twice": done.twice})
    for line, error in further.refused[:_SHOWN]:
        complain(f"failed: line {line}: second step: {error}")
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(tally.items()))
    echo(f"{results}: {told}")
    folder = flags["folder"]
    if further.lines:
        complain(
            f"{counted(further.lines, 'request')} go on to the second step: smartllm batch submit {folder}"
        )
    if under_way:
        complain(f"{counted(under_way, 'job')} under way; smartllm batch collect {folder} --wait")
    elif tally.get("expired") or tally.get("failed"):
        complain(f"next: smartllm batch retry {folder}")
