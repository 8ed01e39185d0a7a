"""A response is its caller's own: nobody else's changes are in it; copies and the cache keep it whole."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from part_transport import CALLS, Scripted, call_of, client_of
from wires import CLAUDE, CONVERSE, INVOKE, Wire, each_wire

from smartllm import TextRequest, TextResponse, Usage
from smartllm.content import Other, Part, ToolCall
from smartllm.testing import FakeTransport

ASKED: dict[str, Any] = {"prompt": "hi", "temperature": 0}


@dataclasses.dataclass
class Answered:
    """An answer to one step."""

    parts: tuple[Part, ...]
    raw: dict[str, Any] = dataclasses.field(default_factory=dict)
    pictures: tuple[Other, ...] = ()
    usage: Usage = dataclasses.field(default_factory=Usage)


def mutable(value: Any) -> Iterator[int]:
    """Identity of everything in a value that can be changed."""
    if isinstance(value, (dict, list)):
        yield id(value)
    if dataclasses.is_dataclass(value):
        value = [getattr(value, one.name) for one in dataclasses.fields(value)]
    inside = value.values() if isinstance(value, dict) else value
    for item in inside if isinstance(value, (dict, list, tuple)) else ():
        yield from mutable(item)


async def test_callers_that_joined_share_nothing() -> None:
    transport = Scripted(INVOKE, *CALLS, delay=0.05)
    request = TextRequest(prompt="hi", model=CLAUDE)
    async with client_of(INVOKE, transport) as client:
        first, second = await asyncio.gather(*[client.generate_text(request) for _ in range(2)])
        hit = await client.generate_text(request)
    assert len(transport.sent) == 1
    assert hit.cache_source == "l1"
    call_of(first.parts).arguments["b"] = 1  # type: ignore[index]
    first.raw["content"].clear()
    for other in (second, hit):
        assert call_of(other.parts).arguments == {"a": [1]}
        assert other.raw == transport.reply
        assert {*mutable(first.parts), *mutable(first.raws)}.isdisjoint(
            {*mutable(other.parts), *mutable(other.raws)}
        )
    assert {*mutable(second.parts)}.isdisjoint(mutable(second.raws))


@each_wire
async def test_a_hit_says_the_same(wire: Wire, tmp_path: Path) -> None:
    request = wire.request(**ASKED, use_cache=True)
    async with client_of(wire, Scripted(wire, *CALLS), cache_dir=tmp_path) as client:
        fresh = await client.generate_text(request)
    async with client_of(wire, FakeTransport(), cache_dir=tmp_path) as client:
        hit = await client.generate_text(request)
    assert hit.cache_source == "l1"
    for name in (
        "parts",
        "raw",
        "raws",
        "finish_reason",
        "refusal",
        "request_id",
        "tool_calls",
        "diagnostics",
    ):
        assert getattr(hit, name) == getattr(fresh, name), name


@pytest.mark.parametrize("given", [None, [], ["a", "b"], [5], "a"], ids=repr)
async def test_entries_without_usable_ids_are_read(given: Any, tmp_path: Path) -> None:
    request = CONVERSE.request(**ASKED, use_cache=True)
    async with client_of(CONVERSE, Scripted(CONVERSE, *CALLS), cache_dir=tmp_path) as client:
        await client.generate_text(request)
        (path,) = tmp_path.rglob("*.json")  # noqa: ASYNC240 - nothing else runs
        entry = json.loads(path.read_text())
        assert entry.pop("request_ids") == ["call-1"]
        path.write_text(json.dumps(entry if given is None else entry | {"request_ids": given}))
        hit = await client.generate_text(request)
    assert (hit.cache_source, hit.request_id) == ("l1", None)


async def test_copies_and_pickles_keep_the_parts() -> None:
    async with client_of(INVOKE, Scripted(INVOKE, *CALLS)) as client:
        response = await client.generate_text(INVOKE.request(**ASKED))
    others = [
        pickle.loads(pickle.dumps(response)),  # noqa: S301 - our own
        copy.deepcopy(response),
        dataclasses.replace(response, text="x"),
    ]
    for other in others:
        assert (other.parts, other.raw) == (response.parts, response.raw)


def test_a_response_that_a_caller_makes_has_none() -> None:
    response = TextResponse(text="Pa", model="m", stop_reason="stop")
    assert (response.parts, response.tool_calls, response.raw, response.raws) == ((), (), {}, ())
    assert (response.finish_reason, response.refusal, response.request_id) == (None, None, None)


def test_arguments_that_are_nested_deeply_are_copied() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [{"a": deep}]
    response = TextResponse(
        text="", model="m", stop_reason="stop", _answers=(Answered((ToolCall("", "f", {"a": deep}),)),)
    )
    assert call_of(response.parts).arguments["a"] is not deep  # type: ignore[index]
