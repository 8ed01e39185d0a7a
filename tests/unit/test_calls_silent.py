"""A stream in which a call comes after a long silence: waited for where the rules say so, and only there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from fault_server import Act, Connection, FaultServer, silent_midway
from wires import Wire, each_bedrock_wire, share_service_models

from smartllm import LLMClient, Tool
from smartllm.errors import ProviderTimeoutError

LIMIT, SILENCE = 0.2, 0.4
LOOK = Tool("look", "", {"type": "object", "properties": {}})
LIMITS: dict[str, Any] = {"stall_timeout": LIMIT, "read_timeout": LIMIT, "first_event_timeout": 9.0}


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def pausing(seconds: float) -> Act:
    """The right answer with a silence in its middle."""

    async def act(connection: Connection) -> None:
        half = len(connection.frames) // 2
        await connection.head()
        await connection.send(b"".join(connection.frames[:half]))
        await asyncio.sleep(seconds)
        await connection.send(b"".join(connection.frames[half:]))

    return act


@pytest.fixture
def without_beta(tmp_path: Path) -> str:
    """Rules in which streamed calls are held back and nothing helps."""
    overlay = tmp_path / "rules.toml"
    overlay.write_text('[profile."claude-4.5".tools]\nunbuffered_by = ""\n')
    return str(overlay)


async def asked(client: LLMClient, wire: Wire, **fields: Any) -> str:
    request = wire.request(**{"tools": [LOOK], **fields})
    return "".join([chunk.text async for chunk in client.generate_text_stream(request)])


@each_bedrock_wire
async def test_silence_is_no_stall_where_calls_are_held_back(wire: Wire, without_beta: str) -> None:
    async with (
        FaultServer(*[pausing(SILENCE)] * 2) as server,
        wire.client(server.url, rules=[without_beta], **LIMITS) as client,
    ):
        assert (await asked(client, wire)).startswith("echo")
        whole = await client.generate_text_streamed(wire.request(tools=[LOOK]))
        assert whole.text.startswith("echo")


@pytest.mark.parametrize("limit", ["stall_timeout", "read_timeout"])
@each_bedrock_wire
async def test_silence_without_end_is_one(wire: Wire, limit: str, without_beta: str) -> None:
    limits = {"stall_timeout": 9.0, "read_timeout": 9.0, "first_event_timeout": 9.0, limit: LIMIT}
    async with (
        FaultServer(silent_midway) as server,
        wire.client(server.url, rules=[without_beta], **limits) as client,
    ):
        clock = time.monotonic()
        with pytest.raises(ProviderTimeoutError) as caught:
            await asked(client, wire)
    assert 4 * LIMIT <= time.monotonic() - clock < 4 * LIMIT + 3
    assert (caught.value.kind, caught.value.seconds) == (limit.removesuffix("_timeout"), 4 * LIMIT)


@pytest.mark.parametrize("limit", ["stall_timeout", "read_timeout"])
@each_bedrock_wire
async def test_it_is_one_where_they_are_written_as_they_come_and_where_there_are_none(
    wire: Wire, limit: str, without_beta: str
) -> None:
    limits = {"stall_timeout": 9.0, "read_timeout": 9.0, "first_event_timeout": 9.0, limit: LIMIT}
    for rules, fields in (([], {}), ([without_beta], {"tools": None})):
        async with (
            FaultServer(pausing(SILENCE)) as server,
            wire.client(server.url, rules=rules, **limits) as client,
        ):
            with pytest.raises(ProviderTimeoutError) as caught:
                await asked(client, wire, **fields)
            assert (caught.value.kind, caught.value.seconds) == (limit.removesuffix("_timeout"), LIMIT)


@each_bedrock_wire
async def test_a_call_that_waits_leaves_the_limits_of_the_others_alone(wire: Wire, without_beta: str) -> None:
    async with (
        FaultServer(pausing(SILENCE), pausing(SILENCE)) as server,
        wire.client(server.url, rules=[without_beta], **LIMITS) as client,
    ):
        await asked(client, wire)
        with pytest.raises(ProviderTimeoutError):
            await asked(client, wire, tools=None)


@each_bedrock_wire
async def test_the_end_of_the_whole_call_holds_for_it_too(wire: Wire, without_beta: str) -> None:
    async with (
        FaultServer(silent_midway) as server,
        wire.client(server.url, rules=[without_beta], total_timeout=0.5) as client,
    ):
        with pytest.raises(ProviderTimeoutError) as caught:
            await asked(client, wire)
    assert caught.value.kind == "total"
