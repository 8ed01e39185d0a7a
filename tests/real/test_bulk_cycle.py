"""The whole cycle of batch work by real processes, against engines that fail, expire and shuffle."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from batch_processes import HAIKU, Shell, all_answered, bucket, jobs_of, questions

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

pytestmark = pytest.mark.slow


def test_openai_until_all_are_answered(tmp_path: Path) -> None:
    engine = Engine(seconds=1, failures=0.05, expire_after=0.6, seed=7)
    with LoopbackServer(batch=engine) as server:
        shell = Shell(tmp_path, server, "openai")
        assert shell.compile(questions(1200))["sent"] == 1200
        shell.run(*shell.submitting)
        first = shell.collected()
        assert set(first) == {"answered", "expired", "failed"}
        assert first["expired"] > 300
        told, _ = shell.run("status", "work", "--diagnostics", "--offline")
        assert told.count(": expired: ") == first["expired"]
        assert told.count(": failed: ") == first["failed"]
        server.batches.engine = Engine(seconds=0.3, failures=0.05, seed=8)
        rounds = [first]
        while set(rounds[-1]) != {"answered"}:
            assert len(rounds) < 10
            shell.run("retry", "work")
            shell.run(*shell.submitting)
            rounds.append(shell.collected())
        all_answered(shell.results(), 1200)
        assert server.batches.billed.twice == []
        assert len(server.batches.billed) == 1200
        assert Counter(jobs_of(server, "openai")) == Counter(unit.token for unit in shell.units())
        assert len(shell.units()) == len(rounds)
        before = (shell.work / "results.jsonl").read_bytes()
        shell.run("collect", "work")
        assert (shell.work / "results.jsonl").read_bytes() == before
        print(f"1,200 lines on OpenAI: {rounds}")  # noqa: T201 - the figure


def test_bedrock_until_all_are_answered(tmp_path: Path) -> None:
    engine = Engine(seconds=1, failures=0.05, expire_after=0.6, seed=7)
    with bucket(tmp_path) as s3, LoopbackServer(batch=engine, s3=s3) as server:
        shell = Shell(tmp_path, server, "bedrock")
        assert shell.compile(questions(1000))["sent"] == 1000
        shell.run(*shell.submitting)
        first = shell.collected()
        assert set(first) == {"answered", "expired", "failed"}
        server.batches.engine = Engine(seconds=0.3, failures=0.05, seed=8)
        told, _ = shell.run("retry", "work", "--json")
        assert json.loads(told)["lines"] == first["expired"] + first["failed"]
        shell.run("submit", "work")  # the bucket and the role are the folder's by now
        second = shell.collected()
        assert 0 < second["failed"] < 100
        _, why = shell.run("retry", "work", status=1)  # too few for a job
        assert "100" in why
        shell.run("retry", "work", "-o", "rest.jsonl")
        shell.run("run", "rest.jsonl", "-o", "rest.results.jsonl", "--model", HAIKU, "--provider", "bedrock")
        results = shell.results()
        rest = {one["custom_id"]: one for one in shell.results("rest.results.jsonl")}
        assert {one["custom_id"] for one in results if one["status"] != "answered"} == set(rest)
        whole = [{**rest.get(one["custom_id"], one), "line": one["line"]} for one in results]
        all_answered(whole, 1000)
        assert server.batches.billed.twice == []
        assert len(server.batches.billed) == 1000 - len(rest)
        assert len(set(jobs_of(server, "bedrock"))) == len(jobs_of(server, "bedrock")) == 2
        print(f"1,000 lines on Bedrock: {first}, {second}, {len(rest)} online")  # noqa: T201 - the figure


def test_what_openai_finds_wrong_with_a_file_is_told_of_its_lines(tmp_path: Path) -> None:
    with LoopbackServer(batch=Engine(seconds=0.2)) as server:
        shell = Shell(tmp_path, server, "openai")
        shell.compile(questions(5))
        file = shell.work / "units" / "0001.jsonl"
        rows: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
        rows[2]["url"] = "/v1/chat/completions"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        shell.run(*shell.submitting)
        assert shell.collected() == {"failed": 5}
        told, _ = shell.run("status", "work", "--diagnostics")
        assert "line 3: failed: " in told
        (third,) = [one for one in shell.results() if one["line"] == 3]
        assert (third["error"]["retryable"], third["error"]["code"]) == (False, "url_mismatch")
        assert sum(one["error"]["retryable"] for one in shell.results()) == 4
        assert len(server.batches.billed) == 0
        shell.run("retry", "work", "--all")
        shell.run(*shell.submitting)
        assert shell.collected() == {"answered": 5}
        all_answered(shell.results(), 5)
