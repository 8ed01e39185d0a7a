"""What a sandbox's record says of an answer: status, words, time, and the fact behind a refusal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsers import Caller
from overlaid import ABOUT, MODEL, saved

from smartllm.rules import Dialect
from smartllm.rules.vocabulary import facts_from
from smartllm.testing import LoopbackServer, Recorded, Reply
from smartllm.testing.check import problems, target_of
from smartllm.testing.deciding import deciding_fact

CLAUDE = "us.anthropic.claude-opus-4-7"
INVOKE = f"/model/{CLAUDE}/invoke"
RESPONSES = "/v1/responses"


def asks(text: Any = "hi", **fields: Any) -> dict[str, Any]:
    return {"max_tokens": 900, "messages": [{"role": "user", "content": text}], **fields}


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}


def function(name: str = "weather") -> dict[str, Any]:
    return {"name": name, "input_schema": {"type": "object", "properties": {}}}


def converse(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "hi"}]}], **fields}


def image(media_type: str = "image/png") -> list[Any]:
    return [{"type": "image", "source": {"type": "base64", "media_type": media_type, "data": "iVBORw0KGgo="}}]


PLAIN: dict[str, Any] = {
    "system": "blocks",
    "sampling": "always",
    "limits": {"field": "max_tokens"},
    "tools": {"functions": "always"},
}
"""Facts of a model that takes the plain bodies of these tests."""
OPENAI = PLAIN | {"system": "system"}


def refused_by(dialect: Dialect, facts: dict[str, Any], body: dict[str, Any], **asked: Any) -> str:
    """The fact behind the refusal of a body by a model with these facts."""
    known = target_of(CLAUDE, "anthropic_messages")
    assert known is not None
    target = replace(known, dialect=dialect, facts=facts_from(facts))
    asked = {"streamed": False, "headers": {}, **asked}
    refused = next(problems(body, CLAUDE, dialect, target.facts, **asked))
    return deciding_fact(refused, body, target, asked)


@pytest.mark.parametrize(
    ("facts", "body", "fact"),
    [
        ({"sampling": "never"}, asks(temperature=0.5), "sampling"),
        ({"temperature": {"max": 1.0}}, asks(temperature=2), "temperature.max"),
        ({"top_k": {"accepted": False}}, asks(top_k=4), "top_k.accepted"),
        ({"exclusive": [["temperature", "top_p"]]}, asks(temperature=0.1, top_p=0.2), "exclusive"),
        (
            {"thinking": {"modes": ["adaptive"]}},
            asks(thinking={"type": "enabled", "budget_tokens": 300}),
            "thinking.modes",
        ),
        ({"effort": {"levels": ["low"]}}, asks(output_config={"effort": "high"}), "effort.levels"),
        ({"limits": {"field": "max_tokens", "max_output": 500}}, asks(), "limits.max_output"),
        ({"limits": {"field": "max_tokens", "min_output": 1000}}, asks(), "limits.min_output"),
        (
            {"messages": {"prefill": False}},
            {"messages": [*asks()["messages"], {"role": "assistant", "content": "so"}]},
            "messages.prefill",
        ),
        (
            {"stop_sequences": {"accepted": True, "max": 1}},
            asks(stop_sequences=["a", "b"]),
            "stop_sequences.max",
        ),
        ({"tools": {"strict": "never"}}, asks(tools=[function() | {"strict": True}]), "tools.strict"),
        ({"tools": {"name_max": 3}}, asks(tools=[function()]), "tools.name_max"),
        ({}, asks(image()), "input.image.sources"),
        (
            {"input": {"image": {"sources": ["data"], "formats": ["image/png"]}}},
            asks(image("image/webp")),
            "input.image.formats",
        ),
        (
            {"caching": {"where": ["messages"], "points": 4, "ttls": ["5m"]}},
            asks([{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]),
            "caching.ttls",
        ),
    ],
    ids=itertools.count(),
)
def test_the_fact_is_told_that_would_have_let_it_pass(
    facts: dict[str, Any], body: dict[str, Any], fact: str
) -> None:
    assert refused_by("anthropic_messages", PLAIN | facts, body) == fact


@pytest.mark.parametrize(
    ("dialect", "facts", "body", "fact"),
    [
        (
            "openai_chat",
            OPENAI | {"limits": {"field": "max_completion_tokens"}},
            chat(max_tokens=5),
            "limits.field",
        ),
        (
            "openai_chat",
            OPENAI | {"verbosity": {"levels": ["low"]}},
            chat(verbosity="high"),
            "verbosity.levels",
        ),
        ("openai_chat", OPENAI | {"sampling": "never"}, chat(temperature=0.5), "sampling"),
        ("openai_responses", OPENAI, {"input": "hi", "service_tier": "flex"}, "service_tier.values"),
        ("openai_responses", OPENAI, {"input": "hi", "prompt_cache_retention": "24h"}, "caching.retention"),
        ("bedrock_converse", PLAIN, converse(serviceTier={"type": "flex"}), "service_tier.values"),
    ],
    ids=["field", "verbosity", "sampling", "tier", "retention", "converse-tier"],
)
def test_it_is_told_on_every_wire(
    dialect: Dialect, facts: dict[str, Any], body: dict[str, Any], fact: str
) -> None:
    assert refused_by(dialect, facts, body) == fact


def test_a_stream_is_refused_by_the_fact_about_streams() -> None:
    assert (
        refused_by("openai_chat", OPENAI | {"streaming": False}, chat(stream=True), streamed=True)
        == "streaming"
    )


def test_facts_that_are_only_told_of_are_not_behind_a_refusal() -> None:
    """The refusal lists the provider's own tools too: with others its words are others."""
    facts = OPENAI | {"tools": {"functions": "always", "hosted": ["web_search"], "custom": False}}
    body = {"input": "hi", "tools": [{"type": "custom", "name": "notes"}]}
    assert refused_by("openai_responses", facts, body) == "tools.custom"


