"""Answers that cannot be: other types than the wire promises, and failures told inside a success."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm.compiler.dialects.readers import DECODERS
from smartllm.error_object import read_error
from smartllm.errors import (
    BadRequestError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ResponseError,
    ServerError,
)
from smartllm.rules import Dialect

ODD: tuple[Any, ...] = (None, 5, True, "x", [], {}, ["x"], [5], {"text": "x"})
WIRES: tuple[Dialect, ...] = ("openai_responses", "openai_chat", "anthropic_messages", "bedrock_converse")


def responses(*output: Any) -> dict[str, Any]:
    return {"status": "completed", "output": [*output]}


def part(**fields: Any) -> dict[str, Any]:
    return responses({"type": "message", "content": [fields]})


def chat(**message: Any) -> dict[str, Any]:
    return {"choices": [{"finish_reason": "stop", "message": {"content": "x", **message}}]}


def claude(*content: Any) -> dict[str, Any]:
    return {"stop_reason": "end_turn", "content": [*content]}


def converse(*content: Any) -> dict[str, Any]:
    return {"stopReason": "end_turn", "output": {"message": {"content": [*content]}}}


PLACES: dict[str, tuple[Dialect, Any, tuple[Any, ...]]] = {
    # The reply with an odd value in one place, and which of ODD may stand there.
    "Responses status": (
        "openai_responses",
        lambda odd: responses() | {"output": [{"type": "x"}], "status": odd},
        ("x",),
    ),
    "Responses item": ("openai_responses", responses, ()),
    "Responses item type": ("openai_responses", lambda odd: responses({"type": odd}), ("x",)),
    "Responses content": (
        "openai_responses",
        lambda odd: responses({"type": "message", "content": odd}),
        ([],),
    ),
    "Responses part": ("openai_responses", lambda odd: responses({"type": "message", "content": [odd]}), ()),
    "Responses part type": ("openai_responses", lambda odd: part(type=odd), ("x",)),
    "Responses text": ("openai_responses", lambda odd: part(type="output_text", text=odd), ("x",)),
    "Responses refusal": ("openai_responses", lambda odd: part(type="refusal", refusal=odd), ("x",)),
    "Responses arguments": (
        "openai_responses",
        lambda odd: responses({"type": "function_call", "arguments": odd}),
        ("x", {}, {"text": "x"}),
    ),
    "Responses summary": (
        "openai_responses",
        lambda odd: responses({"type": "reasoning", "summary": odd}),
        (None, []),
    ),
    "Responses thought": (
        "openai_responses",
        lambda odd: responses({"type": "reasoning", "content": [{"text": odd}]}),
        ("x",),
    ),
    "Chat choice": ("openai_chat", lambda odd: {"choices": [odd]}, ()),
    "Chat message": ("openai_chat", lambda odd: {"choices": [{"message": odd}]}, ({"text": "x"},)),
    "Chat finish": (
        "openai_chat",
        lambda odd: {"choices": [{"message": {"content": "x"}, "finish_reason": odd}]},
        (None, "x"),
    ),
    "Chat content": ("openai_chat", lambda odd: chat(content=odd, tool_calls=[{}]), (None, "x", [])),
    "Chat part type": ("openai_chat", lambda odd: chat(content=[{"type": odd, "text": "x"}]), ("x",)),
    "Chat part": ("openai_chat", lambda odd: chat(content=[{"type": "text", "text": odd}]), ("x",)),
    "Chat thinking": (
        "openai_chat",
        lambda odd: chat(content=[{"type": "thinking", "thinking": odd}]),
        ("x", []),
    ),
    "Chat refusal": ("openai_chat", lambda odd: chat(refusal=odd), (None, "x")),
    "Chat reasoning": ("openai_chat", lambda odd: chat(reasoning_content=odd), (None, "x")),
    "Chat calls": ("openai_chat", lambda odd: chat(tool_calls=odd), (None, [])),
    "Chat function": (
        "openai_chat",
        lambda odd: chat(tool_calls=[{"function": odd}]),
        (None, {}, {"text": "x"}),
    ),
    "Chat arguments": (
        "openai_chat",
        lambda odd: chat(tool_calls=[{"function": {"arguments": odd}}]),
        (None, "x", {}, {"text": "x"}),
    ),
    "Claude stop_reason": (
        "anthropic_messages",
        lambda odd: claude({"type": "x"}) | {"stop_reason": odd},
        ("x",),
    ),
    "Claude block": ("anthropic_messages", claude, ()),
    "Claude type": ("anthropic_messages", lambda odd: claude({"type": odd, "text": "x"}), ("x",)),
    "Claude text": ("anthropic_messages", lambda odd: claude({"type": "text", "text": odd}), ("x",)),
    "Claude thinking": (
        "anthropic_messages",
        lambda odd: claude({"type": "thinking", "thinking": odd}),
        ("x",),
    ),
    "Claude input": (
        "anthropic_messages",
        lambda odd: claude({"type": "tool_use", "input": odd}),
        ("x", {}, {"text": "x"}),
    ),
    "Converse output": ("bedrock_converse", lambda odd: converse() | {"output": odd}, ()),
    "Converse message": ("bedrock_converse", lambda odd: converse() | {"output": {"message": odd}}, ()),
    "Converse stopReason": ("bedrock_converse", lambda odd: converse({"x": 1}) | {"stopReason": odd}, ("x",)),
    "Converse block": ("bedrock_converse", converse, ({"text": "x"},)),
    "Converse text": ("bedrock_converse", lambda odd: converse({"text": odd}), ("x",)),
    "Converse cited": (
        "bedrock_converse",
        lambda odd: converse({"citationsContent": odd}),
        ({}, {"text": "x"}),
    ),
    "Converse cited text": (
        "bedrock_converse",
        lambda odd: converse({"citationsContent": {"content": [{"text": odd}]}}),
        ("x",),
    ),
    "Converse call": ("bedrock_converse", lambda odd: converse({"toolUse": odd}), ()),
    "Converse input": (
        "bedrock_converse",
        lambda odd: converse({"toolUse": {"input": odd}}),
        ("x", {}, {"text": "x"}),
    ),
    "Converse reasoning": (
        "bedrock_converse",
        lambda odd: converse({"reasoningContent": odd}),
        ({}, {"text": "x"}),
    ),
    "Converse thought": (
        "bedrock_converse",
        lambda odd: converse({"reasoningContent": {"reasoningText": {"text": odd}}}),
        ("x",),
    ),
}


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("place", PLACES)
def test_another_type_than_the_wire_promises_is_an_error_and_never_text(place: str, odd: Any) -> None:
    dialect, reply, fine = PLACES[place]
    if any(odd == allowed and type(odd) is type(allowed) for allowed in fine):
        DECODERS[dialect].decode(reply(odd), "m")
        return
    with pytest.raises(ResponseError, match=r"the provider's reply has ") as caught:
        DECODERS[dialect].decode(reply(odd), "m")
    assert (caught.value.status, caught.value.retryable) == (200, False)


def test_the_error_names_the_place_and_what_stands_there() -> None:
    for odd, found in (
        ([], "a list"),
        ({}, "an object"),
        (None, "nothing"),
        (5, "a number"),
        (True, "true or false"),
    ):
        with pytest.raises(ResponseError) as caught:
            DECODERS["anthropic_messages"].decode(claude({"type": "text", "text": odd}), "m")
        assert f"has {found} where content.text should be text: " in caught.value.message
    with pytest.raises(ResponseError, match="has text where each item of content should be an object"):
        DECODERS["anthropic_messages"].decode(claude("x"), "m")


class TestErrorsInsideASuccess:
    @pytest.mark.parametrize("wire", WIRES)
    @pytest.mark.parametrize(
        ("error", "kind", "code", "status", "retryable"),
        [
            ({"code": 429, "message": "slow"}, RateLimitError, "429", 429, True),
            ({"code": 502, "message": "slow"}, ServerError, "502", 502, True),
            (
                {"code": None, "type": "overloaded_error", "message": "slow"},
                ServerError,
                "overloaded_error",
                529,
                True,
            ),
            ({"code": "server_error", "message": "slow"}, ServerError, "server_error", 500, True),
            ({"code": "insufficient_quota", "message": "slow"}, QuotaError, "insufficient_quota", 429, False),
            (
                {"code": "content_filter", "message": "slow", "status": 400},
                BadRequestError,
                "content_filter",
                400,
                False,
            ),
            ({"type": "new", "status_code": "503", "message": "slow"}, ServerError, "new", 503, True),
            ({"code": "bio_policy", "message": "slow"}, ProviderError, "bio_policy", None, False),
            (
                {"code": "x", "type": "ThrottlingException", "message": "slow"},
                RateLimitError,
                "x",
                429,
                True,
            ),
            ({"code": 7, "message": "slow"}, ProviderError, "7", None, False),
            ({"message": "slow"}, ProviderError, None, None, False),
            ("slow", ProviderError, None, None, False),
            (["slow"], ProviderError, None, None, False),
        ],
        ids=str,
    )
    def test_at_the_top(
        self, wire: Dialect, error: Any, kind: type, code: str | None, status: int | None, *, retryable: bool
    ) -> None:
        with pytest.raises(ProviderError) as caught:
            DECODERS[wire].decode({"error": error, "id": "i"}, "m")
        found = caught.value
        assert type(found) is kind
        assert (found.code, found.status, found.retryable) == (code, status, retryable)
        assert (found.model, found.request_id) == ("m", "i")
        assert "slow" in found.message
        assert bool(found.hint) == (code is None)

    @pytest.mark.parametrize(
        ("wire", "reply"),
        [
            ("openai_responses", part(type="output_text", text="Pa")),
            ("openai_chat", chat(content="Pa")),
            ("anthropic_messages", claude({"type": "text", "text": "Pa"})),
            ("bedrock_converse", converse({"text": "Pa"})),
        ],
    )
    def test_the_text_beside_it_is_kept(self, wire: Dialect, reply: dict[str, Any]) -> None:
        with pytest.raises(ProviderError) as caught:
            DECODERS[wire].decode(reply | {"error": {"message": "no"}}, "m")
        assert caught.value.partial_text == "Pa"
        assert DECODERS[wire].decode(reply | {"error": None}, "m").text == "Pa"

    def test_beside_what_is_no_text(self) -> None:
        with pytest.raises(ProviderError) as caught:
            DECODERS["openai_chat"].decode(chat(content=5) | {"error": {"message": "no"}}, "m")
        assert caught.value.partial_text == ""

    @pytest.mark.parametrize(
        "choice",
        [
            {"finish_reason": "error", "error": {"code": 502, "message": "idle"}},
            {"finish_reason": "stop", "error": {"code": 502, "message": "idle"}},
        ],
    )
    def test_in_a_choice(self, choice: dict[str, Any]) -> None:
        with pytest.raises(ServerError, match="idle") as caught:
            DECODERS["openai_chat"].decode({"choices": [choice | {"message": {"content": "Pa"}}]}, "m")
        assert (caught.value.code, caught.value.status, caught.value.retryable) == ("502", 502, True)
        assert caught.value.partial_text == "Pa"

    def test_a_choice_that_ends_by_an_error_without_a_reason(self) -> None:
        reply = {"choices": [{"finish_reason": "error", "message": {"content": "Pa"}}]}
        with pytest.raises(ProviderError, match="no reason given"):
            DECODERS["openai_chat"].decode(reply, "m")

    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    @pytest.mark.parametrize(
        ("error", "kind"),
        [({"code": "server_error", "message": "Oops"}, ServerError), (None, ProviderError)],
    )
    def test_a_response_that_failed(self, status: str, error: Any, kind: type) -> None:
        output = [{"type": "message", "content": [{"type": "output_text", "text": "Pa"}]}]
        with pytest.raises(
            ProviderError, match=r"Oops|ended the response as \w+ed: no reason given"
        ) as caught:
            DECODERS["openai_responses"].decode({"status": status, "output": output, "error": error}, "m")
        assert type(caught.value) is kind
        assert caught.value.partial_text == "Pa"


def test_the_fields_that_explain_an_error_are_in_its_message() -> None:
    error = {"message": "Failed.", "code": "x", "param": "p", "failed_generation": "<f>" * 200, "empty": None}
    text = read_error(error).explanation
    assert text.startswith('Failed. {"failed_generation": "<f><f>')
    assert len(text) < 220
    assert read_error({"message": "Failed.", "status": 400}).explanation == "Failed."
    assert read_error({"type": "x"}).explanation == "no reason given"
    assert read_error({"message": ["a"]}).explanation == '["a"]'
