"""Two workers of a cluster of Ray's share work, limits and cache; and the page that says so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dynamo_engine import ACCESS_KEY, SECRET_KEY, dynamo_engine
from processes import missing

from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter that has Ray, which pins what others use too."""
    found = shutil.which("ray") or shutil.which("ray", path=str(Path(sys.prefix) / "ray" / "bin"))
    if found is None:
        return missing(
            'python -m venv .venv/ray && .venv/ray/bin/pip install -e ".[ray]" "dask[distributed]"'
        )
    return str(Path(found).parent / "python")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamo_engine(tmp_path_factory.mktemp("dynamo")) as url:
        yield url


def environment(server: LoopbackServer) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    return {**os.environ, **server.environment(), **keys, "PYTHONPATH": str(ROOT)}


def answers(python: str, server: LoopbackServer, job: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [python, str(Path(__file__).with_name("ray_job.py")), json.dumps(job)],
        env=environment(server) | {"WARNINGS": str(folder / "warnings")},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [row | {"result": json.loads(row["result"])} for row in json.loads(done.stdout.splitlines()[-1])]


def prompts(server: LoopbackServer) -> Counter[str]:
    return Counter(json.loads(request.body)["input"][0]["content"] for request in server.requests)


def troubles(folder: Path) -> set[str]:
    """The errors of the shared table that the workers of jobs in a folder warned of."""
    return set(re.findall(r"the table cannot be used \((\w+)\)", (folder / "warnings").read_text("utf-8")))


ROWS = [{"n": n, "prompt": f"question {n % 40}" if n != 7 else None, "half": n / 2} for n in range(120)]


def two_jobs(python: str, table: str, name: str, folder: Path) -> tuple[int, int]:
    """How many calls a job of two workers makes for 40 requests, and the next one, on another local cache."""
    settings = {"dynamo_table_name": name, "dynamo_endpoint_url": table}
    with LoopbackServer() as server:
        job = {"rows": ROWS, "settings": settings, "fields": {"model": "gpt-5.4"}}
        found = answers(
            python, server, job | {"settings": settings | {"cache_dir": str(folder / "one")}}, folder
        )
        assert [{name: row[name] for name in ("n", "prompt", "half")} for row in found] == ROWS
        assert [row["text"] for row in found if row["n"] != 7] == [
            f"echo: {row['prompt']}" for row in ROWS if row["n"] != 7
        ]
        assert (found[7]["status"], json.loads(found[7]["error"])["type"]) == ("refused", "RequestTypeError")
        assert len(prompts(server)) == 40
        first = len(server.requests)
        again = answers(
            python, server, job | {"settings": settings | {"cache_dir": str(folder / "two")}}, folder
        )
        then = len(server.requests) - first
    assert [row["text"] for row in again] == [row["text"] for row in found]
    sources = {row["result"].get("cache_source") for row in again if row["n"] != 7}
    assert sources <= {"l1", "l2"} | ({"miss"} if then else set())
    return first, then


def test_two_workers_ask_each_request_once_and_the_next_job_none(
    python: str, table: str, tmp_path: Path
) -> None:
    # A read or a write of the table waits half a second: where the machine stands still for longer, a call is
    # made again, and the worker says so. Then, and only then, all is tried again.
    for attempt in ("first", "second", "third"):
        folder = tmp_path / attempt
        folder.mkdir()
        calls = two_jobs(python, table, attempt, folder)
        if calls == (40, 0):
            return
        found = troubles(folder)
        assert found, f"{calls} calls, and nobody says why"
        assert all("Timeout" in error for error in found), found
    pytest.fail("the machine stood still each time")


def test_what_a_killed_worker_had_answered_is_not_asked_again(
    python: str, table: str, tmp_path: Path
) -> None:
    limit = 4
    rows = [{"n": n, "prompt": f"question {n}"} for n in range(200)]
    settings = {
        "dynamo_table_name": "killed",
        "dynamo_endpoint_url": table,
        "cache_dir": str(tmp_path / "cache"),
        "max_concurrent": 2 * limit,
    }
    with LoopbackServer() as server, counted(server) as log:
        server.script(*[Reply(delay=0.05)] * 400)
        job = {"rows": rows, "settings": settings, "fields": {"model": "gpt-5.4"}, "kill": [log, 60]}
        found = answers(python, server, job, tmp_path)
        asked = prompts(server)
    assert [row["text"] for row in found] == [f"echo: {row['prompt']}" for row in rows]
    assert len(asked) == 200
    assert sum(asked.values()) <= 200 + limit  # what was in flight at the killed worker


class counted:  # noqa: N801 - a context manager
    """How many requests a server has seen, at an address."""

    def __init__(self, server: LoopbackServer) -> None:
        class Told(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(str(len(server.requests)).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Told)

    def __enter__(self) -> str:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._http.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


PAGE = (ROOT / "docs" / "many_machines.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(
    r"<!-- job -->\n```python\n(.*?)```\n\n<!-- prints -->\n```text\n(.*?)```", PAGE, re.DOTALL
)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_programs_of_the_page(number: int, python: str, tmp_path: Path) -> None:
    code, printed = PROGRAMS[number]
    (tmp_path / "job.py").write_text(code, encoding="utf-8")
    with LoopbackServer() as server:
        done = subprocess.run(
            [python, "job.py"],
            env=environment(server),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=tmp_path,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == printed
