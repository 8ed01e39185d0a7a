"""What an engine found wrong with a file before it ran any of it, told of the lines that it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from smartllm.runtime.batch.joining import unsent
from smartllm.runtime.batch.manifest import line_of
from smartllm.runtime.batch.service import Job

_FIX = "mend the line, and compile it anew"


def refused_lines(path: Path, job: Job) -> dict[int, dict[str, Any]]:
    """Why lines were refused, by their numbers in the file of requests.

    Args:
        path: The unit's file.
        job: Its job.
    """
    wanted = {error["line"]: error for error in job.errors if isinstance(error.get("line"), int)}
    found: dict[int, dict[str, Any]] = {}
    if not wanted:
        return found
    with path.open("rb") as file:
        for number, data in enumerate(file, start=1):
            error = wanted.get(number)
            if error is None:
                continue
            row = json.loads(data)
            line = line_of(str(row.get("custom_id") or row.get("recordId")))
            if line is not None:
                param = f" ({error['param']})" if error.get("param") else ""
                code = str(error["code"]) if error.get("code") else None
                found[line] = unsent(f"{error.get('message')}{param}", code, retryable=False, hint=_FIX)
    return found
