"""What goes back to which models: calls with their results, and reasoning; marks as in `test_tool_facts`."""

from __future__ import annotations

import pytest
from model_facts import (
    CHAT,
    CLAUDE,
    CLAUDE_3,
    CONVERSE,
    FACTS,
    GPT_ON_CONVERSE,
    MESSAGES,
    MISTRAL,
    NOVA,
    OSS,
    RESPONSES,
    RESTRICTED,
    RULES,
    those,
)

from smartllm.rules import Dialect, Facts, Resolution, resolve, target_for


class TestCalls:
    def test_text_beside_calls_and_results(self) -> None:
        """langchain-aws#1118, M for Llama and Mistral; strands#1223, R; the rest: cassettes, M."""
        kimi = {"kimi-k2-thinking", "kimi-k2.5"}
        assert those(CONVERSE, "calls.text_beside", True) == CLAUDE | NOVA | kimi
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "calls.beside_results", (), ("text",)) == set()
        assert those(CHAT, "calls.text_beside", False) == set()

    def test_media_beside_results(self) -> None:
        """pydantic-ai, M; GPT: oh-my-pi#11681, M, for pictures; its text keeps a turn of its own."""
        pictures = GPT_ON_CONVERSE | {"qwen3-vl-235b-a22b", "kimi-k2.5", "kimi-k3", "kimi-k3.1"}
        assert those(CONVERSE, "calls.beside_results", ("text", "image")) == CLAUDE
        assert those(CONVERSE, "calls.beside_results", ("text", "image", "document", "video")) == NOVA
        assert those(CONVERSE, "calls.beside_results", ("image",)) == pictures
        assert those(CONVERSE, "calls.beside_results", ()) == set(FACTS[CONVERSE]) - CLAUDE - NOVA - pictures
        assert those(MESSAGES, "calls.beside_results", ("text", "image")) == CLAUDE_3
        assert those(MESSAGES, "calls.beside_results", ("text", "image", "document")) == CLAUDE - CLAUDE_3

    def test_some_documents_inside_and_beside_results(self) -> None:
        """pydantic-ai#6098 and #6254, M: PDF beside Claude's, csv and txt inside Nova's."""
        assert those(CONVERSE, "calls.beside_documents", ("application/pdf",)) == CLAUDE
        assert those(CONVERSE, "calls.result_documents", ("text/csv", "text/plain")) == NOVA - {"nova-micro"}
        claude, nova = FACTS[CONVERSE]["claude-sonnet-4-5"].calls, FACTS[CONVERSE]["nova-pro"].calls
        assert [claude.beside("document", one) for one in ("application/pdf", "text/csv", None)] == [
            *(True, False, False),
        ]
        assert [nova.inside("document", one) for one in ("application/pdf", "text/csv", None)] == [
            *(False, True, False),
        ]
        assert claude.beside("image", "image/png")
        assert not claude.beside("video", "application/pdf")
        assert not claude.inside("document", "application/pdf")
        assert nova.inside("image")

    def test_errors_have_a_flag(self) -> None:
        """D: ToolResultBlock.status is for Nova and Claude; Palmyra refuses it (pydantic-ai#6081)."""
        assert those(CONVERSE, "calls.errors", "flag") == CLAUDE | NOVA
        assert those(MESSAGES, "calls.errors", "flag") == CLAUDE

    def test_results_hold_media(self) -> None:
        """pydantic-ai#6254, M; Claude reads no document inside one on Converse, though it takes it, M.

        Nova: Returning tool results, D; Chat takes text alone, D (OpenAI's spec).
        """
        inside = {
            ("text", "json", "image"): CLAUDE - {"claude-3-5-haiku"},
            ("text", "json"): {"claude-3-5-haiku"},
            ("text", "image"): NOVA - {"nova-micro"},
            ("text", "image", "document"): {"llama4-maverick-17b-instruct", "llama4-scout-17b-instruct"},
            ("text", "document"): {"pixtral-large-2502", "palmyra-x4", "palmyra-x5"},
        }
        for kinds, models in inside.items():
            assert those(CONVERSE, "calls.results", kinds) == models
        assert those(CONVERSE, "calls.results", ("text",)) == set(FACTS[CONVERSE]).difference(
            *inside.values()
        )
        assert those(CHAT, "calls.results", ("text",)) == set(FACTS[CHAT])
        assert those(MESSAGES, "calls.results", ("text", "image")) == CLAUDE_3
        assert those(MESSAGES, "calls.results", ("text", "document")) == {"claude-3-5-haiku"}
        rest = CLAUDE - CLAUDE_3 - {"claude-3-5-haiku"}
        assert those(MESSAGES, "calls.results", ("text", "image", "document")) == rest
        for model, facts in FACTS[RESPONSES].items():
            taken = {kind for kind in ("image", "document") if getattr(facts.input, kind).sources}
            assert set(facts.calls.results) == {"text"} | taken, model

    def test_a_result_may_be_empty_on_claude_alone(self) -> None:
        """D: Handle tool calls; Nemotron refuses it, L."""
        for dialect, models in FACTS.items():
            assert those(dialect, "calls.empty_results", True) == CLAUDE & set(models)

    def test_tools_are_declared_where_calls_are(self) -> None:
        """dify#17545, experiential#399, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "calls.declared", True) == set(FACTS[dialect])
        assert those(RESPONSES, "calls.declared", True) == those(CHAT, "calls.declared", True) == set()

    def test_forms_of_ids(self) -> None:
        """Mistral: see above; Kimi: llxprt-code#713, M; K3 repeats its ids: fw-ai/fireconnect#16, M."""
        assert those(CONVERSE, "calls.ids", "nine") == MISTRAL
        assert those(CONVERSE, "calls.ids", "counted") == {"kimi-k2-thinking", "kimi-k2.5"}
        assert those(CONVERSE, "calls.ids_repeat", True) == {"kimi-k3", "kimi-k3.1"}
        assert those(CONVERSE, "calls.ids", "any") == set()
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "calls.ids", "any") == set(FACTS[dialect])
            assert those(dialect, "tools.name", "dashed") == set(FACTS[dialect])


