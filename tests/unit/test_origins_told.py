"""Origins at the front doors: what a client's configuration, a variable and the shell's flags gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smartllm import LLMClient, TextRequest
from smartllm.cli import main
from smartllm.diagnostics import Origin
from smartllm.testing import FakeTransport

PLAIN, REASONS = "gpt-4.1", "gpt-5.4"


def origins_of(client: LLMClient, **fields: Any) -> dict[str, tuple[str, str]]:
    found: dict[str, Origin] = client.compile(TextRequest(prompt="hi", **fields)).steps[0].origins
    return {path: (origin.kind, origin.name) for path, origin in found.items()}


class TestAClient:
    def test_says_what_its_configuration_gave(self) -> None:
        client = LLMClient(
            provider="openai", transport=FakeTransport(), default_model=PLAIN, temperature=0.25, max_tokens=77
        )
        found = origins_of(client)
        assert found["temperature"] == ("setting", "temperature")
        assert found["max_output_tokens"] == ("setting", "max_tokens")
        assert found["model"] == ("setting", "default_model")

    def test_a_request_outranks_it(self) -> None:
        client = LLMClient(
            provider="openai",
            transport=FakeTransport(),
            default_model=REASONS,
            temperature=0.25,
            max_tokens=77,
        )
        found = origins_of(client, temperature=0.5, max_tokens=88, model=PLAIN)
        assert found["temperature"] == ("request", "temperature")
        assert found["max_output_tokens"] == ("request", "max_tokens")
        assert found["model"] == ("request", "model")

    def test_without_settings_it_has_the_defaults(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_MODEL", raising=False)
        found = origins_of(LLMClient(provider="openai", transport=FakeTransport()), model=PLAIN)
        assert found["temperature"] == ("default", "temperature")
        assert found["max_output_tokens"] == ("default", "max_tokens")
        found = origins_of(LLMClient(provider="openai", transport=FakeTransport()))
        assert found["model"] == ("fact", "host.openai.default_model")

    def test_a_variable_does_not_outrank_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "request.json"
        file.write_text(json.dumps({"prompt": "hi", "model": REASONS}), encoding="utf-8")
        monkeypatch.setenv("OPENAI_MODEL", PLAIN)
        result = CliRunner().invoke(main, ["compile", "--request", str(file)])
        assert json.loads(result.stdout)["model"] == REASONS

    def test_a_variable_names_the_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_MODEL", PLAIN)
        client = LLMClient(provider="openai", transport=FakeTransport())
        assert origins_of(client)["model"] == ("environment", "OPENAI_MODEL")


def explained(*arguments: str) -> dict[str, str]:
    """What the shell's explanation says of each leaf."""
    result = CliRunner().invoke(main, ["compile", "--explain", "--prompt", "hi", *arguments])
    assert result.exit_code == 0, result.output
    rows = (line.split(None, 2) for line in result.stdout.splitlines() if line.startswith("  "))
    return {row[0]: row[-1] for row in rows if row}


class TestTheShell:
    def test_a_flag_is_the_requests(self) -> None:
        found = explained("--model", PLAIN, "--temperature", "0.25", "--max-tokens", "77")
        assert found["temperature"].endswith("request temperature")
        assert found["max_output_tokens"].endswith("request max_tokens")
        assert found["model"].endswith("request model")

    def test_no_flag_is_the_default(self) -> None:
        found = explained("--model", PLAIN)
        assert found["temperature"].endswith("default temperature")
        assert found["max_output_tokens"].endswith("default max_tokens")

    def test_plain_flags_and_request_files_say_the_same(self, tmp_path: Path) -> None:
        file = tmp_path / "request.json"
        file.write_text(
            json.dumps({"prompt": "hi", "model": REASONS, "reasoning_effort": "low"}), encoding="utf-8"
        )
        plain = explained("--model", REASONS, "--effort", "low")
        assert plain["reasoning.effort"].endswith("request reasoning_effort")
        result = CliRunner().invoke(main, ["compile", "--explain", "--request", str(file)])
        assert "request reasoning_effort" in result.stdout

    def test_a_variable_names_the_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_MODEL", PLAIN)
        assert explained()["model"].endswith("environment OPENAI_MODEL")
