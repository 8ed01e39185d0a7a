"""The examples of the pages on plugins, run as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from llm.cli import cli
from llm.plugins import pm
from media_samples import PNG
from pydantic_ai import exceptions

import smartllm
import smartllm.plugins.llm as plugin
from smartllm import errors as ours
from smartllm.plugins.pydantic_ai.failures import failures
from smartllm.testing import LoopbackServer, Reply

DOCS = Path(__file__).parent.parent.parent / "docs"
LLM, AGENTS = ((DOCS / name).read_text(encoding="utf-8") for name in ("llm.md", "pydantic_ai.md"))
CALL = {"name": "weather", "arguments": {"city": "Rome"}}


def blocks(kind: str, page: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    pm.register(plugin, "smartllm")
    yield
    pm.unregister(plugin)


def run(code: str) -> None:
    exec(compile(code, "page", "exec"), {"__name__": "page"})  # noqa: S102 - the page's own


def test_the_commands(guest_server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "window.png").write_bytes(PNG)
    lines = [line for block in blocks("sh", LLM) for line in block.splitlines() if line.startswith("llm ")]
    assert len(lines) == 8
    for line in lines:
        told = invoke(cli, shlex.split(line)[1:])
        assert (told.exit_code, bool(told.stdout)) == (0, True), (line, told.output)
        assert "smartllm:" not in told.stderr, line
    assert len(guest_server.requests) == 6


def test_python(guest_server: LoopbackServer, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python", LLM)
    guest_server.script(Reply(), Reply(tool_calls=[CALL]))
    run(code)
    answer, usage, chained = capsys.readouterr().out.splitlines()
    assert (answer, chained) == ("echo: Why is the sky blue?", "echo: sunny in Rome")
    assert usage.startswith("Usage(input=")


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # an agent's own event loop, which run_sync leaves open
def test_agents(guest_server: LoopbackServer, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = blocks("python", AGENTS)
    done = {"name": "final_result", "arguments": {"city": "Rome", "sky": "sunny"}}
    guest_server.script(Reply(tool_calls=[CALL]), Reply(tool_calls=[done]))
    run(first)
    assert "city='Rome' sky='sunny'" in capsys.readouterr().out
    run(second)
    assert capsys.readouterr().out == "echo: Count to three"


def raised(name: str, status: int | None = None) -> ours.SmartLLMError:
    """An error of ours, as the runtime or the compiler makes it."""
    kind: Any = getattr(smartllm, name)
    about: dict[str, Any] = {"model": "m", "status": status} if issubclass(kind, ours.ProviderError) else {}
    if name == "ProviderTimeoutError":
        return ours.ProviderTimeoutError("total", 1, model="m", retryable=False)
    own = {"UnknownModelError": {"hint": "", "model": "m"}, "UnsupportedError": {"field": "f"}}
    error: ours.SmartLLMError = kind("no", **about, **own.get(name, {}))
    return error


def test_each_of_our_errors_is_told_with_theirs() -> None:
    rows = re.findall(r"^\| (`.*Error`.*) \| (.*) \|$", AGENTS, re.MULTILINE)
    told = 0
    for left, right in rows:
        names, kinds = (re.findall(r"`(\w+)`", side) for side in (left, right))
        if names == ["RefusalError"]:
            continue  # pydantic-ai's own, made of the answer
        for at, name in enumerate(names):
            kind = getattr(exceptions, kinds[at] if len(kinds) == len(names) else kinds[0])
            with pytest.raises(kind) as caught, failures("m"):
                raise raised(name)
            assert caught.type is kind, name
            assert isinstance(caught.value.__cause__, getattr(smartllm, name))
            told += 1
    assert told == 15
    with pytest.raises(exceptions.ModelUnavailableError), failures("m"):
        raise raised("ServerError", 503)
