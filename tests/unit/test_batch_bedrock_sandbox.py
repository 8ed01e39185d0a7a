"""A sandbox with Bedrock's batch jobs as a whole: its end, its page, and its command."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from bedrock_jobs import MemoryPlace, asked, records
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine


def sandbox(**fields: Any) -> LoopbackServer:
    server = LoopbackServer(batch=Engine(seconds=1000), **fields)
    server._s3 = MemoryPlace(requests=records(100))  # type: ignore[assignment]
    return server


def call(server: LoopbackServer, target: str, body: Any = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{server.url}{target}", data) as answer:  # noqa: S310 - our own server
        told: dict[str, Any] = json.loads(answer.read())
        return told


def jobs_of(server: LoopbackServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(server, "/model-invocation-jobs")["invocationJobSummaries"]
    return found


def begun(server: LoopbackServer) -> None:
    for _ in range(500):
        if [job["status"] for job in jobs_of(server)] == ["Scheduled"]:
            return
        time.sleep(0.01)
    pytest.fail(f"the jobs are {jobs_of(server)}")


def test_a_server_that_stops_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with sandbox() as server:
        call(server, "/model-invocation-job", asked())
        begun(server)
        assert [path.name[:15] for path in tmp_path.iterdir()] == ["smartllm-batch-"]
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []


def test_a_reset_forgets_the_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with sandbox() as server:
        job = call(server, "/model-invocation-job", asked(clientRequestToken="t"))
        begun(server)
        server.reset()
        assert jobs_of(server) == []
        assert list(tmp_path.iterdir()) == []
        again = call(server, "/model-invocation-job", asked(clientRequestToken="t"))
        assert again["jobArn"] != job["jobArn"]


def test_the_page_shows_the_calls() -> None:
    with sandbox() as server:
        call(server, "/model-invocation-job", asked())
        call(server, "/model-invocation-jobs")
        calls = call(server, "/_smartllm/calls")["calls"]
        assert [(one["path"], one["status"]) for one in calls] == [
            ("/model-invocation-job", 200),
            ("/model-invocation-jobs", 200),
        ]
        with urllib.request.urlopen(f"{server.url}/_smartllm/calls/1") as page:  # noqa: S310 - our own server
            shown = page.read().decode()
    assert "model-invocation-job" in shown
    assert "a-job" in shown


def run(*arguments: str) -> Result:
    return invoke(main, ["sandbox", *arguments])


def test_the_command_tells_where_the_s3_is() -> None:
    done = run("--s3", "http://127.0.0.1:9", "--seconds", "0")
    assert done.exit_code == 0
    assert "export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9\n" in done.stdout
    assert "export AWS_ENDPOINT_URL_BEDROCK=http://127.0.0.1:" in done.stdout
    assert "AWS_ENDPOINT_URL_S3" not in run("--seconds", "0").stdout


def test_a_command_has_the_s3_in_its_environment() -> None:
    code = "import os, sys; sys.exit(os.environ['AWS_ENDPOINT_URL_S3'] != 'http://127.0.0.1:9')"
    assert run("--s3", "http://127.0.0.1:9", "--", sys.executable, "-c", code).exit_code == 0


def test_an_address_that_is_none() -> None:
    done = run("--s3", "127.0.0.1:9", "--seconds", "0")
    assert done.exit_code == 2
    assert "s3='127.0.0.1:9' is no address of an S3" in done.stderr
    assert "give scheme, host and port" in done.stderr


def test_a_refused_model_is_told_in_the_log() -> None:
    with sandbox(check=True) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            call(server, "/model-invocation-job", asked(modelId="anthropic.claude-nothing-9"))
        caught.value.close()
        (recorded,) = server.requests
    assert recorded.status == 400
    assert recorded.refused is not None
    assert recorded.reason == str(recorded.refused)
