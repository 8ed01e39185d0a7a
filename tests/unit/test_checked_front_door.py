"""Mistakes that both checkers refuse in the caller's code, and right uses that both let pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

TOP = """
from __future__ import annotations
from collections.abc import AsyncIterator
from typing import Any, assert_type
from pydantic import BaseModel
import smartllm
from smartllm import (
    ClientSettings, Image, LLMClient, LLMConfig, MapProgress, Message, MessageRequest, ProgressEvent,
    RequestFields, StreamChunk, SystemMessage, TextRequest, TextResponse, ToolResult, ToolRun, sync,
)
from smartllm.bedrock import BedrockLLMClient
from smartllm.openai import OpenAILLMClient

class Person(BaseModel):
    name: str

"""
WRONG = """
async def mistakes(client: LLMClient, plain: sync.LLMClient) -> None:
    LLMClient(provider="openia")  # no
    LLMClient(max_retrys=3)  # no
    LLMClient(timeout=3)  # no
    LLMClient(model="gpt-5.4")  # no
    LLMClient(read_timeout="3")  # no
    LLMClient(level="loud")  # no
    LLMConfig(provider="openia")  # no
    LLMConfig(max_retrys=3)  # no
    sync.LLMClient(bogus=1)  # no
    OpenAILLMClient(bogus=1)  # no
    BedrockLLMClient(aws_regoin="eu-west-1")  # no
    Message("usr", "x")  # no
    Message("system", "x")  # no
    Message()  # no
    Message("user")  # no
    Message("user", 5)  # no
    Message("user", "x", name="bob")  # no
    TextRequest(prompt="x", stop=["a"])  # no
    TextRequest(prompt="x", reasoning_effort="huge")  # no
    await client.generate_text({"prompt": "x"})  # no
    await client.generate_text(None)  # no
    await client.generate_text(7)  # no
    await client.generate_text("x", temprature=1)  # no
    await client.generate_text("x", temperature="hot")  # no
    await client.generate_text("x", reasoning_effort="huge")  # no
    await client.generate_text([Message("user", "x")])  # no
    await client.send_message([5])  # no
    await client.send_message({"role": "user", "content": "x"})  # no
    client.generate_text_stream("x", max_output_tokens=1)  # no
    await client.run_tools("x", tool=[])  # no
    plain.generate_text("x", stop=["a"])  # no
    plain.generate_text(None)  # no
    await client.map(["x"], temprature=1)  # no
    await client.map([5])  # no
    await client.map("x", progress="yes")  # no
    (await client.map(["x"], return_errors=True))[0].text  # no
    (await client.map(["x"], response_format=Person))[0].structured_data.nam  # no
    plain.map(["x"], max_tokens="5")  # no
    smartllm.compile("x", modle="m")  # no
    smartllm.compile(None, model="m")  # no
    client.compile("x", top_kk=1)  # no
    (await client.generate_text("Who?", response_format=Person)).structured_data.nam  # no
    async for chunk in client.generate_text_stream("Who?", response_format=Person):
        chunk.structured_data.nam  # no

def told(event: ProgressEvent) -> None:
    if event["event"] == "retry":
        event["dealy"]  # no
    if event["event"] == "llm_dnoe":  # pyright alone knows
        pass
    event["delay"]  # no

def told_wrong(number: int) -> None: ...
TextRequest(prompt="x", on_progress=told_wrong)  # no
"""
RIGHT = """
shared: RequestFields = {"model": "gpt-5.4", "max_tokens": 5}
settings: ClientSettings = {"provider": "openai", "api_key": "k"}

