"""Which models take what of tools: the decisions that would earn a 400, or lose a wish, if they were wrong.

Each list was written down from the evidence named beside it, not read from the rules.
M: measured, D: documented, L: a library's table, R: reported. Where sources disagree, what cannot earn a 400
stands.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest

from smartllm.rules import Dialect, Facts, load_rules, resolve, served_on, target_for

RULES = load_rules()
CHAT: Dialect = "openai_chat"
RESPONSES: Dialect = "openai_responses"
MESSAGES: Dialect = "anthropic_messages"
CONVERSE: Dialect = "bedrock_converse"


def facts_on(dialect: Dialect) -> dict[str, Facts]:
    """The facts of each listed model that is served on a dialect."""
    found: dict[str, Facts] = {}
    for model in RULES.table("model"):
        resolution = resolve(model, RULES)
        for host in RULES.table("host"):
            if dialect in served_on(resolution, host, RULES):
                found.setdefault(model, target_for(resolution, host, dialect, RULES).facts)
    return found


FACTS: dict[Dialect, dict[str, Facts]] = {
    dialect: facts_on(dialect) for dialect in (RESPONSES, CHAT, MESSAGES, CONVERSE)
}


def those(dialect: Dialect, path: str, *values: Any) -> set[str]:
    """The models whose fact has one of some values."""
    return {model for model, facts in FACTS[dialect].items() if attrgetter(path)(facts) in values}


def takes_tools(dialect: Dialect) -> set[str]:
    return set(FACTS[dialect]) - those(dialect, "tools.functions", "never")


CLAUDE = set(FACTS[MESSAGES])
NOVA = {"nova-micro", "nova-lite", "nova-pro", "nova-premier", "nova-2-lite", "nova-2-pro-preview"}
GROK = {"grok-4.6", "grok-4.7"}
# langchain-aws#1268, M 2026-09-10, on 5.6-sol and 6-astra
GPT_ON_CONVERSE = {
    *("gpt-5.6", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna"),
    *("gpt-6.1-sol", "gpt-6.1-terra", "gpt-6.2-astra", "gpt-6.2-sol"),
}
# mistral.ai's own form of ids; vercel/ai rewrites on Bedrock, L. All of Mistral's that take tools.
MISTRAL = {
    *("mistral-small-2402", "mistral-large-2402", "mistral-large-2407", "pixtral-large-2502"),
    *("mistral-large-3-675b-instruct", "ministral-3-3b-instruct", "ministral-3-8b-instruct"),
    *("ministral-3-14b-instruct", "devstral-2-123b", "voxtral-small-24b-2507", "voxtral-mini-3b-2507"),
    "magistral-small-2509",
}


class TestTools:
    def test_none_at_all(self) -> None:
        """D: AWS's table of features. R1: kortix-ai/suna#3706, M. Gemma: disputed."""
        assert set(FACTS[CONVERSE]) - takes_tools(CONVERSE) == {
            *("titan-text-express", "titan-text-lite", "titan-text-premier", "r1", "jamba-instruct"),
            *("llama3-8b-instruct", "llama3-70b-instruct", "llama3-2-1b-instruct", "llama3-2-3b-instruct"),
            *("mistral-7b-instruct", "mixtral-8x7b-instruct"),
            *("gemma-3-4b-it", "gemma-3-12b-it", "gemma-3-27b-it"),
        }

    def test_on_chat_from_gpt_5_4_only_without_reasoning(self) -> None:
        """R: openai-openapi#541; D: those without effort none never take them."""
        assert those(CHAT, "tools.functions", "effort-none") == {
            *(
                "gpt-5.4",
                "gpt-5.4-mini",
                "gpt-5.4-nano",
                "gpt-5.5",
                "gpt-5.6",
                "gpt-5.6-sol",
                "gpt-5.6-terra",
            ),
            *("gpt-5.6-luna", "gpt-6-sol", "gpt-6-luna"),
        }
        assert those(CONVERSE, "tools.functions", "effort-none") == set()

    def test_not_in_streams(self) -> None:
        """D: AWS's table; Llama 4: earendil-works/pi#3739, M 2026-04-26; Palmyra: langchain-aws#466, R."""
        assert takes_tools(CONVERSE) - those(CONVERSE, "tools.streaming", True) == {
            *("llama3-1-8b-instruct", "llama3-1-70b-instruct", "llama3-1-405b-instruct"),
            *("llama3-2-11b-instruct", "llama3-2-90b-instruct", "llama3-3-70b-instruct"),
            *("llama4-maverick-17b-instruct", "llama4-scout-17b-instruct"),
            *("mistral-small-2402", "mistral-large-2402", "palmyra-x4", "palmyra-x5"),
        }

    def test_held_back_in_streams(self) -> None:
        """D: Fine-grained tool streaming; earendil-works/pi#7375, M: 368 s. The beta is unproven before 4."""
        old = {model for model in CLAUDE if model.startswith("claude-3")}
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "tools.buffered", True) == CLAUDE
            assert those(dialect, "tools.unbuffered_by", "") & CLAUDE == old

    def test_a_nova_name_has_no_hyphen(self) -> None:
        """SEMOSS/Semoss#2892, M."""
        assert those(CONVERSE, "tools.name", "dashed") == CLAUDE

    def test_nova_takes_three_keywords_at_the_top(self) -> None:
        """D: Nova's troubleshooting page; lastmile-ai/mcp-agent#126, M."""
        assert those(CONVERSE, "tools.input.top", "bare") == NOVA

    def test_definitions_are_kept_for_claude_and_openai(self) -> None:
        """pydantic-ai, L; vllm#46924, M for gpt-oss."""
        assert those(CONVERSE, "tools.input.definitions", "kept") == CLAUDE | GPT_ON_CONVERSE
        oss = {"gpt-oss-120b", "gpt-oss-20b", "gpt-oss-safeguard-20b"}
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "tools.input.definitions", "inlined") == oss

    def test_claude_checks_names_of_properties(self) -> None:
        """anthropics/claude-code#79418 and accelerated-intelligent-document-processing-on-aws#709, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "tools.input.property_names", "ascii") == CLAUDE

    def test_only_gpt_5_4_nano_of_its_generation_refuses_tool_search(self) -> None:
        """D: its model page."""
        hosted = {model: facts.tools.hosted for model, facts in FACTS[RESPONSES].items()}
        assert "tool_search" not in hosted["gpt-5.4-nano"]
        assert "tool_search" in hosted["gpt-5.4-mini"]
        assert "mcp" in hosted["gpt-5.4-nano"]
        assert those(CHAT, "tools.hosted", ()) == set(FACTS[CHAT])

    def test_numbers_are_limits_of_chat(self) -> None:
        """array_above_max_length, string_above_max_length, M: getsentry/sentry-mcp#106."""
        assert those(CHAT, "tools.max", 128) == those(CHAT, "tools.description_max", 1024) == set(FACTS[CHAT])
        assert those(RESPONSES, "tools.max", None) == set(FACTS[RESPONSES])


