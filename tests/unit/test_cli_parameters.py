"""The shell's options for what shapes an answer and how it is served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main

SECRET = "canary-0123456789"
CHAT = ("-m", "gpt-4.1", "--api-type", "chat_completions")


def run(*arguments: str, given: str | None = None) -> Result:
    return invoke(main, ["compile", *arguments], stdin=given)


def body(*arguments: str) -> Any:
    result = run("-p", "hi", "--format", "body", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_options_that_may_be_repeated() -> None:
    found = body(
        *CHAT, "--stop", "END", "--stop", "a=b: c", "--store", "--metadata", "a=b=c", "--metadata", "d="
    )
    assert found["stop"] == ["END", "a=b: c"]
    assert found["metadata"] == {"a": "b=c", "d": ""}


def test_options_with_one_value() -> None:
    found = body(
        *CHAT, "--seed", "-3", "--presence-penalty", "0.5", "--frequency-penalty", "-1", "--no-store"
    )
    assert [found[name] for name in ("seed", "presence_penalty", "frequency_penalty", "store")] == [
        -3,
        0.5,
        -1,
        False,
    ]
    found = body("-m", "gpt-5.4", "--service-tier", "flex", "--user", "u-1", "--reasoning-summary", "auto")
    assert (found["service_tier"], found["user"], found["reasoning"]) == ("flex", "u-1", {"summary": "auto"})
    assert body("-m", "gpt-4.1", "--top-logprobs", "3")["top_logprobs"] == 3
    assert "include" not in body("-m", "gpt-4.1", "--no-logprobs")


@pytest.mark.parametrize(
    ("typed", "config"),
    [
        ("gr1:3", {"guardrailIdentifier": "gr1", "guardrailVersion": "3"}),
        (
            "gr1:DRAFT:enabled",
            {"guardrailIdentifier": "gr1", "guardrailVersion": "DRAFT", "trace": "enabled"},
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc:1",
            {
                "guardrailIdentifier": "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc",
                "guardrailVersion": "1",
            },
        ),
    ],
)
def test_a_guardrail(typed: str, config: dict[str, str]) -> None:
    assert body("-m", "nova-2-lite", "--guardrail", typed)["guardrailConfig"] == config


def test_headers_are_not_shown() -> None:
    result = run("-p", "hi", "-m", "gpt-5.4", "--header", f"x-tenant: {SECRET}", "--explain")
    assert result.exit_code == 0
    assert re.search(r'header x-tenant +"<hidden>" +request extra_headers', result.stdout)
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--metadata", "team"), "--metadata: a pair is NAME=VALUE; one that was given has no '='"),
        (("--metadata", "a=1", "--metadata", "a=2"), "--metadata a: it is given twice"),
        (("--header", SECRET), "--header: a pair is NAME:VALUE; one that was given has no ':'"),
        (("--header", f"authorization: {SECRET}"), "extra_headers: authorization cannot be given here"),
        (("--guardrail", "gr1"), "--guardrail gr1: a guardrail is ID:VERSION"),
        (("--guardrail", "gr1:enabled"), "a guardrail is ID:VERSION"),
        (("--guardrail", "gr1:x"), "guardrail: version='x': allowed: a number"),
        (("--stop", ""), "stop_sequences.0"),
        (("--presence-penalty", "3"), "presence_penalty"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str) -> None:
    result = run("-p", "hi", "-m", "gpt-4.1", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert SECRET not in result.output
    assert "Traceback" not in result.output


def test_request_files_have_them_too(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    guardrail = {"id": "gr1", "version": "1"}
    file.write_text(
        json.dumps({"prompt": "hi", "model": "nova-2-lite", "guardrail": guardrail, "metadata": {"a": "b"}})
    )
    result = run("-r", str(file), "--format", "body", "--stop", "END")
    found = json.loads(result.stdout)
    assert found["guardrailConfig"]["guardrailIdentifier"] == "gr1"
    assert found["inferenceConfig"]["stopSequences"] == ["END"]
    assert found["requestMetadata"] == {"a": "b"}
