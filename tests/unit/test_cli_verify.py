"""``smartllm verify`` as a person at a shell uses it, against a server that checks what it gets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from verified import TODAY, WIRES, row

from smartllm.cli import main
from smartllm.config import LLMConfig
from smartllm.testing import LoopbackServer, Reply
from smartllm.verify import config_of

GPT, _, CLAUDE, _ = WIRES
STALE = 'verified = 2025-01-01\nsource = ["https://example.com/page"]'
LIE = row(GPT, {"verbosity.levels": ["low", "medium"], "metadata.accepted": True}, STALE)
"""The first one lies: all three levels are taken."""
MINE = f"""
[profile.mine]
verified = {TODAY}
source = ["measured"]
endpoints = ["openai_chat"]

[model]
my-model = "mine"
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackServer]:
    monkeypatch.chdir(tmp_path)
    Path("lie.toml").write_text(LIE, encoding="utf-8")
    with LoopbackServer(check=True) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def verify(*arguments: str) -> Result:
    return invoke(main, ["verify", *arguments])


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class TestATableThatLies:
    def test_is_told_and_mended(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "-o", "seen.toml")
        assert result.exit_code == 1, result.output
        lines = result.stdout.splitlines()
        assert lines[0].startswith("gpt-5.4 on openai, openai_responses: ")
        assert any(line.endswith("days old: metadata.accepted, verbosity.levels") for line in lines)
        assert any(" calls, about " in line for line in lines)
        assert "verbosity.levels\tlow, medium\tlow, medium, high\tdiffers" in lines
        assert "metadata.accepted\tyes\tyes\tagrees" in lines
        assert "verbosity.levels (high): refused by the table, taken" in lines
        assert f"{len(server.requests)} calls, " in result.stderr
        assert "written: seen.toml" in result.stderr
        assert invoke(main, ["lint", "seen.toml"]).exit_code == 0
        again = verify(GPT[0], "--rules", "lie.toml", "--rules", "seen.toml", "--yes")
        assert again.exit_code == 0
        assert "verbosity" not in again.stdout

    def test_json(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "--json")
        assert result.exit_code == 1
        found = told(result)
        assert (found["host"], found["dialect"]) == ("openai", "openai_responses")
        assert found["made"]["calls"] == len(server.requests) >= 4
        facts = {one["fact"]: one for one in found["facts"]}
        wrong = facts["verbosity.levels"]
        assert (wrong["table"], wrong["seen"], wrong["verdict"]) == (
            ["low", "medium"],
            ["low", "medium", "high"],
            "differs",
        )
        assert wrong["origin"]["file"] == "lie.toml"
        assert {part["part"]: part["accepted"] for part in wrong["parts"]} == dict.fromkeys(
            ("low", "medium", "high"), True
        )

    def test_one_fact_alone(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--fact", "metadata.accepted", "--yes")
        assert (result.exit_code, len(server.requests)) == (0, 2)
        assert "verbosity" not in result.stdout

    def test_a_bedrock_model_is_called_by_the_id_that_its_host_takes(self, server: LoopbackServer) -> None:
        Path("ids.toml").write_text(
            '[on.bedrock.model]\nclaude-sonnet-4-6.ids = { bare = "refused", prefixes = ["us"], '
            'name = "anthropic.claude-sonnet-4-6" }\n',
            encoding="utf-8",
        )
        arguments = ("claude-sonnet-4-6", "--api-type", "converse", "--rules", "ids.toml")
        result = verify(*arguments, "--fact", "tools.forced", "--yes")
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"{CLAUDE[0]} on bedrock, bedrock_converse")
        assert all(f"/model/{CLAUDE[0]}/converse" in one.path for one in server.requests)