class TestChoice:
    def test_a_tool_can_be_forced_on_converse(self) -> None:
        """D: AWS's ToolChoice page; Nova: M; GPT: see above; Grok 4.6: langchain-aws#1239, M; GLM 5.3: L."""
        # Small and Large 3 are disputed: structured output rests on what was stated first.
        mistral = {
            *("mistral-small-2402", "mistral-large-2402", "mistral-large-2407"),
            "mistral-large-3-675b-instruct",
        }
        forced = those(CONVERSE, "tools.forced", "always") & takes_tools(CONVERSE)
        assert forced - CLAUDE == NOVA | GPT_ON_CONVERSE | GROK | mistral | {"glm-5.3"}
        assert those(CONVERSE, "tools.forced", "unless-thinking") - CLAUDE == {
            *("v3", "v3.2", "glm-4.7", "glm-4.7-flash", "glm-5"),  # langchain-aws#1261, M 2026-09-05; L
        }

    def test_a_tool_can_be_forced_on_claude(self) -> None:
        """D: Define tools; cassettes of pydantic-ai, M for Opus 5 and Sonnet 5; claude-cookbooks#854, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "tools.forced", "never") & CLAUDE == {
                *("claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-fable-5-2"),
            }
            assert those(dialect, "tools.forced", "skips-thinking") == {
                *(
                    "claude-opus-4-8",
                    "claude-sonnet-5",
                    "claude-opus-5",
                    "claude-haiku-5-5",
                    "claude-fable-5",
                ),
            }

    def test_calls_can_be_kept_off(self) -> None:
        """D: each provider's page; Converse: boto3#4687, none; LiteLLM's way, L, from 4.5."""
        assert those(MESSAGES, "tools.none", "choice") == CLAUDE
        before = {
            *("claude-sonnet-4", "claude-opus-4", "claude-opus-4-1"),
            *(model for model in CLAUDE if model.startswith("claude-3")),
        }
        assert those(CONVERSE, "tools.none", "additional") == CLAUDE - before
        assert those(CONVERSE, "tools.parallel", "additional") == CLAUDE - before
        assert those(CONVERSE, "tools.none", "choice") == set()

    def test_parallel_calls_cannot_be_switched_off(self) -> None:
        """run-llama/llama_index#20865, defog#171, inspect_ai#1023, M: any value is a 400 on the o series."""
        refuse = those(RESPONSES, "tools.parallel", "impossible") & takes_tools(RESPONSES)
        assert refuse == {
            *("o1", "o1-pro", "o3-mini", "o3", "o3-pro", "o4-mini", "codex-mini-latest"),
            *("gpt-oss-120b", "gpt-oss-20b", "gpt-oss-safeguard-20b"),
        }
        assert those(CONVERSE, "tools.parallel", "field", "choice") == set()

    def test_the_strict_key(self) -> None:
        """litellm#33193, M 2026-07-27; litellm#35688: refused by presence; lobehub#19876, M 2026-09-23."""
        accepted = {
            *(
                "claude-sonnet-4-5",
                "claude-haiku-4-5",
                "claude-opus-4-5",
                "claude-sonnet-4-6",
                "claude-opus-4-6",
            ),
        }
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "tools.strict", "accepted") == accepted
            assert those(dialect, "tools.strict", "spelled") == set()
        # D: Responses without it tries strict by itself, so that it is always spelled.
        spelled = those(RESPONSES, "tools.strict", "spelled")
        assert spelled == takes_tools(RESPONSES) - {
            *("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4-1106-preview", "gpt-4o-2024-05-13"),
            *("gpt-oss-120b", "gpt-oss-20b", "gpt-oss-safeguard-20b"),
        }


