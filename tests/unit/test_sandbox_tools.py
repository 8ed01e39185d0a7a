"""What the sandbox refuses about tools: each problem with the provider's words, and nothing that is right."""

from __future__ import annotations

import re
from typing import Any

import format_refusals as formats
import pytest
import tool_refusals as wrong
import tool_refusals_converse as converse
from model_facts import CHAT, CONVERSE, MESSAGES, RESPONSES
from model_ids import called
from tool_refusals import Wrong
from wires import WIRES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.errors import ProviderError
from smartllm.rules import Dialect
from smartllm.testing import FakeTransport, LoopbackServer
from smartllm.testing.check import refusal
from smartllm.testing.routes import TOOL_WIRES

BODIES: dict[Dialect, dict[str, Wrong]] = {
    RESPONSES: wrong.RESPONSES | formats.RESPONSES,
    CHAT: wrong.CHAT | formats.CHAT,
    MESSAGES: wrong.CLAUDE | formats.CLAUDE,
    CONVERSE: converse.CONVERSE | formats.CONVERSE,
}
CASES = [(dialect, problem, one) for dialect, bodies in BODIES.items() for problem, one in bodies.items()]


@pytest.mark.parametrize("dialect", BODIES)
def test_each_problem_that_a_wire_has_words_for_is_tried(dialect: Dialect) -> None:
    assert set(BODIES[dialect]) == set(TOOL_WIRES[dialect].words)


@pytest.mark.parametrize(
    ("dialect", "problem", "one"), CASES, ids=[f"{dialect}-{problem}" for dialect, problem, _ in CASES]
)
def test_each_is_told_in_the_providers_words(dialect: Dialect, problem: str, one: Wrong) -> None:
    words = TOOL_WIRES[dialect].words[problem]
    found = refusal(one.body, one.model, dialect, streamed=one.streamed)
    assert found is not None
    assert (found.code, found.status) == (words.code, words.status)
    assert shape(words.message).fullmatch(found.message), found.message
    assert (found.param is None) == (words.param is None)
    assert found.param is None or shape(str(words.param)).fullmatch(found.param)


def shape(template: str) -> re.Pattern[str]:
    """What a text with names in braces may become."""
    pieces = re.split(r"\{\w+\}", template.replace("{{", "\0").replace("}}", "\1"))
    return re.compile(
        "[^{}]+".join(re.escape(piece.replace("\0", "{").replace("\1", "}")) for piece in pieces)
    )


SIGNED = {**wrong.UNSIGNED, "signature": "s"}
RIGHT: list[tuple[Dialect, str, dict[str, Any]]] = [
    (
        RESPONSES,
        "gpt-5.4",
        wrong.responses(wrong.thought(), wrong.item(id="fc_1"), wrong.output(), tools=wrong.ONE),
    ),
    (RESPONSES, "gpt-5.4", wrong.responses(wrong.output(), previous_response_id="resp_1")),
    (RESPONSES, "gpt-5.4", wrong.responses(tools=[{"type": "web_search"}], tool_choice="auto")),
    (
        RESPONSES,
        "gpt-5.4",
        {"input": "hi", "tools": wrong.ONE, "tool_choice": {"type": "function", "name": "weather"}},
    ),
    (RESPONSES, "gpt-5", wrong.responses(tools=[{"type": "custom", "name": "note"}])),
    (CHAT, "gpt-5.4", wrong.chat(tools=wrong.SAME, reasoning_effort="none")),
    (
        CHAT,
        "gpt-4.1",
        wrong.chat(wrong.calling("a", "b"), wrong.told("b"), wrong.told("a"), tools=wrong.SAME),
    ),
    (CHAT, "gpt-4.1", wrong.chat(tools=[{"type": "function", "function": {"name": "now"}}])),
    (MESSAGES, wrong.SONNET, wrong.claude(tools=[{"type": "bash_20250124", "name": "bash"}])),
    (
        MESSAGES,
        wrong.SONNET,
        wrong.claude(
            tools=[{"type": "bash_20250124", "name": "bash"}], tool_choice={"type": "tool", "name": "bash"}
        ),
    ),
    (
        RESPONSES,
        "gpt-5.4",
        wrong.responses(
            tools=[{"type": "namespace", "name": "n", "tools": []}, *wrong.ONE], tool_choice="required"
        ),
    ),
    (
        MESSAGES,
        wrong.SONNET,
        wrong.messages(
            wrong.assistant(SIGNED, wrong.text(), wrong.use()),
            wrong.user(wrong.result(), wrong.text()),
            thinking=wrong.THINKS,
        ).body,
    ),
    (MESSAGES, "claude-opus-5", wrong.claude(tools=[wrong.spec()], tool_choice={"type": "any"})),
    (CONVERSE, "nova-pro", converse.converse(tools=[converse.spec({**wrong.CLOSED, "title": "Weather"})])),
    (CONVERSE, wrong.SONNET, converse.talk(extra=converse.NONE).body),
    (
        CONVERSE,
        converse.LLAMA,
        converse.talk(
            converse.assistant(converse.use()), converse.user(converse.result(content=[{"json": {}}]))
        ).body,
    ),
]


@pytest.mark.parametrize(("dialect", "model", "body"), RIGHT)
def test_what_is_right_is_not_refused(dialect: Dialect, model: str, body: dict[str, Any]) -> None:
    assert refusal(body, model, dialect) is None


SEALED = {"reasoningContent": {"redactedContent": "cg=="}}
SERVED: list[dict[str, Any]] = [
    {"toolUse": {"toolUseId": "s1", "name": "nova_code_interpreter", "input": {}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "s1", "content": [{"json": {}}], "type": "nova_code_interpreter_result"}},
]
MORE = {"type": "additional_tools", "tools": [wrong.function(name="late")]}
LATE = {"type": "function", "name": "late"}
BOTH = converse.converse(tools=[converse.spec()], toolChoice={"any": {}}) | {
    "additionalModelRequestFields": converse.NONE
}


