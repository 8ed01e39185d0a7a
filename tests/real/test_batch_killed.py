"""``batch submit`` and ``batch collect`` under ``kill -9``: no line is lost, answered or billed twice."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from batch_processes import LONG, Shell, all_answered, bucket, jobs_of, questions
from warm import Warm

from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine

pytestmark = pytest.mark.slow

MODELS = ("gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano")
SLOW = Reply(delay=0.04)
"""What a call does is done before its caller hears of it: many kills are to come in between."""


def killed(shell: Shell, warm: Warm, kills: int, seed: int) -> Counter[str]:
    """Kill commands at random moments, whichever the folder needs next; how many of which."""
    chance, done = random.Random(seed), Counter[str]()  # noqa: S311 - moments, no secrets
    for _ in range(10 * kills):
        if done.total() == kills:
            return done
        states = {unit.state for unit in shell.units()}
        if states & {"ready", "creating"}:
            name, command = "submit", shell.submitting
        elif states & {"submitted", "ended"}:
            name, command = "collect", ("collect", "work", "--wait", "--every", "0.1")
        else:
            told, _ = shell.run("retry", "work", "--json", status=(0, 1))
            if not json.loads(told)["units"]:
                name, command = "collect", ("collect", "work")
            else:
                continue
        if name == "submit" and done[name] >= kills // 2:
            shell.run(*command)  # the other half is for those who collect
            continue
        # Without a wait a command is over after a quarter of a second on an idle machine.
        done[name] += shell.killed(warm, chance, *command, longest=LONG if "--wait" in command else 0.3)
    return done


def ended(shell: Shell) -> None:
    """Go on without kills until all are answered, or too few for a job are left."""
    for _ in range(10):
        shell.run(*shell.submitting)
        if set(shell.collected()) == {"answered"}:
            return
        told, _ = shell.run("retry", "work", "--json", status=(0, 1))
        if not json.loads(told)["units"]:
            return


def test_twenty_kills_on_openai(warm: Warm, tmp_path: Path) -> None:
    with LoopbackServer(batch=Engine(seconds=0.4, failures=0.3, seed=3)) as server:
        shell = Shell(tmp_path, server, "openai")
        lines = [{**one, "model": MODELS[n % len(MODELS)]} for n, one in enumerate(questions(900))]
        shell.compile(lines)
        server.script(*[SLOW] * 2000)
        done = killed(shell, warm, 20, 22)
        server.batches.engine = Engine(seconds=0.2)
        ended(shell)
        assert done.total() == 20, done
        assert done["submit"] == 10
        all_answered(shell.results(), 900)
        assert server.batches.billed.twice == []
        assert len(server.batches.billed) == 900
        jobs = jobs_of(server, "openai")
        assert Counter(jobs) == Counter(unit.token for unit in shell.units())
        assert set(Counter(jobs).values()) == {1}
        print(f"{dict(done)} kills, {len(jobs)} jobs for 900 lines")  # noqa: T201 - the figure


def test_kills_on_bedrock(warm: Warm, tmp_path: Path) -> None:
    # Long enough for all of the kills: what is left over of failures is too little for further jobs.
    engine = Engine(seconds=3, failures=0.3, seed=3)
    with bucket(tmp_path) as s3, LoopbackServer(batch=engine, s3=s3) as server:
        shell = Shell(tmp_path, server, "bedrock")
        shell.compile(questions(900))
        server.script(*[SLOW] * 2000)
        done = killed(shell, warm, 8, 23)
        server.batches.engine = Engine(seconds=0.2)
        ended(shell)
        assert done.total() == 8, done
        results = shell.results()
        left = [one for one in results if one["status"] != "answered"]
        assert len(left) < 100  # too few for a job
        assert len(results) - len(left) == len(server.batches.billed)
        assert [one["line"] for one in results] == [*range(1, 901)]
        assert server.batches.billed.twice == []
        jobs = jobs_of(server, "bedrock")
        assert sorted(jobs) == sorted(f"smartllm-{unit.token}-{unit.unit}" for unit in shell.units())
        print(f"{dict(done)} kills, {len(jobs)} jobs for 900 lines, {len(left)} left")  # noqa: T201 - the figure
