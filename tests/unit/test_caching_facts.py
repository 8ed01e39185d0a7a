"""What is kept of prompts: a reading of its own, beside the rules; marks as in `test_input_facts`."""

from __future__ import annotations

from model_facts import (
    CHAT,
    CLAUDE,
    CLAUDE_3,
    CONVERSE,
    FACTS,
    GPT_ON_CONVERSE,
    GROK,
    MESSAGES,
    NOVA,
    OSS,
    RESPONSES,
    RESTRICTED,
    on_bedrock,
    those,
)

MARKED = CLAUDE - CLAUDE_3 - {"claude-3-5-sonnet", "claude-3-5-sonnet-20240620"}
NOVA_1 = NOVA - {"nova-2-lite", "nova-2-pro-preview"}


def test_who_takes_marks() -> None:
    """D: AWS's page; 3.5 Sonnet: preview alone; Nova 2: zeroclaw#8720, M; all others: a 400, M."""
    assert those(MESSAGES, "caching.points", 4) == MARKED
    assert those(CONVERSE, "caching.points", 4) == MARKED | NOVA_1
    assert those(CONVERSE, "caching.points", 0) == set(FACTS[CONVERSE]) - MARKED - NOVA_1


def test_where_marks_stand() -> None:
    """D: AWS's page; Nova: LibreChat#13838 and pi#2053, M."""
    for model in MARKED:
        for dialect in (MESSAGES, CONVERSE):
            found = FACTS[dialect][model].caching
            assert found.where == ("tools", "system", "messages"), model
            assert {"text", "image", "tool_call", "tool_result"} < set(found.after), model
            # strands#1966, M: on Converse behind a PDF, or one that may be cited; behind no other.
            assert ("document" if dialect == MESSAGES else "pdf") in found.after, model
            assert ("document" in found.after) == (dialect == MESSAGES), model
    for model in NOVA_1:
        found = FACTS[CONVERSE][model].caching
        assert (found.where, found.after, found.ttls) == (("system", "messages"), ("text",), ())


def test_times_and_least_lengths() -> None:
    """D: Prompt caching at Anthropic and AWS; of two numbers the larger."""
    hour = {model for model in MARKED if FACTS[MESSAGES][model].structured.native}
    hour |= {model for model in MARKED if FACTS[MESSAGES][model].sampling == "never"}
    least = {
        512: {"claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"}
        | {"claude-fable-5", "claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5-1"},
        2048: {"claude-3-5-haiku"},
        4096: {"claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7"},
    }
    for dialect in (MESSAGES, CONVERSE):
        assert those(dialect, "caching.ttls", ("5m", "1h")) == hour
        assert those(dialect, "caching.ttls", ("5m",)) == MARKED - hour
        for tokens, models in least.items():
            assert those(dialect, "caching.min_tokens", tokens) & MARKED == models
        rest = MARKED.difference(*least.values())
        assert rest <= those(dialect, "caching.min_tokens", 1024)
    preview = on_bedrock("claude-mythos-preview", MESSAGES).caching
    assert (preview.ttls, preview.min_tokens) == (("5m",), 4096)


def test_without_being_asked() -> None:
    """D: OpenAI's guide and prices; on Bedrock: Nova's guide, prices of the others, R."""
    assert those(CONVERSE, "caching.implicit", True) == {
        *(NOVA | GPT_ON_CONVERSE | GROK),
        *("kimi-k3", "kimi-k3.1", "glm-5.3"),
    }
    old = {"gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4-1106-preview", "gpt-4o-2024-05-13", *OSS}
    search = {"gpt-4o-search-preview", "gpt-4o-mini-search-preview"}
    dear = {"o1-pro", "o3-pro", "gpt-5-pro", "gpt-5.2-pro", "gpt-5.4-pro"}
    unknown = {"chatgpt-4o-latest", "computer-use-preview", *RESTRICTED}
    for dialect in (RESPONSES, CHAT):
        never = (old | search | dear | unknown) & set(FACTS[dialect])
        assert those(dialect, "caching.implicit", False) == never


def test_keys() -> None:
    """D: any model that caches; gpt-5-search-api: one library leaves the key out, R."""
    assert those(CHAT, "caching.key", False) == {
        *(those(CHAT, "caching.implicit", False) | {"gpt-5-search-api"}),
    }
    keyless = {model for model in those(RESPONSES, "caching.implicit", False) if "pro" not in model}
    assert those(RESPONSES, "caching.key", False) == keyless - {"computer-use-preview"}


def test_retention() -> None:
    """D: OpenAI's guide, but for gpt-4.1: home-assistant#161256, M."""
    both = {"gpt-5", "gpt-5-codex", "gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-mini", "gpt-5.1-codex-max"}
    both |= {"gpt-5.1-chat-latest", "gpt-5.2", "gpt-5.4"}
    for dialect in (RESPONSES, CHAT):
        listed = set(FACTS[dialect])
        assert those(dialect, "caching.retention", ("in_memory", "24h")) == both & listed
        assert those(dialect, "caching.retention", ("24h",)) == {"gpt-5.5", "gpt-5.5-pro"} & listed


def test_breakpoints() -> None:
    """D: OpenAI's guide: 5.6 and newer; 12h was a 400 on Chat, M; instructions hold none."""
    for dialect, times in ((RESPONSES, ("30m", "12h")), (CHAT, ("30m",))):
        assert those(dialect, "caching.breakpoints", True) == GPT_ON_CONVERSE
        assert those(dialect, "caching.options_ttls", times) == GPT_ON_CONVERSE
        assert those(dialect, "caching.points", 4) == GPT_ON_CONVERSE
    newest = {"gpt-6.2-astra", "gpt-6.2-sol"}
    assert those(RESPONSES, "caching.where", ("messages",)) == GPT_ON_CONVERSE - newest
    assert those(RESPONSES, "caching.where", ("system", "messages")) == newest
    assert those(CHAT, "caching.where", ("system", "messages")) == GPT_ON_CONVERSE
    assert those(RESPONSES, "caching.after", ("text", "image", "document")) == GPT_ON_CONVERSE


def test_openai_on_bedrock() -> None:
    """litellm#38489, M 2026-09-15 on Responses; a mark on Converse is refused, M."""
    for model in GPT_ON_CONVERSE:
        found = on_bedrock(model, RESPONSES).caching
        assert (found.key, found.breakpoints, found.options_ttls) == (True, True, ("30m",))
        for dialect in (CHAT, CONVERSE):
            found = on_bedrock(model, dialect).caching
            assert (found.key, found.breakpoints, found.options_ttls) == (False, False, ())
            assert (found.points, found.where) == (0, ())