def beside_calls(*blocks: dict[str, Any], model: str) -> tuple[dict[str, Any], str]:
    said = converse.talk(converse.assistant(*blocks, converse.use()), converse.user(converse.result()))
    return said.body, model


def test_sealed_reasoning_goes_back_where_it_is_taken() -> None:
    body, model = beside_calls(SEALED, model="gpt-5.6")
    assert refusal(body, model, CONVERSE) is None
    body, model = beside_calls(converse.thought(), model="gpt-5.6")
    assert "doesn't support the reasoningContent" in str(refusal(body, model, CONVERSE))
    body, model = beside_calls(SEALED, model=wrong.SONNET)
    assert refusal(body, model, CONVERSE) is None


def test_what_the_provider_ran_itself_is_no_call_of_ours() -> None:
    body = converse.converse(
        converse.assistant(*SERVED),
        converse.user(converse.text()),
        tools=[{"systemTool": {"name": "nova_grounding"}}],
    )
    assert refusal(body, "nova-2-lite", CONVERSE) is None
    search = {"type": "tool_search_call", "call_id": "call_1", "arguments": {}}
    assert refusal(wrong.responses(search, wrong.output()), "gpt-5.6", RESPONSES) is None


def test_tools_that_a_conversation_declares_later() -> None:
    assert refusal(wrong.responses(MORE, tool_choice=LATE), "gpt-5.6", RESPONSES) is None
    assert "'late' not found" in str(
        refusal(wrong.responses(tools=wrong.ONE, tool_choice=LATE), "gpt-5.6", RESPONSES)
    )


def test_calls_for_a_model_without_tools() -> None:
    body = converse.converse(converse.assistant(converse.use()), converse.user(converse.result()))
    assert "toolConfig field must be defined" in str(refusal(body, wrong.SONNET, CONVERSE))
    declared = wrong.responses(wrong.item(), wrong.output())
    assert "'tools' is not supported" in str(refusal(declared, "chatgpt-4o-latest", RESPONSES))


def test_two_choices_at_once() -> None:
    assert "conflicts with the existing field toolConfig.toolChoice.any" in str(
        refusal(BOTH, wrong.SONNET, CONVERSE)
    )


def test_a_switch_beside_no_choice_has_a_type() -> None:
    body = converse.converse(tools=[converse.spec()])
    said = {"disable_parallel_tool_use": True}
    body["additionalModelRequestFields"] = {"tool_choice": said}
    assert "tool_choice.type: Field required" in str(refusal(body, wrong.SONNET, CONVERSE))
    body["additionalModelRequestFields"] = {"tool_choice": {"type": "auto", **said}}
    assert refusal(body, wrong.SONNET, CONVERSE) is None


# A step after a refused call: over the wire

TOLD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "responses": (
        {"tools": [wrong.function(name=wrong.LONG)]},
        {"code": "string_above_max_length", "status": 400},
    ),
    "chat_completions": (
        {"tools": [wrong.nested(name=wrong.LONG)], "reasoning_effort": "none"},
        {"code": "string_above_max_length", "status": 400},
    ),
    "invoke": ({"tools": [wrong.spec(name=wrong.LONG)]}, {"code": "ValidationException", "status": 400}),
    "converse": (
        {"toolConfig": {"tools": [converse.spec(name=wrong.LONG)]}},
        {"code": "ValidationException", "status": 400},
    ),
}


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
async def test_over_the_wire_it_is_an_error_of_the_provider(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_service_models(monkeypatch)
    extra, told = TOLD[wire.api_type]
    with LoopbackServer(check=True) as server:
        async with LLMClient(**wire.settings(server.url)) as client:
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(wire.request(extra=extra))
    assert {name: getattr(caught.value, name) for name in told} == told
    assert "name" in str(caught.value)


async def test_without_a_network_too() -> None:
    extra = {"tools": [wrong.spec(name=wrong.LONG)]}
    wire = next(wire for wire in WIRES if wire.api_type == "invoke")
    for check in (True, False):
        async with LLMClient(provider="bedrock", transport=FakeTransport(check=check)) as client:
            if check:
                with pytest.raises(ProviderError, match="should match pattern"):
                    await client.generate_text(wire.request(extra=extra))
            else:
                assert (await client.generate_text(wire.request(extra=extra))).text


async def test_a_model_that_does_not_stream_with_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    with LoopbackServer(check=True) as server:
        wire = next(wire for wire in WIRES if wire.api_type == "converse")
        model = called("llama4-maverick-17b-instruct")
        extra = {"toolConfig": {"tools": [converse.spec()]}}
        async with wire.client(server.url) as client:
            with pytest.raises(ProviderError, match="tool use in streaming mode"):
                _ = [
                    chunk
                    async for chunk in client.generate_text_stream(wire.request(model=model, extra=extra))
                ]
            assert (await client.generate_text(wire.request(model=model, extra=extra))).text


def test_the_schema_of_the_answer_counts_among_the_strict_ones() -> None:
    tools = [wrong.spec(strict=True, input_schema=wrong.wide(**dict(list(wrong.OPTIONAL.items())[:20])))]
    schema = wrong.wide(**dict(list(wrong.OPTIONAL.items())[:5]))
    form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    assert refusal(wrong.claude(tools=tools), wrong.SONNET, MESSAGES) is None
    assert refusal(wrong.claude(**form), wrong.SONNET, MESSAGES) is None
    found = refusal(wrong.claude(tools=tools, **form), wrong.SONNET, MESSAGES)
    assert "too many optional parameters (25)" in str(found)