class TestReasoning:
    def test_what_goes_back(self) -> None:
        """D: Anthropic's thinking page, from 3.7; GPT: inspect_ai#5217, M; others refuse or are disputed."""
        old = {
            model for model in CLAUDE if model.startswith(("claude-3-haiku", "claude-3-sonnet", "claude-3-o"))
        }
        old |= {"claude-3-5-haiku", "claude-3-5-sonnet", "claude-3-5-sonnet-20240620"}
        assert those(CONVERSE, "carry.reasoning", "signed") == CLAUDE - old
        assert those(CONVERSE, "carry.reasoning", "sealed") == GPT_ON_CONVERSE
        assert those(CHAT, "carry.reasoning", "never") == set(FACTS[CHAT])
        # openai-agents-python#1611 and vercel/ai#7543, M.
        reasons = (
            {model for model, facts in FACTS[RESPONSES].items() if facts.thinking.modes} - OSS - RESTRICTED
        )
        assert those(RESPONSES, "carry.reasoning", "items") == reasons
        assert those(RESPONSES, "carry.include", True) == reasons

    def test_a_signature_is_bound_to_what_stands_before_it(self) -> None:
        """D: Thinking page and the migration guide of Fable 5.1, 2026-09; Mythos 5.1 only signs."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "carry.prefix", True) == {
                *(
                    "claude-opus-5-5",
                    "claude-sonnet-5-5",
                    "claude-haiku-5-5",
                    "claude-fable-5-1",
                    "claude-fable-5-2",
                ),
            }
        mythos = {
            model: target_for(resolve(model, RULES), "bedrock", MESSAGES, RULES).facts.carry.prefix
            for model in ("claude-mythos-5", "claude-mythos-5-1", "claude-mythos-5-2")
        }
        assert mythos == {"claude-mythos-5": False, "claude-mythos-5-1": False, "claude-mythos-5-2": True}

    def test_a_budget_wants_reasoning_first(self) -> None:
        """D: 'Expected thinking or redacted_thinking, but found tool_use'; adaptive thinking does not ask."""
        budget = {model for model, facts in FACTS[MESSAGES].items() if "budget" in facts.thinking.modes}
        assert those(MESSAGES, "carry.leads", True) == budget

    def test_phases(self) -> None:
        """D: OpenAI's reasoning guide: 5.3-codex, 5.4 and newer; older models ignore them."""
        assert those(RESPONSES, "carry.phases", True) == {
            *(
                "gpt-5.3-codex",
                "gpt-5.4",
                "gpt-5.4-mini",
                "gpt-5.4-nano",
                "gpt-5.4-pro",
                "gpt-5.5",
                "gpt-5.5-pro",
            ),
            *GPT_ON_CONVERSE,
        }


@pytest.mark.parametrize("dialect", FACTS)
def test_what_is_not_known_of_a_model_has_the_cautious_default(dialect: Dialect) -> None:
    """A model whose row says nothing of tools: nothing is sent that somebody might refuse."""
    plain = {"glm-5", "qwen3-32b", "command-r", "nemotron-nano-9b", "minimax-m2", "llama3-3-70b-instruct"}
    cautious = Facts()
    for model in plain & FACTS[dialect].keys():
        facts = FACTS[dialect][model]
        for path in ("none", "some", "parallel", "strict", "name", "name_max", "custom", "hosted", "max"):
            assert getattr(facts.tools, path) == getattr(cautious.tools, path), (model, path)
        for path in (
            "declared",
            "text_beside",
            "beside_results",
            "results",
            "errors",
            "empty_results",
            "ids",
        ):
            assert getattr(facts.calls, path) == getattr(cautious.calls, path), (model, path)
        assert facts.carry.reasoning == "never"


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
def test_servers_that_speak_openais_api(dialect: Dialect) -> None:
    """They decide: their form of names and ids, and nothing optional."""
    profile = "openai-compatible"
    anything = Resolution(profile, profile, "exact", None, profile, None, None)
    facts = target_for(anything, "openai", dialect, RULES).facts
    assert (facts.tools.name, facts.calls.ids, facts.calls.declared) == ("dashed", "any", False)
    assert facts.calls.text_beside
    assert "image" in facts.calls.beside_results
    optional = (facts.tools.none, facts.tools.some, facts.tools.parallel, facts.tools.strict)
    assert optional == ("omit", "omit", "impossible", "never")
    assert (facts.tools.input.definitions, facts.carry.reasoning) == ("inlined", "never")
