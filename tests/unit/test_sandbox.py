"""``smartllm.testing`` and ``smartllm sandbox``: no key is needed, and what a provider refuses is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from pydantic import BaseModel
from snapshot_files import ROOT, kept_bodies
from wires import WIRES, Wire, share_service_models

import smartllm
import smartllm.testing
from smartllm import LLMClient
from smartllm.cli import main
from smartllm.errors import ConnectionFailedError, ProviderError
from smartllm.rules import DIALECTS
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.check import refusal
from smartllm.testing.plugin import smartllm_sandbox  # noqa: F401 - a fixture

OPUS, SONNET = "us.anthropic.claude-opus-4-7", "us.anthropic.claude-sonnet-4-6"
each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


# The check against the compiler, and the compiler against the check


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_that_is_compiled_is_refused(dialect: Any) -> None:
    checked = 0
    for path in sorted(ROOT.glob(f"{dialect}/*.json")):
        for case, body in kept_bodies(path):
            if "extra" not in case:
                assert refusal(body, path.stem, dialect) is None, (path, case)
                checked += 1
    assert checked > 300


def claude(**fields: Any) -> dict[str, Any]:
    return {"max_tokens": 9000, "messages": [{"role": "user", "content": "hi"}], **fields}


@pytest.mark.parametrize(
    ("dialect", "model", "body", "said"),
    [
        ("anthropic_messages", OPUS, claude(temperature=0.5), "`temperature` is deprecated for this model."),
        ("anthropic_messages", OPUS, claude(top_k=5), "`top_k` is deprecated"),
        ("anthropic_messages", OPUS, claude(thinking={"type": "enabled", "budget_tokens": 2000}), "enabled"),
        ("anthropic_messages", SONNET, claude(thinking={"type": "disabled"}), "disabled"),
        ("anthropic_messages", SONNET, claude(temperature=0.1, top_p=0.1), "cannot both be specified"),
        (
            "anthropic_messages",
            SONNET,
            claude(temperature=0.5, thinking={"type": "enabled", "budget_tokens": 2000}),
            "may only be set to 1 when thinking is enabled",
        ),
        (
            "anthropic_messages",
            SONNET,
            claude(thinking={"type": "enabled", "budget_tokens": 9000}),
            "must be greater than `thinking.budget_tokens`",
        ),
        (
            "anthropic_messages",
            SONNET,
            claude(thinking={"type": "enabled", "budget_tokens": 2000}, tool_choice={"type": "tool"}),
            "Thinking may not be enabled when tool_choice forces",
        ),
        (
            "anthropic_messages",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            claude(thinking={"type": "adaptive"}),
            "adaptive thinking is not supported",
        ),
        ("anthropic_messages", OPUS, claude(max_tokens=999_999), "999999 > 128000, which is the maximum"),
        (
            "anthropic_messages",
            OPUS,
            {"max_tokens": 9, "messages": [{"role": "assistant", "content": "x"}]},
            "must end with a user",
        ),
        ("openai_chat", "o3", {"max_tokens": 5}, "Use 'max_completion_tokens' instead"),
        ("openai_chat", "gpt-5.4", {"reasoning_effort": "minimal"}, "Unsupported value: 'minimal'"),
        ("openai_responses", "o3", {"temperature": 0.2}, "Unsupported parameter: 'temperature'"),
        ("openai_responses", "gpt-5.4", {"max_output_tokens": 3}, "Expected a value >= 16"),
        ("anthropic_messages", SONNET, claude(temperature=1.5), "greater than the maximum"),
        (
            "bedrock_converse",
            "amazon.nova-pro-v1:0",
            {"inferenceConfig": {"maxTokens": 99_999}},
            "maximum allowed",
        ),
    ],
)
def test_what_is_refused_and_how(dialect: Any, model: str, body: dict[str, Any], said: str) -> None:
    assert said in str(refusal(body, model, dialect))


def test_what_the_rules_do_not_know_is_not_judged() -> None:
    assert refusal({"temperature": 9}, "loopback-model", "openai_chat") is None
    assert refusal({"temperature": 9}, OPUS, "openai_chat") is None


# The fixture

WRONG: dict[str, dict[str, Any]] = {
    "responses": {"reasoning": {"effort": "minimal"}},
    "chat_completions": {"reasoning_effort": "minimal"},
    "invoke": {"temperature": 7},
    "converse": {"inferenceConfig": {"temperature": 7}},
}


@each_wire
async def test_code_under_test_needs_no_key(
    wire: Wire,
    smartllm_sandbox: LoopbackServer,  # noqa: F811 - the fixture
) -> None:
    smartllm_sandbox.script(Reply(text="Paris"))
    async with LLMClient(provider=wire.provider) as client:
        assert (await client.generate_text(wire.request("capital?"))).text == "Paris"
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(wire.request(extra=WRONG[wire.api_type]))
        assert caught.value.status == 400
    assert smartllm_sandbox.requests[0].json


@pytest.fixture
def own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "OPENAI_CUSTOM_HEADERS", "SMARTLLM_TALKS_DIR"):
        monkeypatch.setenv(name, "mine")


@pytest.mark.usefixtures("own_account")
def test_the_fixture_leaves_out_what_is_the_users_own(
    smartllm_sandbox: LoopbackServer,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    assert "AWS_PROFILE" not in os.environ
    assert "OPENAI_CUSTOM_HEADERS" not in os.environ
    assert smartllm_sandbox.environment().items() <= os.environ.items()
    for name in ("SMARTLLM_TALKS_DIR", "SMARTLLM_CACHE_DIR"):
        assert Path(os.environ[name]).is_relative_to(tmp_path)


# The transport without a network


@each_wire
async def test_a_fake_transport(wire: Wire) -> None:
    fake = FakeTransport(
        Reply(text="Paris", thinking="hm"),
        Reply(structured={"name": "J", "age": 3}),
        ConnectionFailedError("no", model="m", retryable=True),
    )
    async with LLMClient(provider=wire.provider, transport=fake, retry_delay=0) as client:
        request = wire.request("capital?", reasoning_effort="low", max_tokens=4000)
        assert (await client.generate_text(request)).text == "Paris"
        bound = await client.generate_text(wire.request(response_format=Person))
        assert bound.structured_data == Person(name="J", age=3)
        assert (await client.generate_text(wire.request("after a failure"))).text == "echo: after a failure"
        chunks = [chunk async for chunk in client.generate_text_stream(wire.request("a b"))]
        assert "".join(chunk.text for chunk in chunks) == "echo: a b"
        assert chunks[-1].usage is not None
        assert await client.list_available_model_ids() == ["fake-model"]
    plan = smartllm.compile(wire.request("capital?", reasoning_effort="low", max_tokens=4000))
    assert fake.sent[0].payload == plan.steps[0].payload
    assert len(fake.sent) == 5


# At the shell


def test_the_sandbox_at_the_shell(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"text": "scripted"}, {"status": 429}]', encoding="utf-8")
    smartllm_command = str(Path(sys.executable).parent / "smartllm")
    log = tmp_path / "log"
    with log.open("w") as errors:
        command = [smartllm_command, "sandbox", "--script", str(script)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        environment = dict(line.strip().removeprefix("export ").split("=", 1) for line in lines)
        told = subprocess.run(
            [smartllm_command, "run", "--model", "gpt-4o", "--prompt", "hi"],
            env={
                **environment,
                "HOME": str(tmp_path),
                "SMARTLLM_CACHE_DIR": str(tmp_path),
                "PATH": "/usr/bin",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stdout) == (0, "scripted\n"), told.stderr
        deadline = time.monotonic() + 10
        while "POST /v1/responses" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "POST /v1/responses" in log.read_text()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_sandbox_stops_by_itself_and_names_mistakes(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    result = invoke(main, ["sandbox", "--seconds", "0.1"])
    assert result.exit_code == 0
    assert "export OPENAI_BASE_URL=http://127.0.0.1:" in result.stdout
    mistakes = {
        '{"text": "x"}': "a JSON list",
        '[{}, {"txt": "x"}]': "reply 2: there is no field 'txt'; known fields: status",
        "[": "JSON",
        '[{"text": 5}]': "text is a text, not 5",
        '[{"status": true}]': "status is a whole number, not True",
        '[{"status": 99}]': "status is a number from ",
        '[{"chunks": ["a", 1]}]': "chunks is a list of texts, not ",
        '[{"headers": {"a": 1}}]': "headers are texts by their names",
    }
    for text, said in mistakes.items():
        script.write_text(text, encoding="utf-8")
        result = invoke(main, ["sandbox", "--seconds", "0", "--script", str(script)])
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr


def test_the_sandbox_refuses_native_schemas_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[LoopbackServer] = []
    start = LoopbackServer.start

    def started(server: LoopbackServer) -> None:
        made.append(server)
        start(server)

    monkeypatch.setattr(LoopbackServer, "start", started)
    for option, native in ((), True), (("--no-native",), False):
        invoke(main, ["sandbox", "--seconds", "0", *option])
        assert made[-1].native is native


@pytest.fixture
def taken() -> Iterator[int]:
    with LoopbackServer() as server:
        yield int(server.url.rpartition(":")[2])


def test_a_taken_port(taken: int) -> None:
    result = invoke(main, ["sandbox", "--port", str(taken), "--seconds", "0"])
    assert result.exit_code == 2
    assert "address already in use" in result.stderr


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="no attribute"):
        smartllm.testing.Nothing  # noqa: B018 - the access is the test
