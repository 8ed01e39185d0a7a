"""OpenAI's APIs on Bedrock: which model on which door, by which id and path, and what it takes there."""

from __future__ import annotations

from typing import Any

import pytest

import smartllm
from smartllm import Plan, TextRequest, Tool
from smartllm.errors import UnsupportedError
from smartllm.rules import Facts, load_rules, resolve, served_on, target_for

RULES = load_rules()
OPENAI, MANTLE = "bedrock-openai", "bedrock-mantle"
BOTH = ("openai_responses", "openai_chat")
CHAT = ("openai_chat",)


def plan(model: str, provider: str = "bedrock", **fields: Any) -> Plan:
    request = TextRequest(**{"prompt": "hi", **fields})
    return smartllm.compile(request, model=model, provider=provider, rules=RULES, level="ignore")


def facts(model: str, host: str, dialect: Any) -> Facts:
    return target_for(resolve(model, RULES), host, dialect, RULES).facts


def codes(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics]


@pytest.mark.parametrize(
    ("model", "runtime", "mantle"),
    [
        ("gpt-5.4", (), BOTH),
        ("gpt-5.5", (), BOTH),
        ("gpt-5.4-mini", (), ()),
        ("gpt-5.6-sol", BOTH, BOTH),
        ("gpt-6.1-terra", BOTH, BOTH),
        ("gpt-6.2-sol", BOTH, ()),
        ("gpt-5.6-cyber", (), ("openai_responses",)),
        ("gpt-6-cyber", (), ()),
        ("gpt-oss-20b", (), BOTH),
        ("gpt-oss-safeguard-20b", (), CHAT),
        ("gemma-3-27b-it", CHAT, CHAT),
        ("gemma-4-e2b", (), BOTH),
        ("grok-4.3", (), BOTH),
        ("grok-4.6", BOTH, BOTH),
        ("grok-4.7", BOTH, ()),
        ("qwen3-coder-next", CHAT, CHAT),
        ("v3.2", CHAT, CHAT),
        ("r1", (), ()),
        ("glm-5", CHAT, CHAT),
        ("glm-5.3", (), ()),
        ("minimax-m2.5", CHAT, CHAT),
        ("magistral-small-2509", CHAT, CHAT),
        ("pixtral-large-2502", (), ()),
        ("kimi-k2.5", CHAT, CHAT),
        ("kimi-k3", (), ()),
        ("nemotron-super-3-120b", CHAT, CHAT),
        ("nova-lite", (), ()),
        ("llama3-3-70b-instruct", (), ()),
        ("palmyra-x5", (), ()),
        ("gpt-4o", (), ()),
    ],
)
def test_who_is_served_where(model: str, runtime: tuple[str, ...], mantle: tuple[str, ...]) -> None:
    found = resolve(model, RULES)
    assert served_on(found, OPENAI, RULES) == runtime
    assert tuple(wire for wire in served_on(found, MANTLE, RULES) if wire in BOTH) == mantle
    assert set(served_on(found, "bedrock", RULES)) <= {"bedrock_converse", "anthropic_messages"}


@pytest.mark.parametrize(
    ("asked", "api_type", "host", "path", "sent", "told"),
    [
        (
            "openai.gpt-oss-20b-1:0",
            "chat_completions",
            MANTLE,
            "/v1/chat/completions",
            "openai.gpt-oss-20b",
            True,
        ),
        ("openai.gpt-oss-20b-1:0", "responses", MANTLE, "/v1/responses", "openai.gpt-oss-20b", True),
        ("openai.gpt-oss-20b", "responses", MANTLE, "/v1/responses", "", False),
        ("openai.gpt-oss-20b", "chat_completions", MANTLE, "/v1/chat/completions", "", False),
        ("us.openai.gpt-5.6-sol", "responses", OPENAI, "/openai/v1/responses", "", False),
        ("openai.gpt-5.6-sol", "responses", MANTLE, "/openai/v1/responses", "", False),
        ("openai.gpt-5.5", "chat_completions", MANTLE, "/openai/v1/chat/completions", "", False),
        ("global.xai.grok-4.7", "responses", OPENAI, "/openai/v1/responses", "", False),
        ("xai.grok-4.3", "responses", MANTLE, "/openai/v1/responses", "", False),
        ("google.gemma-4-31b", "chat_completions", MANTLE, "/openai/v1/chat/completions", "", False),
        ("qwen.qwen3-32b-v1:0", "chat_completions", OPENAI, "/openai/v1/chat/completions", "", False),
        ("qwen.qwen3-32b", "chat_completions", MANTLE, "/v1/chat/completions", "", False),
        ("deepseek.v3.1", "chat_completions", MANTLE, "/v1/chat/completions", "", False),
    ],
)
def test_how_it_is_called(asked: str, api_type: Any, host: str, path: str, sent: str, told: bool) -> None:
    found = plan(asked, api_type=api_type)
    (step,) = found.steps
    assert (step.host, step.path, step.body["model"]) == (host, path, sent or asked)
    assert ("model-id-door" in codes(found)) == told


