"""The other families on Bedrock: every id finds its row, and each fact that only they need has its effect."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from wires import AWS_KEYS, share_service_models

import smartllm
from smartllm import LLMClient, Message, MessageRequest, Plan, TextRequest
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.limits import limits
from smartllm.compiler.trace import Trace
from smartllm.content import Text
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules, resolve, target_for
from smartllm.testing import LoopbackServer, Reply
from smartllm.words import Role

RULES = load_rules()
EXTRA = "additionalModelRequestFields"

# facts/bedrock_families.json, "match_examples" of the families that are on Converse.
IDS = """
amazon.nova-micro-v1:0 amazon.nova-lite-v1:0 amazon.nova-pro-v1:0 us.amazon.nova-premier-v1:0
ca.amazon.nova-lite-v1:0 us.amazon.nova-2-lite-v1:0 global.amazon.nova-2-lite-v1:0
jp.amazon.nova-2-lite-v1:0 amazon.nova-2-pro-preview-20251202-v1:0 amazon.titan-text-express-v1
amazon.titan-text-lite-v1 amazon.titan-text-premier-v1:0 meta.llama3-8b-instruct-v1:0
meta.llama3-70b-instruct-v1:0 us.meta.llama3-2-1b-instruct-v1:0 us.meta.llama3-2-3b-instruct-v1:0
us.meta.llama3-1-8b-instruct-v1:0 us.meta.llama3-1-70b-instruct-v1:0 us.meta.llama3-2-90b-instruct-v1:0
us.meta.llama3-3-70b-instruct-v1:0 us.meta.llama4-maverick-17b-instruct-v1:0
us.meta.llama4-scout-17b-instruct-v1:0 mistral.mistral-7b-instruct-v0:2 mistral.mixtral-8x7b-instruct-v0:1
mistral.mistral-small-2402-v1:0 mistral.mistral-large-2402-v1:0 mistral.mistral-large-2407-v1:0
us.mistral.pixtral-large-2502-v1:0 eu.mistral.pixtral-large-2502-v1:0 mistral.mistral-large-3-675b-instruct
mistral.ministral-3-3b-instruct mistral.ministral-3-8b-instruct mistral.ministral-3-14b-instruct
mistral.devstral-2-123b mistral.voxtral-small-24b-2507 mistral.voxtral-mini-3b-2507
mistral.magistral-small-2509 us.deepseek.r1-v1:0 deepseek.v3-v1:0 deepseek.v3.2 us.deepseek.v3.2
eu.deepseek.v3.2 qwen.qwen3-235b-a22b-2507-v1:0 qwen.qwen3-32b-v1:0 qwen.qwen3-next-80b-a3b
qwen.qwen3-vl-235b-a22b qwen.qwen3-coder-30b-a3b-v1:0 qwen.qwen3-coder-480b-a35b-v1:0
qwen.qwen3-coder-next openai.gpt-oss-20b-1:0 openai.gpt-oss-120b-1:0 us-gov.openai.gpt-oss-120b-1:0
openai.gpt-oss-safeguard-20b openai.gpt-5.6-sol us.openai.gpt-5.6-terra in.openai.gpt-5.6-luna
global.openai.gpt-6-sol us.openai.gpt-6-luna us.openai.gpt-6-astra us.openai.gpt-6.1-sol us.xai.grok-4.6
global.xai.grok-4.7 us-gov.xai.grok-4.6 moonshot.kimi-k2-thinking moonshotai.kimi-k2.5 us.moonshotai.kimi-k3
zai.glm-4.7 zai.glm-4.7-flash zai.glm-5 us.zai.glm-5.3 minimax.minimax-m2 minimax.minimax-m2.1
minimax.minimax-m2.5 nvidia.nemotron-nano-9b-v2 nvidia.nemotron-nano-12b-v2 nvidia.nemotron-nano-3-30b
nvidia.nemotron-super-3-120b us-gov.nvidia.nemotron-nano-9b-v2 google.gemma-3-4b-it google.gemma-3-12b-it
google.gemma-3-27b-it us.writer.palmyra-x4-v1:0 us.writer.palmyra-x5-v1:0 cohere.command-r-v1:0
cohere.command-r-plus-v1:0 ai21.jamba-1-5-large-v1:0 ai21.jamba-1-5-mini-v1:0 ai21.jamba-instruct-v1:0
"""


class Person(BaseModel):
    name: str
    age: int


def plan(model: str, **fields: Any) -> Plan:
    fields = {"prompt": "hi", "response_format": None, **fields}
    return smartllm.compile(TextRequest(**fields), model=model, rules=RULES, level="ignore")


def codes(compiled: Plan) -> set[str]:
    usual = ("lifecycle", "model-id", "thinking-in-limit")
    return {item.code for item in compiled.diagnostics if not item.code.startswith(usual)}


@pytest.mark.parametrize("model", IDS.split())
def test_every_id_finds_its_row_and_goes_to_converse(model: str) -> None:
    assert resolve(model, RULES).how == "exact"
    compiled = plan(model)
    assert [step.dialect for step in compiled.steps] == ["bedrock_converse"]
    assert compiled.model == model
    assert not codes(compiled)


@pytest.mark.parametrize(
    ("model", "profile"),
    [("us.amazon.nova-3-pro-v1:0", "nova-2"), ("meta.llama5-8b-instruct-v1:0", "llama-4")],
)
def test_a_newer_model_inherits_its_makers_newest_generation(model: str, profile: str) -> None:
    compiled = plan(model)
    assert codes(compiled) == {"model-inferred"}
    assert compiled.resolution.profile == profile


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (
            "us.amazon.nova-2-lite-v1:0",
            "low",
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
        ),
        ("openai.gpt-oss-20b-1:0", "medium", {"reasoning_effort": "medium"}),
        ("deepseek.v3.2", "low", {"reasoning_effort": "high"}),
        ("deepseek.v3.2", "none", {"reasoning_effort": "none"}),
        ("qwen.qwen3-32b-v1:0", "high", {"reasoning_config": "high"}),
        ("us.xai.grok-4.6", "xhigh", {"reasoning": {"effort": "xhigh"}}),
        ("us.openai.gpt-5.6-terra", "max", {"reasoning": {"effort": "max"}}),
        ("us.zai.glm-5.3", "none", {"reasoning_effort": "low"}),
        ("us.deepseek.r1-v1:0", "high", None),
        ("us.meta.llama4-scout-17b-instruct-v1:0", "high", None),
    ],
)
def test_where_the_effort_goes(model: str, effort: str, expected: Any) -> None:
    assert plan(model, reasoning_effort=effort).body.get(EXTRA) == expected


def test_top_k_goes_where_nova_takes_it_and_nowhere_else() -> None:
    nova = plan("amazon.nova-pro-v1:0", top_k=7)
    assert nova.body[EXTRA] == {"inferenceConfig": {"topK": 7}}
    other = plan("deepseek.v3.2", top_k=7)
    assert EXTRA not in other.body
    assert codes(other) == {"sampling-dropped"}


def test_the_highest_effort_of_nova_takes_no_limit_and_no_sampling() -> None:
    compiled = plan(
        "us.amazon.nova-2-lite-v1:0", reasoning_effort="high", temperature=0.5, top_p=0.5, max_tokens=99
    )
    assert "inferenceConfig" not in compiled.body
    assert codes(compiled) == {"sampling-dropped", "max-tokens-dropped"}
    assert {item.severity for item in compiled.diagnostics} == {"warning"}
    assert "at this effort" in compiled.diagnostics[0].reason
    quiet = plan("us.amazon.nova-2-lite-v1:0", reasoning_effort="high")
    assert {item.severity for item in quiet.diagnostics} == {"info"}


def test_models_without_a_system_field_get_it_in_the_first_user_turn() -> None:
    compiled = plan("mistral.mistral-7b-instruct-v0:2", system_prompt="Be brief.")
    assert "system" not in compiled.body
    assert compiled.body["messages"] == [{"role": "user", "content": [{"text": "Be brief."}, {"text": "hi"}]}]


def conversation(model: str, *roles: Role) -> Plan:
    request = MessageRequest(messages=[Message(role, "x") for role in roles])
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def test_the_users_turn_comes_first_and_last() -> None:
    with pytest.raises(UnsupportedError, match="first message is the assistant's"):
        conversation("amazon.nova-pro-v1:0", "assistant", "user")
    with pytest.raises(UnsupportedError, match="takes no prefill"):
        conversation("amazon.nova-pro-v1:0", "user", "assistant")
    assert conversation("qwen.qwen3-32b-v1:0", "assistant", "user").body["messages"][0]["role"] == "assistant"


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        ("amazon.nova-pro-v1:0", {"tool": {"name": "Person"}}),
        ("mistral.mistral-large-2407-v1:0", {"any": {}}),
    ],
)
def test_how_a_tool_is_forced(model: str, choice: Any) -> None:
    assert plan(model, response_format=Person).body["toolConfig"]["toolChoice"] == choice


def test_native_schemas_two_steps_and_neither() -> None:
    assert "outputConfig" in plan("deepseek.v3.2", response_format=Person).body
    offered = plan("us.meta.llama4-scout-17b-instruct-v1:0", response_format=Person)
    assert len(offered.steps) == 2
    assert "toolChoice" not in offered.steps[1].body["toolConfig"]
    with pytest.raises(UnsupportedError, match="neither a schema nor tools"):
        plan("us.deepseek.r1-v1:0", response_format=Person)


def test_streaming_with_tools() -> None:
    model = "mistral.mistral-large-2402-v1:0"
    assert plan(model, stream=True).steps[0].streamed
    bound = plan(model, stream=True, response_format=Person)
    assert not bound.steps[0].streamed
    assert codes(bound) == {"streaming-unavailable"}
    assert "with tools" in bound.diagnostics[-1].reason


def test_newer_models_of_openai_are_on_both_hosts() -> None:
    converse = plan("us.openai.gpt-6-sol", max_tokens=1, api_type="converse")
    assert converse.body["inferenceConfig"] == {"maxTokens": 16}
    with pytest.raises(UnsupportedError, match="only the default"):
        plan("us.openai.gpt-6-sol", temperature=0.3)
    assert plan("openai.gpt-5.5").host == "bedrock-mantle"


async def test_they_are_called_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        server.script(Reply(text="fine"), Reply(structured={"name": "J", "age": 3}), Reply(text="one two"))
        async with LLMClient(provider="bedrock", endpoint_url=server.url, **AWS_KEYS) as client:
            nova = "us.amazon.nova-2-lite-v1:0"
            assert (await client.generate_text(TextRequest(prompt="hi", model=nova))).text == "fine"
            request = TextRequest(prompt="hi", model=nova, response_format=Person)
            assert (await client.generate_text(request)).structured_data == Person(name="J", age=3)
            stream = client.generate_text_stream(TextRequest(prompt="hi", model="deepseek.v3.2"))
            assert "".join([chunk.text async for chunk in stream]) == "one two"
        assert {recorded.path.split("/")[-1] for recorded in server.requests} == {
            "converse",
            "converse-stream",
        }


# Other servers that speak OpenAI's API


@pytest.mark.parametrize("model", ["smollm2", "llama3.1:8b", "qwen3:8b", "meta-llama/Llama-3.1-8B-Instruct"])
def test_a_model_of_another_server(model: str) -> None:
    request = TextRequest(prompt="hi", system_prompt="be", reasoning_effort="low", response_format=Person)
    compiled = smartllm.compile(
        request, model=model, provider="openai", rules=RULES, level="ignore", compatible=True
    )
    body = compiled.body
    assert compiled.steps[0].dialect == "openai_chat"
    assert (body["model"], body["max_tokens"], body["temperature"]) == (model, 2048, 0)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert "strict" not in str(body)
    assert codes(compiled) >= {"model-inferred", "thinking-ignored"}
    assert "profile for OpenAI-compatible servers" in compiled.diagnostics[0].reason
    assert compiled.diagnostics[0].origin.name == "host.openai.compatible"


def test_a_model_that_the_rules_know_keeps_its_facts() -> None:
    known = TextRequest[Any](prompt="hi", reasoning_effort="low", model="gpt-5.4")
    alike = TextRequest[Any](prompt="hi", reasoning_effort="low", model="mine", like="gpt-5.4")
    for request in (known, alike):
        compiled = smartllm.compile(request, provider="openai", rules=RULES, compatible=True)
        assert compiled.body["reasoning"] == {"effort": "low"}


def test_both_apis_of_such_a_server() -> None:
    request = TextRequest(prompt="hi", api_type="responses", response_format=Person, structured_output="tool")
    body = smartllm.compile(
        request, model="smollm2", provider="openai", rules=RULES, level="ignore", compatible=True
    ).body
    assert body["max_output_tokens"] == 2048
    assert "strict" not in str(body)


async def test_a_base_url_is_all_it_takes() -> None:
    with LoopbackServer() as server:
        async with LLMClient(base_url=server.openai_base_url, api_key="none") as client:
            response = await client.generate_text(TextRequest(prompt="hi", model="smollm2"))
    assert response.text == "echo: hi"
    assert [item.code for item in response.diagnostics] == ["model-inferred"]
    assert server.requests[0].path == "/v1/chat/completions"


def test_such_a_servers_schemas_have_no_strict_key_either() -> None:
    request = TextRequest(prompt="hi", api_type="responses", response_format=Person)
    body = smartllm.compile(
        request, model="smollm2", provider="openai", rules=RULES, level="ignore", compatible=True
    ).body
    assert set(body["text"]["format"]) == {"type", "name", "schema"}


def test_a_limit_that_was_left_out_stays_out() -> None:
    resolution = resolve("us.amazon.nova-2-lite-v1:0", RULES)
    target = target_for(resolution, "bedrock", "bedrock_converse", RULES)
    intent = Intent(model="m", dialect=target.dialect, turns=(Turn("user", (Text("hi"),)),), max_tokens=None)
    assert limits(intent, target.facts, Trace()) is intent
