"""Which models take what of tools: the decisions that would earn a 400, or lose a wish, if they were wrong.

Each list was written down from the evidence named beside it, not read from the rules.
M: measured, D: documented, L: a library's table, R: reported. Where sources disagree, what cannot earn a 400
stands.
"""

from __future__ import annotations

from model_facts import (
    CHAT,
    CLAUDE,
    CONVERSE,
    FACTS,
    GPT_ON_CONVERSE,
    GROK,
    MESSAGES,
    NOVA,
    OSS,
    RESPONSES,
    RESTRICTED,
    takes_tools,
    those,
)

from smartllm.rules import Dialect


def takes_hosted(dialect: Dialect) -> set[str]:
    return set(FACTS[dialect]) - those(dialect, "tools.hosted", ())


class TestTools:
    def test_none_at_all(self) -> None:
        """D: AWS's table of features. R1: kortix-ai/suna#3706, M. Gemma takes them: a probe, M 2026-10."""
        assert set(FACTS[CONVERSE]) - takes_tools(CONVERSE) == {
            *("titan-text-express", "titan-text-lite", "titan-text-premier", "r1", "jamba-instruct"),
            *("llama3-8b-instruct", "llama3-70b-instruct", "llama3-2-1b-instruct", "llama3-2-3b-instruct"),
            *("mistral-7b-instruct", "mixtral-8x7b-instruct"),
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
        assert those(CHAT, "tools.forced", "effort-none") == those(CHAT, "tools.functions", "effort-none")
        assert those(CONVERSE, "tools.functions", "effort-none") == set()

    def test_never_on_chat_where_reasoning_cannot_be_off(self) -> None:
        """R: openai-openapi#541; search models, o1-preview and chatgpt-4o-latest: their model pages, D."""
        none = set(FACTS[CHAT]) - takes_tools(CHAT)
        assert none == {
            *("gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6.2-astra", "gpt-6.2-sol", "chat-latest"),
            *("o1-preview", "o1-mini", "gpt-5-search-api", "chatgpt-4o-latest"),
            *("gpt-4o-search-preview", "gpt-4o-mini-search-preview"),
        }
        for dialect, models in FACTS.items():
            never = set(models) - takes_tools(dialect)
            assert never <= those(dialect, "tools.strict", "never")
            assert never <= those(dialect, "tools.parallel", "impossible")
            assert never & (set(FACTS[RESPONSES]) | set(FACTS[CHAT])) <= those(
                dialect, "tools.forced", "never"
            )

    def test_free_text(self) -> None:
        """D: since GPT-5. That those are exempt on Chat from 5.4 on is one library's, L: not there."""
        before = {model for model in FACTS[RESPONSES] if model.startswith(("gpt-3", "gpt-4", "o", "chatgpt"))}
        before |= {"codex-mini-latest", "computer-use-preview", "gpt-5-chat-latest"}
        assert those(RESPONSES, "tools.custom", True) == set(FACTS[RESPONSES]) - before - OSS - RESTRICTED
        assert those(CHAT, "tools.custom", True) == {
            *("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2"),
            *("gpt-5.1-chat-latest", "gpt-5.2-chat-latest", "gpt-5.3-chat-latest"),
        }
        assert those(MESSAGES, "tools.custom", True) == those(CONVERSE, "tools.custom", True) == set()

    def test_not_in_streams(self) -> None:
        """D: AWS's table; Llama 4: earendil-works/pi#3739, M 2026-04-26; Palmyra: langchain-aws#466, R;
        Mistral Large 2407 and Pixtral: strands-agents/harness-sdk#32.
        """
        assert takes_tools(CONVERSE) - those(CONVERSE, "tools.streaming", True) == {
            *("llama3-1-8b-instruct", "llama3-1-70b-instruct", "llama3-1-405b-instruct"),
            *("llama3-2-11b-instruct", "llama3-2-90b-instruct", "llama3-3-70b-instruct"),
            *("llama4-maverick-17b-instruct", "llama4-scout-17b-instruct"),
            *("mistral-small-2402", "mistral-large-2402", "palmyra-x4", "palmyra-x5"),
            *("mistral-large-2407", "pixtral-large-2502"),
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

    def test_nova_takes_few_keywords_at_the_top(self) -> None:
        """D: Nova's troubleshooting page; lastmile-ai/mcp-agent#126, M; closed objects: cassettes, M."""
        assert those(CONVERSE, "tools.input.top", "bare") == NOVA

    def test_definitions_are_kept_for_claude_and_openai(self) -> None:
        """pydantic-ai, L; vllm#46924, M for gpt-oss."""
        assert those(CONVERSE, "tools.input.definitions", "kept") == CLAUDE | GPT_ON_CONVERSE
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "tools.input.definitions", "inlined") == OSS

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

    def test_tools_of_the_provider(self) -> None:
        """D: OpenAI's and Anthropic's types; AWS's SystemTool; langchain-aws for Nova 2. Unverified: none."""
        unverified = {"gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4-1106-preview", "gpt-4o-2024-05-13"}
        assert those(RESPONSES, "tools.hosted", ()) == unverified | {"chatgpt-4o-latest"} | RESTRICTED | OSS
        old = {model for model in CLAUDE if model.startswith("claude-3")}
        assert those(MESSAGES, "tools.hosted", ("bash", "text_editor", "memory", "computer")) == CLAUDE - old
        assert set(FACTS[CONVERSE]) - those(CONVERSE, "tools.hosted", ()) == {
            "nova-2-lite",
            "nova-2-pro-preview",
        }

    def test_beside_them_openais_models_choose_alone(self) -> None:
        """gpt-5 took auto alone, M; what Claude has on Bedrock its caller runs, D; Nova 2: cassettes, M."""
        assert those(CONVERSE, "tools.beside_hosted", "all") == {"nova-2-lite", "nova-2-pro-preview"}
        assert those(MESSAGES, "tools.beside_hosted", "auto") & takes_hosted(MESSAGES) == set()
        assert those(RESPONSES, "tools.beside_hosted", "all") == set()

    def test_numbers_are_limits_of_chat(self) -> None:
        """array_above_max_length, string_above_max_length, M: getsentry/sentry-mcp#106."""
        assert those(CHAT, "tools.max", 128) == those(CHAT, "tools.description_max", 1024) == set(FACTS[CHAT])
        assert those(RESPONSES, "tools.max", None) == set(FACTS[RESPONSES])


class TestChoice:
    def test_a_tool_can_be_forced_on_converse(self) -> None:
        """D: AWS's ToolChoice page; Nova: M; GPT: see above; Grok 4.6: langchain-aws#1239, M; GLM 5.3: L."""
        mistral = {"mistral-large-2402", "mistral-large-2407"}  # Small and Large 3 are disputed: never
        forced = those(CONVERSE, "tools.forced", "always") & takes_tools(CONVERSE)
        assert forced - CLAUDE == NOVA | GPT_ON_CONVERSE | GROK | mistral | {"glm-5.3"}
        assert those(CONVERSE, "tools.forced", "unless-thinking") - CLAUDE == {
            *("v3", "v3.2", "glm-4.7", "glm-4.7-flash", "glm-5"),  # langchain-aws#1261, M 2026-09-05; L
        }

    def test_a_tool_can_be_forced_on_claude(self) -> None:
        """D: Define tools; cassettes of pydantic-ai, M for Opus 5 and Sonnet 5; claude-cookbooks#854, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "tools.forced", "never") & CLAUDE == {
                *("claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5", "claude-fable-5-1"),
                *("claude-fable-5-2", "claude-mythos-5-1"),
            }
            assert those(dialect, "tools.forced", "unless-thinking") & CLAUDE == {
                *("claude-3-7-sonnet", "claude-sonnet-4", "claude-opus-4", "claude-opus-4-1"),
                *("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5"),
                *("claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-7"),
            }
            assert those(dialect, "tools.forced", "skips-thinking") == {
                *("claude-opus-4-8", "claude-sonnet-5", "claude-opus-5", "claude-haiku-5-5"),
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
            *OSS,
        }
        assert those(CONVERSE, "tools.parallel", "field", "choice") == set()

    def test_openai_says_all_of_it_in_the_choice(self) -> None:
        """D: Function calling; allowed_tools: cassettes, M. gpt-oss: no effect, langchain-aws#1268, M."""
        for dialect in (RESPONSES, CHAT):
            assert (
                those(dialect, "tools.none", "omit")
                == those(dialect, "tools.some", "omit")
                == OSS & set(FACTS[dialect])
            )
        assert those(CONVERSE, "tools.some", "choice") == those(MESSAGES, "tools.some", "choice") == set()
        assert those(MESSAGES, "tools.parallel", "choice") == CLAUDE

    def test_named_is_not_obeyed_everywhere(self) -> None:
        """langchain-aws#1261, M; langchain, L for GLM; AWS's ToolChoice page for Mistral Large, D."""
        forced = set(FACTS[CONVERSE]) - those(CONVERSE, "tools.forced", "never")
        assert those(CONVERSE, "tools.choice", "any") & forced == {
            *("mistral-large-2402", "mistral-large-2407"),
            *("v3", "v3.2", "glm-4.7", "glm-4.7-flash", "glm-5"),
        }

    def test_how_much_is_strict(self) -> None:
        """D: Anthropic's page on strict tools."""
        for dialect in (MESSAGES, CONVERSE):
            for model in those(dialect, "tools.strict", "accepted"):
                limits = FACTS[dialect][model].tools.strict_limits
                assert (limits.tools, limits.optional, limits.unions) == (20, 24, 16)

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
            *OSS,
        }