class TestCalls:
    def test_text_beside_calls_and_results(self) -> None:
        """langchain-aws#1118, M for Llama and Mistral; strands#1223, R; Claude and Nova: cassettes, M."""
        assert those(CONVERSE, "calls.text_beside", True) == CLAUDE | NOVA
        assert those(CONVERSE, "calls.beside_results", ("text",)) == CLAUDE | NOVA
        assert those(CHAT, "calls.text_beside", False) == set()

    def test_errors_have_a_flag(self) -> None:
        """D: ToolResultBlock.status is for Nova and Claude; Palmyra refuses it (pydantic-ai#6081)."""
        assert those(CONVERSE, "calls.errors", "flag") == CLAUDE | NOVA
        assert those(MESSAGES, "calls.errors", "flag") == CLAUDE

    def test_results_hold_media(self) -> None:
        """D: ToolResultContentBlock; Nova: Returning tool results; Chat takes text alone (OpenAI's spec)."""
        assert those(CONVERSE, "calls.results", ("text",)) == set(FACTS[CONVERSE]) - CLAUDE - (
            NOVA - {"nova-micro"}
        )
        assert those(CHAT, "calls.results", ("text",)) == set(FACTS[CHAT])

    def test_tools_are_declared_where_calls_are(self) -> None:
        """dify#17545, experiential#399, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "calls.declared", True) == set(FACTS[dialect])
        assert those(RESPONSES, "calls.declared", True) == those(CHAT, "calls.declared", True) == set()

    def test_forms_of_ids(self) -> None:
        """Mistral: see above; Kimi: llxprt-code#713, M; K3 repeats its ids: fw-ai/fireconnect#16, M."""
        assert those(CONVERSE, "calls.ids", "nine") == MISTRAL
        assert those(CONVERSE, "calls.ids", "counted") == {"kimi-k2-thinking", "kimi-k2.5"}
        assert those(CONVERSE, "calls.ids_repeat", True) == {"kimi-k3"}
        assert those(CONVERSE, "calls.ids", "any") == set()


class TestReasoning:
    def test_what_goes_back(self) -> None:
        """D: Anthropic's thinking page, from 3.7; GPT: inspect_ai#5217, M; others refuse or are disputed."""
        old = {
            model for model in CLAUDE if model.startswith(("claude-3-haiku", "claude-3-sonnet", "claude-3-o"))
        }
        old |= {"claude-3-5-haiku", "claude-3-5-sonnet", "claude-3-5-sonnet-20240620"}
        assert those(CONVERSE, "carry.reasoning", "signed") == CLAUDE - old
        assert those(CONVERSE, "carry.reasoning", "sealed") == GPT_ON_CONVERSE
        assert those(CONVERSE, "messages.reasoning", True) == CLAUDE - old
        assert those(CHAT, "carry.reasoning", "never") == set(FACTS[CHAT])

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
    plain = {"kimi-k3", "qwen3-32b", "command-r", "nemotron-nano-9b", "minimax-m2", "llama3-3-70b-instruct"}
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