def test_a_fact_by_which_the_checks_choose_words_is_not_behind_a_refusal() -> None:
    facts = OPENAI | {"top_logprobs": {"accepted": True}, "logprobs": {"accepted": True}}
    assert refused_by("openai_chat", facts, chat(top_logprobs=2)) == ""


@pytest.mark.parametrize(
    "body",
    [
        asks(thinking={"type": "enabled", "budget_tokens": 5000}),
        asks(tools=[function(), function()]),
        asks(" "),
    ],
    ids=["budget over the limit", "one name twice", "a blank text"],
)
def test_what_every_model_refuses_has_no_fact(body: dict[str, Any]) -> None:
    facts = PLAIN | {"thinking": {"modes": ["budget"]}}
    assert refused_by("anthropic_messages", facts, body) == ""


# Over the wire


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as found:
        yield found


def recorded(server: LoopbackServer, path: str, body: Any) -> Recorded:
    """What the server says of a call once it is over."""
    with Caller(server.url) as caller:
        status = caller.post(path, body)
    found = server.requests[-1]
    assert found.status == status
    return found


def test_a_refusal_names_its_fact_and_the_line_that_states_it(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        '[profile.small]\nextends = "claude-4.7"\nlimits.max_output = 500\n'
        f'{ABOUT}[model]\nclaude-opus-77 = "small"\n'
    )
    path = saved(tmp_path, text)
    monkeypatch.setenv("SMARTLLM_RULES", path)
    found = recorded(server, f"/model/{MODEL}/invoke", {"anthropic_version": "x", **asks()})
    assert found.status == 400
    assert "900 > 500" in found.reason
    assert found.fact == "limits.max_output"
    assert found.fact_row == f"{path}:3"
    assert found.seconds is not None
    assert 0 < found.seconds < 60


def test_an_answer_has_no_reason_and_no_fact(server: LoopbackServer) -> None:
    found = recorded(server, RESPONSES, {"model": "gpt-5.4", "input": "hi"})
    assert (found.status, found.reason, found.fact, found.fact_row) == (200, "", "", "")
    assert found.refused is None


def test_a_scripted_error_has_its_words_and_no_fact(server: LoopbackServer) -> None:
    server.script(Reply(status=429, error_message="Slow down."), Reply(status=500, error_body={"odd": 1}))
    found = recorded(server, RESPONSES, {"model": "gpt-5.4", "input": "hi"})
    assert (found.status, found.reason, found.fact) == (429, "Slow down.", "")
    found = recorded(server, RESPONSES, {"model": "gpt-5.4", "input": "hi"})
    assert (found.status, found.reason) == (500, "")


def test_an_id_that_the_host_does_not_take_is_told_by_the_fact_about_ids(server: LoopbackServer) -> None:
    bare = recorded(server, "/model/anthropic.claude-opus-4-7/invoke", asks())
    assert bare.status == 400
    assert bare.fact.startswith("ids.")
    assert bare.fact_row
    strange = recorded(server, RESPONSES, {"model": "no-such-model", "input": "hi"})
    assert (strange.status, strange.fact, strange.fact_row) == (404, "", "")


def test_a_server_that_takes_no_schemas_of_its_own_accord_has_no_fact_for_it() -> None:
    body = {
        "model": "gpt-5.4",
        "input": "hi",
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}},
    }
    with LoopbackServer(native=False) as server:
        found = recorded(server, RESPONSES, body)
    assert found.refused is not None
    assert (found.status, found.fact) == (400, "")
