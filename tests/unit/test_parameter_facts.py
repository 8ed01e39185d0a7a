"""Which model takes which parameter: the table against a compact reading of the pages and reports.

M is somebody's live request, D a provider's page or SDK, R a library's code or one report; as of 2026-11-25.
"""

from __future__ import annotations

import pytest
from model_facts import (
    CHAT,
    CLAUDE,
    CONVERSE,
    FACTS,
    GPT_ON_CONVERSE,
    MESSAGES,
    OSS,
    RESPONSES,
    RESTRICTED,
    those,
)

PLAIN = {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "chatgpt-4o-latest"} | {
    "gpt-3.5-turbo",
    "gpt-4",
    "gpt-4-turbo",
    "gpt-4-1106-preview",
    "gpt-4o-2024-05-13",
}
"""OpenAI's models that do not reason and of which what they take is known."""
NONE = {
    "gpt-5.1",
    "gpt-5.2",
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.4-nano",
    "gpt-5.5",
    "gpt-6-sol",
    "gpt-6-luna",
} | {
    "gpt-5.6",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
}
"""Those that reason, but not at effort none."""
UNKNOWN_SEED = {
    "chatgpt-4o-latest",
    "gpt-4o-search-preview",
    "gpt-4o-mini-search-preview",
    "o1-preview",
    "o1-mini",
}


class TestGeneration:
    def test_stop_sequences(self) -> None:
        """smolagents#1868, crewAI#4149, M; Grok, GPT and K2 Thinking on Converse: LiteLLM 2026-10-09, M."""
        assert those(CHAT, "stop_sequences.accepted", True) == PLAIN | OSS
        assert those(RESPONSES, "stop_sequences.accepted", True) == set()
        assert those(MESSAGES, "stop_sequences.accepted", True) == CLAUDE
        refused = {"grok-4.6", "grok-4.7", "mistral-large-2407"}
        refused |= {"kimi-k2-thinking", "kimi-k2.5", "kimi-k3", "kimi-k3.1"}
        titan = {"titan-text-express", "titan-text-lite", "titan-text-premier"}
        assert those(CONVERSE, "stop_sequences.accepted", False) == refused | titan | GPT_ON_CONVERSE

    def test_how_many_and_which(self) -> None:
        """D: OpenAI's SDK, the service model of Bedrock; litellm#3286, M."""
        assert those(CHAT, "stop_sequences.max", 4) >= PLAIN
        assert those(CONVERSE, "stop_sequences.max", 10) == {"r1"}
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "stop_sequences.blank", False) == CLAUDE

    def test_seed(self) -> None:
        """D: OpenAI's SDK; gpt-5-search-api takes none, R."""
        assert those(CHAT, "seed.accepted", False) == UNKNOWN_SEED | {"gpt-5-search-api"}
        for dialect in (RESPONSES, MESSAGES, CONVERSE):
            assert those(dialect, "seed.accepted", True) == set()

    @pytest.mark.parametrize("name", ["presence_penalty", "frequency_penalty"])
    def test_penalties(self, name: str) -> None:
        """A 400 for models that reason, M; at effort none two libraries disagree: none is sent."""
        assert those(CHAT, f"{name}.accepted", True) == PLAIN | OSS
        for dialect in (RESPONSES, MESSAGES, CONVERSE):
            assert those(dialect, f"{name}.accepted", True) == set()

    @pytest.mark.parametrize("name", ["logprobs", "top_logprobs"])
    def test_logprobs(self, name: str) -> None:
        """D: using GPT-5.4; never gpt-6-astra, 6.1 and 6.2."""
        for dialect in (RESPONSES, CHAT):
            accepted = those(dialect, f"{name}.accepted", True)
            assert accepted == (PLAIN | NONE) & set(FACTS[dialect])
            assert accepted & those(dialect, f"{name}.thinking", ()) == NONE & set(FACTS[dialect])
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, f"{name}.accepted", True) == set()

    def test_summaries_of_reasoning(self) -> None:
        """D: OpenAI's SDK (concise: computer-use and after gpt-5); Claude: its page on thinking."""
        three = ("auto", "concise", "detailed")
        newer = {"gpt-5.2-pro", "gpt-5.4-pro", "gpt-5.5-pro", "gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra"}
        newest = {"gpt-6.2-astra", "gpt-6.2-sol"}
        assert those(RESPONSES, "reasoning_summary.levels", three) == NONE | newer | newest
        assert those(RESPONSES, "reasoning_summary.levels", ("auto", "concise")) == {"computer-use-preview"}
        assert (
            those(RESPONSES, "reasoning_summary.levels", ("auto", "detailed")) >= {"o3", "gpt-5"} | RESTRICTED
        )
        assert those(RESPONSES, "reasoning_summary.levels", ()) >= PLAIN
        assert those(CHAT, "reasoning_summary.levels", ()) == set(FACTS[CHAT])
        older = {model for model in CLAUDE if model < "claude-4" or "-4-1" in model or "4-5" in model}
        for dialect in (MESSAGES, CONVERSE):
            shown = those(dialect, "reasoning_summary.levels", ("summarized",))
            assert shown == those(dialect, "reasoning_summary.needs_thinking", True)
            assert {"claude-opus-4-7", "claude-sonnet-5", "claude-haiku-5-5", "claude-fable-5"} <= shown
            assert not shown & (older | {"claude-opus-4-6", "claude-sonnet-4-6"})