async def uses(
    client: LLMClient, plain: sync.LLMClient, schema: dict[str, Any], turns: list[Message]
) -> None:
    LLMClient(**settings, max_retries=3) if False else LLMClient(**settings)
    LLMClient(LLMConfig(provider="bedrock", aws_region="eu-west-1"))
    LLMClient(provider=None, api_key=lambda: "key", default_headers={"x-team": "a"})
    OpenAILLMClient(base_url="http://localhost:8000/v1", api_key="any")
    assert_type(await client.generate_text("Who?"), TextResponse[Any])
    assert_type(await client.generate_text(prompt="Who?"), TextResponse[Any])
    assert_type(await client.generate_text("Who?", response_format=Person), TextResponse[Person])
    assert_type(await client.generate_text("Who?", response_format=list[Person]), TextResponse[list[Person]])
    assert_type(await client.generate_text("Who?", response_format=schema), TextResponse[Any])
    assert_type(await client.generate_text("Who?", **shared), TextResponse[Any])
    assert_type(await client.generate_text(["What?", Image(path="cat.png")], seed=1), TextResponse[Any])
    request = TextRequest(prompt="x", response_format=Person)
    assert_type(await client.generate_text(request), TextResponse[Person])
    assert_type(await client.send_message(turns, response_format=Person), TextResponse[Person])
    assert_type(await client.send_message([*turns, "And now?"]), TextResponse[Any])
    assert_type(await client.send_message([{"role": "user", "content": "x"}]), TextResponse[Any])
    assert_type(await client.send_message(messages=turns), TextResponse[Any])
    assert_type(await client.run_tools("Who?", [print], response_format=Person), ToolRun[Person])
    assert_type(await client.run_tools(turns, tools=[print], model="m", max_rounds=3), ToolRun[Any])
    async for chunk in client.generate_text_stream("Who?", response_format=Person):
        assert_type(chunk, StreamChunk[Person])
        assert_type(chunk.partial, Person | None)
    assert_type(plain.generate_text("Who?", response_format=Person), TextResponse[Person])
    for chunk in plain.send_message_stream(turns, response_format=Person):
        assert_type(chunk.structured_data, Person)
    assert_type(await client.map(["a", "b"], response_format=Person), list[TextResponse[Person]])
    assert_type(await client.map([request], max_concurrent=3), list[TextResponse[Person]])
    assert_type(await client.map(["a"], return_errors=True), list[TextResponse[Any] | Exception])
    async for answer in client.map((f"{n}" for n in range(3)), progress=shown):
        assert_type(answer, TextResponse[Any])
    for answered in plain.map(iter(["a"]), response_format=Person, progress=True):
        assert_type(answered.structured_data, Person)
    smartllm.compile("x", model="m", tools=[print], temperature=0.5)
    smartllm.compile([Message("user", "x")], model="m", provider="bedrock")
    client.compile(turns, model="m")
    Message("user", [ToolResult("1", "x"), "text"])
    Message(role="assistant", content="x", reasoning=None)
    MessageRequest(messages=[SystemMessage("Be short."), Message("user", "x")])

def shown(state: MapProgress) -> None:
    print(state.done, state.rate)

def told(event: ProgressEvent) -> None:
    if event["event"] == "retry":
        assert_type(event["delay"], float)
    elif event["event"] == "stream_progress":
        print(event["text_so_far"].upper())

def told_of_a_dict(event: dict[str, Any]) -> None: ...
async def told_later(event: ProgressEvent) -> None: ...

TextRequest(prompt="x", on_progress=told)
TextRequest(prompt="x", on_progress=told_of_a_dict)
TextRequest(prompt="x", on_progress=told_later)
TextRequest(prompt="x", on_progress=lambda event: print(event["event"]))
"""


def refused_by_mypy(file: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = [line.split(":", 3) for line in done.stdout.splitlines() if ": error:" in line]
    return {int(line[1]): line[3] for line in lines if line[0].endswith(file.name)}


def refused_by_pyright(file: Path) -> dict[int, str]:
    tool = Path(os.environ.get("BASEDPYRIGHT", Path(sys.prefix) / "basedpyright" / "bin" / "basedpyright"))
    if not tool.exists():
        assert "CI" not in os.environ, "basedpyright is missing"
        pytest.skip("basedpyright is not installed; .ci/run does that")
    settings = {
        "include": [str(file)],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "reportUnusedExpression": "none",
        "reportUnusedImport": "none",
        "reportUnusedCoroutine": "none",
    }
    (file.parent / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [str(tool), "--project", str(file.parent), "--pythonpath", sys.executable, "--outputjson"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert found["summary"]["filesAnalyzed"] == 1
    return {
        one["range"]["start"]["line"] + 1: one["message"]
        for one in found["generalDiagnostics"]
        if one["severity"] == "error"
    }


@pytest.mark.slow
@pytest.mark.parametrize("refused", [refused_by_mypy, refused_by_pyright], ids=["mypy", "pyright"])
@pytest.mark.parametrize("code", [WRONG, RIGHT], ids=["wrong", "right"])
def test_checkers_refuse_what_is_wrong_and_nothing_else(refused: object, code: str, tmp_path: Path) -> None:
    file = tmp_path / "uses.py"
    file.write_text(TOP + code, encoding="utf-8")
    planted = {
        number for number, line in enumerate((TOP + code).splitlines(), 1) if line.rstrip().endswith("# no")
    }
    assert callable(refused)
    found: dict[int, str] = refused(file)
    optional = {number for number, line in enumerate((TOP + code).splitlines(), 1) if "pyright alone" in line}
    more = {number: says for number, says in found.items() if number not in planted | optional}
    assert more == {}, "\n".join(more.values())
    assert planted - set(found) == set()
