"""Who is asked at a shell where no option says it: whose key the environment has."""

from __future__ import annotations

import pytest
from commands import invoke

from smartllm import TextRequest
from smartllm.cli import main
from smartllm.cli.calls.told_provider import told_provider
from smartllm.testing import LoopbackServer

ANTHROPIC = {"ANTHROPIC_API_KEY": "sk-ant"}
AZURE = {"AZURE_OPENAI_API_KEY": "azure-key", "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9"}
AWS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
OPENAI = {"OPENAI_API_KEY": "sk"}


@pytest.mark.parametrize(
    ("environment", "model", "told"),
    [
        ({}, "claude-sonnet-4-6", None),
        (ANTHROPIC, "claude-sonnet-4-6", ("anthropic", "ANTHROPIC_API_KEY")),
        (ANTHROPIC | OPENAI, "claude-sonnet-4-6", ("anthropic", "ANTHROPIC_API_KEY")),
        # Who has AWS's variables is asked as before, and so is who is named by the id.
        (ANTHROPIC | AWS, "claude-sonnet-4-6", None),
        (ANTHROPIC, "us.anthropic.claude-sonnet-4-6", None),
        (AZURE, "gpt-4o", ("azure", "AZURE_OPENAI_API_KEY")),
        ({"AZURE_OPENAI_ENDPOINT": "http://h"}, "gpt-4o", ("azure", "AZURE_OPENAI_ENDPOINT")),
        (AZURE | OPENAI, "gpt-4o", None),
        (ANTHROPIC, "gpt-4o", None),
        (ANTHROPIC | AZURE, "gpt-4o", ("azure", "AZURE_OPENAI_API_KEY")),
        (ANTHROPIC, None, ("anthropic", "ANTHROPIC_API_KEY")),
        (AZURE | OPENAI, None, None),
        (AZURE, "nobody-knows-it", None),
    ],
)
def test_whose_key_is_there(
    environment: dict[str, str],
    model: str | None,
    told: tuple[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for request, flag in ((TextRequest(prompt="hi"), model), (TextRequest(prompt="hi", model=model), None)):
        found = told_provider(request, {"model": flag, "rules": ()})
        assert (found and (found.value, found.source.name)) == told


def asked(*options: str) -> tuple[int, str, str]:
    done = invoke(main, ["run", "-p", "hi", "--no-cache", "--no-keep", *options])
    return done.exit_code, done.stdout, done.stderr


def test_it_is_told(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    told = "Anthropic is asked, as ANTHROPIC_API_KEY tells; --provider says another"
    code, answer, notes = asked("-m", "claude-sonnet-4-6")
    assert (code, answer, notes.splitlines()[0]) == (0, "echo: hi\n", told)
    assert server.requests[-1].path == "/v1/messages"
    for quiet in (("--level", "ignore"), ("--provider", "anthropic")):
        code, _, notes = asked("-m", "claude-sonnet-4-6", *quiet)
        assert (code, told in notes) == (0, False)


@pytest.mark.parametrize("option", [("--provider", "bedrock"), ("--aws-profile", "research")])
def test_an_option_says_another(option: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    code, _, notes = asked("-m", "claude-sonnet-4-6", *option)
    assert code != 0
    assert "Anthropic is asked" not in notes
    assert "aws" in notes.lower()
