"""What spans tell of a request: what its body says, and nothing that is not sent."""

from __future__ import annotations

from typing import Any

import pytest
from wires import INVOKE, RESPONSES, WIRES, Wire

from smartllm import TextRequest
from smartllm import compile as compiled
from smartllm.runtime.observe.sent import asked_by

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


def sent_by(request: TextRequest[Any], *, provider: str = "openai") -> dict[str, Any]:
    plan = compiled(request)
    return {
        name.removeprefix("gen_ai.request."): value
        for name, value in asked_by(plan.steps[0], provider).items()
    }


def test_what_is_not_sent_is_not_told() -> None:
    told = sent_by(TextRequest(prompt="x", model="o3"))
    assert "temperature" not in compiled(TextRequest(prompt="x", model="o3")).body
    assert "temperature" not in told
    assert told["max_tokens"] > 0


@each_wire
def test_each_parameter_is_told_from_its_own_place(wire: Wire) -> None:
    model = {"openai": "gpt-4o", "bedrock": "anthropic.claude-3-haiku-20240307-v1:0"}[wire.provider]
    asked: dict[str, Any] = {"top_p": 0.5, "stop_sequences": ["END"], "temperature": None, "max_tokens": 99}
    asked |= {"top_k": 3} if wire.provider == "bedrock" else {"seed": 7, "presence_penalty": 1}
    if wire is RESPONSES:  # which has none of these
        asked = {"top_p": 0.5, "max_tokens": 99}
    told = sent_by(wire.request(model=model, **asked))
    assert {name: told.get(name) for name in asked} == asked
    assert {type(told[name]) for name in asked if name in {"top_p", "presence_penalty"}} == {float}


def test_a_place_that_is_a_fact() -> None:
    request = TextRequest(prompt="x", model="amazon.nova-lite-v1:0", top_k=3)
    assert compiled(request).body["additionalModelRequestFields"]["inferenceConfig"]["topK"] == 3
    assert sent_by(request)["top_k"] == 3


def test_the_effort_that_goes_out() -> None:
    assert (
        sent_by(TextRequest(prompt="x", model="gpt-5.4", reasoning_effort="high"))["reasoning.level"]
        == "high"
    )
    assert "reasoning.level" not in sent_by(TextRequest(prompt="x", model="gpt-4o", reasoning_effort="high"))


def test_words_of_the_provider_only() -> None:
    request = TextRequest(prompt="x", model="gpt-5.4", service_tier="flex")
    assert sent_by(request)["openai.request.service_tier"] == "flex"
    assert not [name for name in sent_by(request, provider="aws.bedrock") if "openai" in name]
    guarded = INVOKE.request(guardrail={"id": "g1", "version": "1"})
    assert sent_by(guarded, provider="aws.bedrock")["aws.bedrock.guardrail.id"] == "g1"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"temperature": 0.75}, {"temperature": 0.75}),
        ({"temperature": "warm"}, {}),
        ({"n": 3}, {"choice.count": 3}),
        ({"n": 1}, {}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": [1]}, {}),
    ],
    ids=str,
)
def test_what_extra_adds(extra: dict[str, Any], told: dict[str, Any]) -> None:
    model = TextRequest(prompt="x", model="gpt-5.4", api_type="chat_completions", extra=extra)
    found = sent_by(model)
    watched = ("temperature", "choice.count", "stop_sequences")
    default = {} if "temperature" in extra else {"temperature": 0.0}
    assert {name: found[name] for name in watched if name in found} == default | told


@pytest.mark.parametrize("given", ["conv_1", {"id": "conv_1"}], ids=["text", "object"])
def test_the_providers_own_conversation(given: Any) -> None:
    told = sent_by(TextRequest(prompt="x", model="gpt-5.4", extra={"conversation": given}))
    assert told["gen_ai.conversation.id"] == "conv_1"


def test_a_schema_asks_for_json() -> None:
    request = TextRequest(prompt="x", model="gpt-5.4", response_format={"type": "object", "properties": {}})
    assert sent_by(request)["gen_ai.output.type"] == "json"