class TestBeforeAnythingIsSent:
    def test_where_there_is_nothing_to_ask(self, server: LoopbackServer) -> None:
        Path("mine.toml").write_text(MINE, encoding="utf-8")
        result = verify("my-model", "--provider", "openai", "--rules", "mine.toml", "--yes")
        assert (result.exit_code, result.stdout) == (0, ""), result.output
        assert "no fact that a call can show is disputed or over 90 days old" in result.stderr
        assert not server.requests

    def test_without_yes_the_estimate_alone(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml")
        assert result.exit_code == 2
        assert " calls, about " in result.stdout
        assert "pass --yes to make the calls" in result.stderr
        assert not server.requests
        as_json = verify(GPT[0], "--rules", "lie.toml", "--json")
        assert as_json.exit_code == 2
        assert told(as_json)["estimate"]["calls"] >= 4
        assert "verbosity.levels" in told(as_json)["asked"]

    def test_a_file_that_exists_is_not_written_over(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "-o", "lie.toml")
        assert result.exit_code == 2
        assert "-o lie.toml: the file exists" in result.stderr
        assert not server.requests
        assert Path("lie.toml").read_text(encoding="utf-8") == LIE

    @pytest.mark.parametrize(
        ("arguments", "status", "words"),
        [
            (("gpt-5.4", "--fact", "tempersture", "--yes"), 2, "there is no such fact"),
            (("gpt-5.4", "--max-calls", "0", "--yes"), 2, "--max-calls"),
            (("gpt-5.4", "--rules", "none.toml", "--yes"), 2, "cannot be read"),
            (("no-such-model-at-all", "--yes"), 2, "no-such-model-at-all"),
            (("gpt-4.1", "--provider", "bedrock", "--yes"), 2, "bedrock"),
        ],
        ids=["fact", "calls", "rules", "model", "host"],
    )
    def test_bad_use(
        self,
        arguments: tuple[str, ...],
        status: int,
        words: str,
        server: LoopbackServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("OPENAI_BASE_URL")
        result = verify(*arguments)
        assert result.exit_code == status, result.output
        assert words in result.stderr
        assert not server.requests

    def test_without_a_key(self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in server.environment():
            monkeypatch.delenv(name)
        result = verify(GPT[0], "--rules", "lie.toml", "--yes")
        assert result.exit_code == 2
        assert "OPENAI_API_KEY" in result.stderr

    def test_a_fact_that_no_call_shows(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--fact", "limits.context", "--json")
        assert result.exit_code == 0
        (one,) = told(result)["unasked"]
        assert (one["fact"], one["why"]) == ("limits.context", "no call shows it")
        assert "not asked, no call shows it: limits.context" in result.stderr
        assert not server.requests


class TestFailures:
    def test_a_key_that_is_refused(self, server: LoopbackServer) -> None:
        server.script(Reply(status=401, error_message="Incorrect API key provided: sk-sandbox."))
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "-o", "seen.toml")
        assert result.exit_code == 2
        assert "failed: nothing could be asked: 401" in result.stderr
        assert "sk-sandbox" not in result.output
        assert not Path("seen.toml").exists()
        assert len(server.requests) == 1

    def test_calls_that_run_out(self, server: LoopbackServer) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "--max-calls", "2")
        assert result.exit_code == 0
        assert "no calls were left: see --max-calls" in result.stdout
        assert len(server.requests) == 2

    def test_a_model_of_another_server(self, server: LoopbackServer) -> None:
        server.models = ("my-own-model",)
        address = server.openai_base_url
        arguments = ("my-own-model", "--base-url", address, "--fact", "seed", "--fact", "top_k", "--yes")
        result = verify(*arguments, "--api-type", "chat_completions", "-o", "mine.toml")
        assert result.exit_code == 1, result.output
        assert "top_k.accepted\tno\tyes\tdiffers" in result.stdout
        assert '"my-own-model" = "openai-compatible"' in Path("mine.toml").read_text(encoding="utf-8")
        assert invoke(main, ["lint", "mine.toml"]).exit_code == 0


class TestWhatGoesWrong:
    """A server that fails on the way says nothing of a fact, and no input makes a traceback."""

    def test_a_server_that_refuses_all_from_some_call_on(self, server: LoopbackServer) -> None:
        server.script(Reply(), *[Reply(status=400, error_message="Your credit is used up.")] * 60)
        result = verify(GPT[0], "--all", "--yes", "-o", "seen.toml")
        assert result.exit_code == 2, result.output
        assert "differs" not in result.stdout
        assert "at the end a plain request was not taken either" in result.stdout
        assert not Path("seen.toml").exists()

    def test_a_server_that_answers_no_more_is_left_alone(self, server: LoopbackServer) -> None:
        server.script(Reply(), *[Reply(status=500, error_message="Oops.")] * 120)
        result = verify(GPT[0], "--all", "--yes", "--json")
        assert result.exit_code == 2
        assert told(result)["made"]["calls"] == 4
        assert "3 calls in a row had no answer" in result.stdout

    @pytest.mark.parametrize("name", ["missing/seen.toml", "x" * 5000, "nul\0", "lie.toml", ""])
    def test_a_file_that_cannot_be_made(self, server: LoopbackServer, name: str) -> None:
        result = verify(GPT[0], "--rules", "lie.toml", "--yes", "-o", name)
        assert result.exit_code == 2
        assert result.stderr.startswith("error: -o ")
        assert not server.requests

    def test_a_silent_server_is_waited_for_less_long_than_by_a_client(self) -> None:
        assert config_of("openai").total_timeout * 3 < LLMConfig(provider="openai").total_timeout


INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A process in the background inherits that it does not hear it."""


def test_an_interrupt_says_nothing_of_the_table(server: LoopbackServer) -> None:
    server.script(Reply(delay=30.0))
    code = f"{INTERRUPTIBLE}from smartllm.cli import main; main()"
    arguments = ["verify", GPT[0], "--rules", "lie.toml", "--yes", "-o", "seen.toml"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while not server.requests and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        status = process.wait()
    assert (status, said) == (
        130,
        "interrupted: what was seen so far is lost, and nothing was written\n",
    )
    assert not Path("seen.toml").exists()
