"""``smartllm tokens``: the number, and what is told beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.testing import LoopbackServer, Reply

GPT, SONNET = "gpt-5.4", "us.anthropic.claude-sonnet-4-6"


@pytest.fixture
def there(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return server


def tokens(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, ["tokens", *arguments], stdin=stdin)


def test_the_number_alone_is_the_output(there: LoopbackServer) -> None:
    result = tokens("one two three", "-m", GPT, "--system", "be brief")
    assert (result.exit_code, result.stdout) == (0, "5\n")
    assert result.stderr == f"{GPT} on openai: 5 input tokens of 1050000 that its context holds\n"
    assert there.requests[0].path == "/v1/responses/input_tokens"


def test_standard_input_goes_behind_the_prompt(there: LoopbackServer) -> None:
    result = tokens("one", "-m", GPT, "-q", stdin="two three")
    assert (result.stdout, result.stderr) == ("3\n", "")


def test_bedrock_counts_by_the_bare_id(there: LoopbackServer) -> None:
    result = tokens("one two", "-m", SONNET)
    assert (result.exit_code, result.stdout) == (0, "2\n")
    assert result.stderr.startswith("anthropic.claude-sonnet-4-6 on bedrock: 2 input tokens")


def test_another_door_that_counts_is_told(there: LoopbackServer) -> None:
    result = tokens("one two", "-m", "us.anthropic.claude-opus-5")
    assert (result.exit_code, result.stdout) == (0, "2\n")
    assert "info count-door api_type: Bedrock does not count input tokens of this" in result.stderr
    assert "anthropic.claude-opus-5 on bedrock-mantle: 2 input tokens" in result.stderr
    assert tokens("one two", "-m", "us.anthropic.claude-opus-5", "--api-type", "invoke").exit_code == 1


def test_json_has_all_of_it(there: LoopbackServer) -> None:
    found = json.loads(tokens("one two", "-m", SONNET, "--json").stdout)
    assert (found["input_tokens"], found["provider"]) == (2, "bedrock")
    assert [item["code"] for item in found["diagnostics"]] == ["count-model-id"]


def test_a_part_that_is_not_counted_is_told(there: LoopbackServer) -> None:
    typed = ("x", "-m", GPT, "-o", 'extra={"prompt": {"id": "a"}}')
    assert "warning count-left-out" in tokens(*typed).stderr
    assert "count-left-out" not in tokens(*typed, "--level", "ignore").stderr
    result = tokens(*typed, "--level", "raise")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "count-left-out" in result.stderr


def test_what_the_plan_tells_is_told_once(there: LoopbackServer) -> None:
    result = tokens("x", "-m", "gpt-5.4", "--top-p", "0.5", "--effort", "high")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert result.stderr.count("sampling-dropped") == 1


def test_a_refusal_names_what_counts(there: LoopbackServer) -> None:
    result = tokens("x", "-m", GPT, "--api-type", "chat_completions")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "hint: pass --api-type responses" in result.stderr
    assert there.requests == []


def test_failures_and_retries(there: LoopbackServer) -> None:
    there.script(Reply(status=429, headers={"retry-after-ms": "1"}), Reply(status=400, error_message="no"))
    result = tokens("x", "-m", GPT)
    assert result.exit_code == 1
    assert "retry 1 of" in result.stderr
    assert "failed: 400 from the provider: no" in result.stderr


def test_bad_input(there: LoopbackServer, tmp_path: Path) -> None:
    assert tokens("-m", GPT, "-r", str(tmp_path / "none.json")).exit_code == 2
    assert tokens("x", "-m", GPT, "--base-url", "http://127.0.0.1:1", "--provider", "bedrock").exit_code == 2
    assert there.requests == []


@pytest.mark.parametrize("word", ["count", "count-tokens", "tokenize", "token"])
def test_words_of_habit(word: str) -> None:
    assert "Did you mean 'tokens'?" in invoke(main, [word]).stderr