class TestNamesThatHostsHave:
    @pytest.mark.parametrize(
        ("name", "model"),
        [
            ("qwen.qwen3-vl-235b-a22b-instruct", "qwen3-vl-235b-a22b"),
            ("qwen.qwen3-coder-480b-a35b-instruct", "qwen3-coder-480b-a35b"),
            ("deepseek.v3.1", "v3"),
            ("moonshotai.kimi-k2-thinking", "kimi-k2-thinking"),
        ],
    )
    def test_they_lead_to_their_rows(self, name: str, model: str) -> None:
        found = resolve(name, RULES)
        assert (found.how, found.model, found.host) == ("exact", model, "bedrock")

    def test_one_that_nobody_has_is_a_relative_as_ever(self) -> None:
        assert resolve("deepseek.v3.4", RULES).how == "inferred"

    def test_converse_is_called_by_its_own(self) -> None:
        """The name is another door's, but for no other region."""
        found = plan("deepseek.v3.1")
        assert (found.host, found.steps[0].path) == ("bedrock", "/model/deepseek.v3-v1%3A0/converse")
        assert "model-id-door" in codes(found)

    def test_a_region_is_not_chosen_for_the_caller(self) -> None:
        for asked in ("openai.gpt-5.6-sol", "anthropic.claude-haiku-4-5"):
            found = plan(asked)
            assert "model-id-bare" in codes(found)
            assert found.steps[0].path.startswith(f"/model/{asked}/")


class TestWhichDoor:
    def test_converse_until_it_loses_something(self) -> None:
        assert plan("us.openai.gpt-5.6-sol").host == "bedrock"
        told = plan("us.openai.gpt-5.6-sol", verbosity="low")
        assert told.host == OPENAI
        assert told.steps[0].body["text"] == {"verbosity": "low"}
        assert "door-chosen" in codes(told)

    def test_one_that_keeps_the_id_is_better(self) -> None:
        assert plan("openai.gpt-5.6-sol", verbosity="low").host == MANTLE

    def test_an_api_that_no_door_has_for_the_model(self) -> None:
        found = plan("qwen.qwen3-32b-v1:0", api_type="responses")
        assert found.host == "bedrock"
        (told,) = (item for item in found.diagnostics if item.code == "api-type-ignored")
        assert (
            told.reason == "bedrock does not serve qwen.qwen3-32b-v1:0 by that API; bedrock_converse was used"
        )

    def test_a_door_that_is_named_and_has_it_not(self) -> None:
        with pytest.raises(UnsupportedError, match="not served on bedrock-openai; it is served on bedrock"):
            plan("openai.gpt-5.4", OPENAI)


