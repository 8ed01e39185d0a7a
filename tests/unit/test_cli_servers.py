"""The shell names another server, offers the names, and remembers them with a talk."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from compatible_server import TEXT, Heard, serving

from smartllm.cli import main
from smartllm.cli.bash import Bash
from smartllm.cli.talk.talk_store import TalkStore

NAMES = ["vllm", "llama-cpp", "ollama", "lm-studio", "openrouter", "groq", "mistral", "deepseek"]


@pytest.fixture
def ollama() -> Iterator[Heard]:
    """A server like Ollama's, in a thread of its own: commands have their own loops."""
    ready, found = threading.Event(), list[tuple[Heard, asyncio.AbstractEventLoop, asyncio.Event]]()

    async def served() -> None:
        async with serving("ollama") as heard:
            ended = asyncio.Event()
            found.append((heard, asyncio.get_running_loop(), ended))
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(served()))
    thread.start()
    assert ready.wait(10)
    heard, loop, ended = found[0]
    yield heard
    loop.call_soon_threadsafe(ended.set)
    thread.join()


def body_of(*words: str) -> Any:
    result = invoke(main, ["compile", "-m", "some-model", "--format", "body", *words])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_compile_takes_a_name_or_none() -> None:
    assert body_of("hi", "--compatible", "deepseek", "--effort", "none")["thinking"] == {"type": "disabled"}
    for bare in (("--compatible", "--prompt", "hi"), ("hi", "--compatible"), ("hi", "--compatible=other")):
        assert "reasoning_effort" not in body_of(*bare, "--effort", "none")
    assert body_of("hi", "--compatible=ollama", "--effort", "none")["reasoning_effort"] == "none"


def test_a_wrong_name_is_bad_input_and_tells_the_nearest() -> None:
    result = invoke(main, ["compile", "-m", "x", "hi", "--compatible", "olama"])
    assert result.exit_code == 2
    assert "--compatible olama is not known; did you mean ollama?" in result.stderr
    assert "say --compatible other" in result.stderr


@pytest.mark.parametrize("other", [("--provider", "bedrock"), ("--api-type", "converse")])
def test_it_is_for_openais_api_alone(other: tuple[str, str]) -> None:
    result = invoke(main, ["compile", "-m", "x", "hi", "--compatible", "ollama", *other])
    assert result.exit_code == 2
    assert "do not go together" in result.stderr


def test_no_call_goes_to_openai_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    result = invoke(main, ["run", "-m", "x", "hi", "--compatible", "groq"])
    assert result.exit_code == 2
    assert "no address is given, so calls would go to OpenAI" in result.stderr
    assert "--base-url https://api.groq.com/openai/v1" in result.stderr
    assert "sk-secret" not in result.stderr


def test_run_says_it_to_the_server(ollama: Heard, clean_environment: Path) -> None:
    words = ["hi", "-m", "thinks:8b", "--base-url", ollama.url, "--compatible", "ollama", "--effort", "none"]
    result = invoke(main, ["run", *words])
    assert (result.stdout, result.exit_code) == (f"{TEXT}\n", 0), result.stderr
    assert "warning" not in result.stderr
    assert ollama.bodies[0]["reasoning_effort"] == "none"


def test_a_talk_remembers_its_server(ollama: Heard, clean_environment: Path) -> None:
    words = ["hi", "-m", "thinks:8b", "--base-url", ollama.url, "--compatible", "ollama"]
    assert invoke(main, ["run", *words]).exit_code == 0
    assert TalkStore.of_user().find().target["compatible"] == "ollama"
    again = invoke(main, ["run", "-c", "and?", "--effort", "none"])
    assert again.exit_code == 0, again.stderr
    assert ollama.bodies[1]["reasoning_effort"] == "none"
    bare = ["Hello", "-m", "thinks:8b", "--base-url", ollama.url, "--compatible", "--effort", "none"]
    assert invoke(main, ["run", *bare]).exit_code == 0
    assert TalkStore.of_user().find().target["compatible"] == "other"
    assert invoke(main, ["run", "-c", "more?", "--effort", "none"]).exit_code == 0
    assert ["reasoning_effort" in body for body in ollama.bodies] == [False, True, False, False]


def test_the_environments_address_tells_it(
    ollama: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "rules.toml"
    port = ollama.url.removesuffix("/v1").rpartition(":")[2]
    rules.write_text(
        f'[server.ours]\ntitle = "Ours"\nprofile = "ollama"\nports = [{port}]\n', encoding="utf-8"
    )
    monkeypatch.setenv("OPENAI_BASE_URL", ollama.url)
    words = ["hi", "-m", "x", "--no-cache", "--effort", "none", "--rules", str(rules)]
    result = invoke(main, ["run", *words])
    assert f"info server-assumed compatible: port {port} is Ours's by default" in result.stderr
    assert "--compatible other says that it is another server" in result.stderr
    assert "reasoning_effort" in ollama.bodies[0]
    assert "assumed" not in invoke(main, ["run", *words, "--compatible", "other"]).stderr
    assert "reasoning_effort" not in ollama.bodies[1]


def test_explain_shows_the_pages_of_a_server() -> None:
    words = ["explain", "openai/gpt-oss-20b", "--compatible", "groq", "--json"]
    told = json.loads(invoke(main, words).stdout)
    assert (told["how"], told["profile"]) == ("server", "groq-gpt-oss")
    facts = {fact["fact"]: fact for fact in told["facts"]}
    assert facts["effort.levels"]["value"] == ["low", "medium", "high"]
    assert facts["effort.levels"]["origin"]["source"][0].startswith("https://github.com/groq/groq-python/")
    assert facts["structured.native"]["evidence"] == "disputed"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("compile --compatible ", NAMES),
        ("run --compatible o", ["ollama", "openrouter"]),
        ("chat --compatible gr", ["groq"]),
    ],
)
def test_the_names_are_offered(line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LINE", f"smartllm {line}")
    monkeypatch.setenv("COMP_WORDBREAKS", " \t\n")
    found = Bash(main, {}, "smartllm", "_SMARTLLM_COMPLETE").complete().splitlines()
    assert found == [f"plain,{one}" for one in offered]