class TestService:
    def test_tiers_of_openai(self) -> None:
        """D: OpenAI's price list (July) up to 5.6; for 6 the models' pages: fast mode, flex."""
        flex = NONE | {"o3", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.4-pro", "gpt-5.5-pro"}
        flex |= {"gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra"}
        priority = NONE - {"gpt-5.4-nano"} | {
            "o3",
            "o4-mini",
            "gpt-5",
            "gpt-5-mini",
            "gpt-6-astra",
            "gpt-6.1-sol",
            "gpt-6.1-terra",
            "gpt-6.2-sol",
        }
        priority |= {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"}
        priority |= {"gpt-4o-2024-05-13", "gpt-5.3-codex"}
        for dialect in (RESPONSES, CHAT):
            tiers = {model: facts.service_tier.values for model, facts in FACTS[dialect].items()}
            assert {model for model, values in tiers.items() if "flex" in values} == flex & set(tiers)
            assert {model for model, values in tiers.items() if "priority" in values} == priority & set(tiers)
            assert {model for model, values in tiers.items() if not values} == OSS

    def test_tiers_of_bedrock(self) -> None:
        """R: LiteLLM's prices; D: cards of Nova 2 Lite, Kimi K3, Haiku 4.5, Sonnet 4.6; GPT: default, M."""
        tiers = {model: set(facts.service_tier.values) for model, facts in FACTS[CONVERSE].items()}
        assert all("default" in values for values in tiers.values())
        assert {model for model, values in tiers.items() if "reserved" in values} == {
            "claude-haiku-4-5",
            "claude-sonnet-4-6",
        }
        assert {model for model, values in tiers.items() if values == {"default", "priority"}} == {
            "kimi-k2-thinking",
            "glm-5",
            "qwen3-vl-235b-a22b",
            "qwen3-coder-30b-a3b",
            "nova-premier",
        }
        assert {model for model, values in tiers.items() if values == {"default", "flex"}} == {
            "qwen3-235b-a22b-2507"
        }
        both = {model for model, values in tiers.items() if {"flex", "priority"} <= values}
        assert OSS | {"v3.2", "nova-pro", "nova-2-lite", "qwen3-32b", "grok-4.7", "glm-5.3"} <= both
        assert not both & (
            CLAUDE | GPT_ON_CONVERSE | {"v3", "r1", "nova-lite", "kimi-k3", "pixtral-large-2502"}
        )

    def test_records(self) -> None:
        """litellm#23108, M: metadata on Chat is a 400 without store; D: requestMetadata of Converse."""
        for dialect in (RESPONSES, CHAT):
            for fact in ("metadata.accepted", "user.accepted", "store.accepted"):
                assert those(dialect, fact, False) == OSS
        assert those(CHAT, "metadata.needs_store", True) == set(FACTS[CHAT]) - OSS
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "metadata.characters", "aws") == set(FACTS[dialect])
            assert those(dialect, "store.accepted", True) == set()
        assert those(MESSAGES, "user.accepted", True) == CLAUDE
        assert those(CONVERSE, "user.accepted", True) == set()

    def test_guardrails(self) -> None:
        """D: guardrails belong to Bedrock; strands#713, M: the open weights fail with them."""
        assert those(CONVERSE, "guardrail.accepted", False) == OSS
        assert those(MESSAGES, "guardrail.accepted", False) == set()
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "guardrail.accepted", True) == set()
