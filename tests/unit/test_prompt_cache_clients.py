"""Prompt caching through a client: runs of tools, spans, events, and the cache of answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tool_rounds import Rounds, asking, called, calling, saying
from wires import CONVERSE, RESPONSES, share_service_models

from smartllm import CachePoint, Tool, Usage
from smartllm.runtime.observe import trace_content
from smartllm.testing import FakeTransport, LoopbackServer, Reply

LOOK, GET = Tool("look", function=lambda: "seen"), Tool("get", function=lambda: "got")


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


class TestRunsOfTools:
    async def test_pass_over_points_among_the_tools(self) -> None:
        rounds = Rounds(calling(called("look", {})), saying("done"))
        async with rounds.client() as client:
            run = await client.run_tools(asking(prompt_cache="5m"), [LOOK, CachePoint(), GET])
        assert (run.response.text, run.rounds) == ("done", 2)

    async def test_keep_points_in_each_round(self) -> None:
        fake = FakeTransport(
            Reply(tool_calls=[{"name": "look", "arguments": {}}]), Reply(text="done"), check=True
        )
        async with CONVERSE.client("http://localhost", transport=fake) as client:
            request = CONVERSE.request("q", tools=[LOOK, CachePoint(), GET], prompt_cache="5m")
            run = await client.run_tools(request)
        assert run.response.text == "done"
        places = [
            [number for number, tool in enumerate(sent.body["toolConfig"]["tools"]) if "cachePoint" in tool]
            for sent in fake.sent
        ]
        assert places == [[1, 3], [1, 3]]
        last = fake.sent[1].body["messages"]
        assert [next(iter(block)) for block in last[-1]["content"]] == ["toolResult", "cachePoint"]
        assert [*last[0]["content"][-1]] == ["cachePoint"]

    @pytest.mark.parametrize(
        ("tools", "left"),
        [
            ([LOOK, CachePoint(), GET], ["get"]),
            ([LOOK, GET, CachePoint("1h")], ["get", "1h"]),
            ([LOOK, CachePoint(), GET, CachePoint("1h")], ["get", "1h"]),
        ],
    )
    async def test_leave_to_chosen_tools_their_points(self, tools: list[Any], left: list[str]) -> None:
        fake = FakeTransport(Reply(tool_calls=[{"name": "get", "arguments": {}}]), Reply(text="done"))
        async with CONVERSE.client("http://localhost", transport=fake) as client:
            await client.run_tools(CONVERSE.request("q", tools=tools, tool_choice=["get"]))
        declared = fake.sent[0].body["toolConfig"]["tools"]
        names = [
            tool["toolSpec"]["name"] if "toolSpec" in tool else tool["cachePoint"]["ttl"] for tool in declared
        ]
        assert names == left


def test_spans_declare_no_points() -> None:
    told = json.loads(trace_content.tool_definitions([LOOK, CachePoint()]))
    assert [tool["name"] for tool in told] == ["look"]


async def test_counts_are_told_and_kept(server: LoopbackServer) -> None:
    events: list[dict[str, Any]] = []
    server.script(Reply(text="a", cached_tokens=3, cache_write_tokens=4))
    async with RESPONSES.client(server.url) as client:
        request = RESPONSES.request("q", use_cache=True, on_progress=events.append)
        fresh = await client.generate_text(request)
        hit = await client.generate_text(request)
    assert hit.cache_source == "l1"
    assert hit.usage == fresh.usage == Usage(8, 1, 0, 3, 4)
    assert [event["cache_write_tokens"] for event in events if "cached_tokens" in event] == [4, 4]


async def test_a_request_of_other_marks_is_another_request(server: LoopbackServer) -> None:
    async with CONVERSE.client(server.url) as client:
        requests = [CONVERSE.request("q", use_cache=True, prompt_cache=wish) for wish in (None, "5m", "1h")]
        keys = {(await client.generate_text(request)).cache_key for request in requests}
    assert len(keys) == 3
