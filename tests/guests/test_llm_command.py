"""The plugin as the command ``llm`` has it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from commands import invoke
from llm.cli import cli
from llm.plugins import pm

import smartllm.plugins.llm as plugin
from smartllm.plugins.listed import listed_models, rules_in_force
from smartllm.providers import PROVIDERS
from smartllm.testing import LoopbackServer, Reply

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    pm.register(plugin, "smartllm")
    yield
    pm.unregister(plugin)


def run(*arguments: str) -> Result:
    return invoke(cli, arguments)


def test_it_is_found_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["llm"] == {"smartllm": "smartllm.plugins.llm"}


@pytest.mark.usefixtures("guest_server")
def test_every_model_that_can_be_called_is_listed() -> None:
    told = json.loads(run("models", "list", "-q", "smartllm/", "--json").stdout)
    names = {item["model_id"] for item in told}
    listed = list(listed_models(rules_in_force()))
    called = {each: f"smartllm/{each.id}" for each in listed}
    keys = {f"smartllm/{each.key}" for each in listed if each.provider != "anthropic"}
    apart = {each for each, name in called.items() if each.provider == "anthropic" and name in keys}
    assert apart
    named = {
        f"smartllm/{each.provider}/{each.id}" if each in apart else name for each, name in called.items()
    }
    assert names == {f"smartllm/{name}" for name in PROVIDERS} | named
    assert len(names) == len(told)
    assert all(item["supports_schema"] and item["supports_async"] for item in told)
    aliases = {alias for item in told for alias in item["aliases"]}
    assert {f"smartllm/{each.key}" for each in listed} <= names | aliases


@pytest.mark.usefixtures("guest_server")
def test_an_overlays_models_are_there_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text('[model]\nclaude-opus-9 = "claude-5.5"\n', encoding="utf-8")
    monkeypatch.setenv("SMARTLLM_RULES", str(tmp_path / "mine.toml"))
    assert "claude-opus-9" in run("models", "-q", "claude-opus-9").stdout


@pytest.mark.parametrize(
    ("row", "requests"), [("3", 0), ('"nobodys-profile"', 1)], ids=["all of it", "one row"]
)
def test_an_overlay_that_cannot_be_used_is_told_and_stops_no_other_model(
    row: str, requests: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guest_server: LoopbackServer
) -> None:
    (tmp_path / "mine.toml").write_text(f"[model]\nclaude-opus-9 = {row}\n", encoding="utf-8")
    monkeypatch.setenv("SMARTLLM_RULES", str(tmp_path / "mine.toml"))
    told = run("models", "list", "-q", "gpt-5.4", "--options")
    assert told.exit_code == 0, told.output
    assert "smartllm/gpt-5.4" in told.stdout
    assert f"smartllm: {tmp_path / 'mine.toml'}:2: " in told.stderr
    called = run("-m", "smartllm/gpt-5.4", "hi")
    assert called.exception is None or isinstance(called.exception, SystemExit), "no traceback"
    assert "mine.toml:2" in called.stderr
    assert called.exit_code == 1 - requests
    assert len(guest_server.requests) == requests


def test_a_conversation_goes_on_with_its_reasoning(guest_server: LoopbackServer) -> None:
    asked = ("-m", "smartllm/claude-sonnet-4-6", "hi", "-o", "budget_tokens", "2000")
    guest_server.script(Reply(thinking="hm", text="hello"))
    first = run(*asked)
    assert (first.exit_code, first.stdout) == (0, "hello\n"), first.output
    assert run("-c", "again", "-o", "budget_tokens", "2000").stdout == "echo: again\n"
    turn = guest_server.requests[1].json["messages"][1]["content"]
    assert [block["type"] for block in turn] == ["thinking", "text"]


def test_what_was_changed_is_told_beside_the_answer(guest_server: LoopbackServer) -> None:
    told = run("-m", "smartllm/gpt-5.4", "hi", "-o", "top_k", "4")
    assert (told.exit_code, told.stdout) == (0, "echo: hi\n")
    assert "smartllm: warning sampling-dropped" in told.stderr
    assert len(guest_server.requests) == 1


def test_the_log_has_counts_options_and_no_key(guest_server: LoopbackServer) -> None:
    run("-m", "smartllm/gpt-5.4", "hi", "-o", "stop_sequences", "END", "-o", "metadata", '{"a": "b"}')
    (entry,) = json.loads(run("logs", "--json").stdout)
    assert (entry["input_tokens"], entry["output_tokens"]) == (provider_tokens(entry), 2)
    assert entry["options_json"] == {"stop_sequences": ["END"], "metadata": {"a": "b"}}
    assert "sk-sandbox" not in json.dumps(entry)
    assert len(guest_server.requests) == 1


def provider_tokens(entry: dict[str, dict[str, dict[str, int]]]) -> int:
    return entry["response_json"]["usage"]["input_tokens"]


@pytest.mark.usefixtures("guest_server")
@pytest.mark.parametrize(
    ("options", "says"),
    [(("temperature", "9"), "less than or equal to 2"), (("efort", "high"), "efort")],
    ids=["value", "name"],
)
def test_an_unusable_option_is_named(options: tuple[str, str], says: str) -> None:
    told = run("-m", "smartllm/gpt-5.4", "hi", "-o", *options)
    assert told.exit_code == 1
    assert says in told.stderr


def test_options_can_be_shown(guest_server: LoopbackServer) -> None:
    told = run("models", "list", "--options", "-m", "smartllm/gpt-5.4").stdout
    assert "reasoning_effort: str\n      Reasoning effort." in told
    assert "key: openai" in told
    assert not guest_server.requests