class TestWhatTheyTake:
    @pytest.mark.parametrize("host", [OPENAI, MANTLE])
    def test_gpt(self, host: str) -> None:
        found = plan(
            "gpt-5.6-sol",
            host,
            service_tier="priority",
            reasoning_summary="detailed",
            max_tokens=5,
            top_p=0.5,
            api_type="responses",
        )
        body = found.steps[0].body
        assert not {"service_tier", "top_p"} & body.keys()
        assert (body["max_output_tokens"], body["reasoning"]) == (16, {"summary": "auto"})

    def test_tools_of_the_provider(self) -> None:
        hosted = {
            host: facts("gpt-5.6-sol", host, "openai_responses").tools.hosted for host in (OPENAI, MANTLE)
        }
        assert "web_search" not in hosted[OPENAI]
        assert "web_search" in hosted[MANTLE]
        assert not {"file_search", "code_interpreter", "image_generation"} & {
            *hosted[OPENAI],
            *hosted[MANTLE],
        }

    def test_open_weights_cannot_be_made_to_call_a_tool(self) -> None:
        found = plan("gpt-oss-20b", MANTLE, tools=[Tool("a")], tool_choice="a", api_type="responses")
        assert "tool_choice" not in found.steps[0].body
        assert "tool-choice-relaxed" in codes(found)
        assert plan("qwen3-32b", MANTLE, tools=[Tool("a")], tool_choice="a").steps[0].body["tool_choice"] == {
            "type": "function",
            "function": {"name": "a"},
        }

    def test_gemma_4(self) -> None:
        body = plan("google.gemma-4-31b", temperature=1.0, top_p=0.9, reasoning_effort="low").steps[0].body
        assert not {"temperature", "top_p"} & body.keys()
        assert body["reasoning"] == {"effort": "high"}
        chat = plan("google.gemma-4-31b", api_type="chat_completions", max_tokens=5).steps[0].body
        assert chat["max_completion_tokens"] == 5
        with pytest.raises(UnsupportedError, match="function tools"):
            plan(
                "google.gemma-4-31b", api_type="chat_completions", reasoning_effort="high", tools=[Tool("a")]
            )

    def test_grok_without_reasoning(self) -> None:
        def effort(model: str, api_type: Any) -> Any:
            body = plan(model, api_type=api_type, reasoning_effort="none").steps[0].body
            return body.get("reasoning", {}).get("effort") or body.get("reasoning_effort")

        assert effort("us.xai.grok-4.6", "responses") == "none"
        assert effort("us.xai.grok-4.7", "responses") == "low"
        assert effort("us.xai.grok-4.6", "chat_completions") == "low"
        assert effort("xai.grok-4.3", "responses") == "none"
        assert effort("xai.grok-4.3", "chat_completions") == "low"

    def test_guardrails_are_the_other_doors(self) -> None:
        guardrail = {"id": "abc", "version": "1"}
        found = plan("qwen.qwen3-32b-v1:0", guardrail=guardrail)
        assert (found.host, found.steps[0].dialect) == ("bedrock", "bedrock_converse")
        for host in (OPENAI, MANTLE):
            with pytest.raises(UnsupportedError, match="guardrail"):
                plan("qwen3-32b", host, guardrail=guardrail)


class TestAzure:
    def test_its_own_lives(self) -> None:
        def life(model: str, host: str) -> Any:
            return facts(model, host, "openai_chat").lifecycle

        assert (life("gpt-4o", "azure").state, str(life("gpt-4o", "azure").shutdown)) == (
            "legacy",
            "2027-04-14",
        )
        assert repr(life("gpt-4o", "azure-deployments")) == repr(life("gpt-4o", "azure"))
        assert str(life("gpt-5.4", "azure").not_before) == "2027-09-02"
        assert life("gpt-5.4", "openai").not_before is None

    def test_what_lags(self) -> None:
        assert plan("gpt-6-astra", "azure", reasoning_effort="max").steps[0].body["reasoning"] == {
            "effort": "xhigh"
        }
        assert "service_tier" not in plan("gpt-5.6-luna", "azure", service_tier="priority").steps[0].body
        assert plan("gpt-5.4", "azure", service_tier="priority").steps[0].body["service_tier"] == "priority"
        assert plan("gpt-5.6-sol", "azure", service_tier="flex").steps[0].body["service_tier"] == "flex"
        assert not plan("gpt-5-pro", "azure", stream=True).steps[0].streamed

    @pytest.mark.parametrize(
        "model", ["gpt-4o-search-preview", "gpt-5-search-api", "gpt-daybreak-blue-latest"]
    )
    def test_what_it_has_not(self, model: str) -> None:
        with pytest.raises(UnsupportedError, match="not served on azure"):
            plan(model, "azure")
