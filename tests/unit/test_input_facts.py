"""Who takes what beside text: a reading of the pages of its own, beside the rules.

M was measured live, D documented, R reported; what nobody knows is not sent.
"""

from __future__ import annotations

from pathlib import Path

import pytest
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
    RULES,
    on_bedrock,
    those,
)

from smartllm.rules import Dialect, Resolution, load_rules, target_for
from smartllm.rules.lint import lint
from smartllm.rules.vocabulary.input import KINDS, is_among

LLAMA_4 = {"llama4-maverick-17b-instruct", "llama4-scout-17b-instruct"}
VOXTRAL = {"voxtral-small-24b-2507", "voxtral-mini-3b-2507"}
COMPATIBLE = Resolution("x", "x", "exact", None, "openai-compatible", None, None)
OLD_CLAUDE = {model for model in CLAUDE if model.startswith("claude-3")}
OFFICE = "application/vnd.openxmlformats-officedocument."


def taking(dialect: Dialect, kind: str) -> set[str]:
    """The models that take a kind."""
    return set(FACTS[dialect]) - those(dialect, f"input.{kind}.sources", ())


class TestKinds:
    def test_pictures_on_bedrock(self) -> None:
        """D: AWS's table of features; M for Llama 4, Pixtral, Qwen3-VL, Kimi; else two catalogues, R."""
        assert taking(MESSAGES, "image") == CLAUDE - {"claude-3-5-haiku"}
        assert taking(CONVERSE, "image") == {
            *(CLAUDE - {"claude-3-5-haiku"}),
            *(NOVA - {"nova-micro"}),
            *GPT_ON_CONVERSE,
            *LLAMA_4,
            *GROK,
            *("llama3-2-11b-instruct", "llama3-2-90b-instruct", "pixtral-large-2502"),
            *("mistral-large-3-675b-instruct", "ministral-3-3b-instruct", "ministral-3-8b-instruct"),
            *("ministral-3-14b-instruct", "magistral-small-2509", "qwen3-vl-235b-a22b"),
            *("kimi-k2.5", "kimi-k3", "kimi-k3.1", "nemotron-nano-12b"),
            *("gemma-3-4b-it", "gemma-3-12b-it", "gemma-3-27b-it"),
        }

    def test_documents_on_bedrock(self) -> None:
        """D: AWS's table of features; M for Llama 4, Pixtral, Palmyra; GPT and Qwen3-VL refuse them, M."""
        assert taking(MESSAGES, "document") == CLAUDE - CLAUDE_3
        assert taking(CONVERSE, "document") == {
            *CLAUDE,
            *(NOVA - {"nova-micro"}),
            *LLAMA_4,
            *("titan-text-express", "titan-text-lite", "pixtral-large-2502"),
            *("jamba-1-5-large", "jamba-1-5-mini", "palmyra-x4", "palmyra-x5"),
        }

    def test_sound_and_film(self) -> None:
        """Voxtral: harness-sdk#3862, M; film: Nova alone, M 2026-10; OpenAI's are not listed."""
        assert taking(CONVERSE, "audio") == VOXTRAL
        assert taking(CONVERSE, "video") == NOVA - {"nova-micro"}
        for dialect in (MESSAGES, RESPONSES, CHAT):
            assert taking(dialect, "audio") == taking(dialect, "video") == set()

    def test_openai(self) -> None:
        """D: model pages and the guides of pictures and files, which want gpt-4o or later."""
        blind = {"gpt-3.5-turbo", "gpt-4", "gpt-4-1106-preview", "o3-mini", *OSS}
        chat = {"o1-preview", "o1-mini", "gpt-4o-search-preview", "gpt-4o-mini-search-preview"}
        unread = {"gpt-4-turbo", "chatgpt-4o-latest", "gpt-5-chat-latest"}
        assert set(FACTS[CHAT]) - taking(CHAT, "image") == {*blind, *chat, "gpt-5-search-api"}
        assert taking(CHAT, "image") - taking(CHAT, "document") == unread
        assert set(FACTS[RESPONSES]) - taking(RESPONSES, "image") == {
            *blind,
            *RESTRICTED,
            "gpt-5.3-codex-spark",
            "codex-mini-latest",
        }
        assert taking(RESPONSES, "image") - taking(RESPONSES, "document") == {*unread, "computer-use-preview"}

    def test_openai_on_bedrock(self) -> None:
        """D: OpenAI's guide to Bedrock: data or S3, no address; files are refused, M."""
        for model in GPT_ON_CONVERSE:
            for dialect, sources in ((RESPONSES, ("data", "s3")), (CHAT, ("data",)), (CONVERSE, ("data",))):
                found = on_bedrock(model, dialect)
                assert found.input.image.sources == sources, (model, dialect)
                assert found.input.document.sources == (), (model, dialect)
                assert found.input.max_encoded == 25_000_000, (model, dialect)
                assert ("image" in found.calls.results) == (dialect == RESPONSES), (model, dialect)
        for model in OSS:
            for dialect in (RESPONSES, CHAT, CONVERSE):
                assert not any(getattr(on_bedrock(model, dialect).input, kind).sources for kind in KINDS)


class TestForms:
    def test_sources(self) -> None:
        """D: an address and a file's id are OpenAI's; S3 is Nova's alone, harness-sdk#3610, M."""
        for kind in ("image", "document"):
            assert those(MESSAGES, f"input.{kind}.sources", ("data",)) == taking(MESSAGES, kind)
            assert those(CONVERSE, f"input.{kind}.sources", ("data", "s3")) == NOVA - {"nova-micro"}
            every = ("data", "url", "file_id")
            assert those(RESPONSES, f"input.{kind}.sources", every) == taking(RESPONSES, kind)
        assert those(CHAT, "input.image.sources", ("data", "url")) == taking(CHAT, "image")
        assert those(CHAT, "input.document.sources", ("data", "file_id")) == taking(CHAT, "document")

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("dialect", FACTS)
    def test_who_takes_a_kind_states_forms(self, dialect: Dialect, kind: str) -> None:
        for model in taking(dialect, kind):
            found = getattr(FACTS[dialect][model].input, kind)
            assert "data" in found.sources, model
            assert found.formats, model
            if kind != "document":
                assert all(one.startswith(f"{kind}/") for one in found.formats), model

    def test_pictures(self) -> None:
        """D: Vision, AWS's Message and OpenAI's guide, which takes no animation."""
        for dialect, models in FACTS.items():
            for model in taking(dialect, "image"):
                found = models[model].input.image
                assert set(found.formats) == {"image/png", "image/jpeg", "image/gif", "image/webp"}
                assert found.animated == (dialect in {MESSAGES, CONVERSE})
                large = dialect in {RESPONSES, CHAT}
                sizes = (None, None) if large else (3_750_000, 8000)
                assert (found.max_bytes, found.max_pixels) == sizes, model

    def test_many_pictures(self) -> None:
        """D: Vision: 100 where the context is 200K, 600 beyond; above 20 blocks 2000 pixels, IDP#994, M."""
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "input.image.many", 20) == those(dialect, "input.image.many_pixels", 2000)
            assert those(dialect, "input.image.many", 20) == CLAUDE
            old = {model for model in CLAUDE if FACTS[dialect][model].limits.context == 200_000}
            assert those(dialect, "input.image.max_count", 100) == old
            assert those(dialect, "input.image.max_count", 600) == CLAUDE - old
        assert taking(CONVERSE, "image") - CLAUDE <= those(CONVERSE, "input.image.max_count", 20)
        assert those(CHAT, "input.image.max_count", 1500) >= taking(CHAT, "image")

    def test_how_closely_a_model_looks(self) -> None:
        """D: OpenAI's guide names 5.4 and 5.5 without mini, nano and pro; 5.6 and newer say the same."""
        usual, closer = ("low", "high", "auto"), ("low", "high", "original", "auto")
        sharp = GPT_ON_CONVERSE | {"gpt-5.4", "gpt-5.5"}
        for dialect in (RESPONSES, CHAT):
            assert those(dialect, "input.image.details", closer) & taking(dialect, "image") == sharp
            assert those(dialect, "input.image.details", usual) >= taking(dialect, "image") - sharp
        assert those(RESPONSES, "input.document.details", usual) >= taking(RESPONSES, "document")
        assert those(CHAT, "input.document.details", ()) == set(FACTS[CHAT])
        for dialect in (MESSAGES, CONVERSE):
            assert those(dialect, "input.image.details", ()) >= taking(dialect, "image")

    def test_documents(self) -> None:
        """D: AWS's DocumentBlock, PDF support; Chat takes PDF alone, openai-dotnet#613, M."""
        claude, chat = ("application/pdf", "text/plain"), ("application/pdf",)
        assert those(MESSAGES, "input.document.formats", claude) == taking(MESSAGES, "document")
        assert those(CHAT, "input.document.formats", chat) >= taking(CHAT, "document")
        for model in taking(CONVERSE, "document"):
            found = FACTS[CONVERSE][model].input.document
            assert len(found.formats) == 9, model
            assert found.needs_text, model
            assert found.max_count == 5, model
            assert found.max_bytes == 4_500_000, model
            large = {"application/pdf"} if model in CLAUDE - OLD_CLAUDE else set()
            large |= {"application/pdf", f"{OFFICE}wordprocessingml.document"} if model in NOVA else set()
            assert set(found.large) == large, model
        for dialect in (MESSAGES, CHAT, RESPONSES):
            assert those(dialect, "input.document.needs_text", True) == set()

    def test_all_together(self) -> None:
        """D: AWS on Claude's requests, Converse's service model, OpenAI's guide of pictures."""
        sizes = {MESSAGES: {20_000_000}, CONVERSE: {20_000_000, 25_000_000}}
        for dialect, models in FACTS.items():
            found = {models[model].input.max_encoded for model in models if model not in OSS}
            assert found == sizes.get(dialect, {536_870_912})

    def test_citations(self) -> None:
        """D: Citations; all other families refuse them, M 2026-10-20; the first of 3.5 is not known."""
        citing = CLAUDE - CLAUDE_3 - {"claude-3-5-sonnet-20240620"}
        for dialect, models in FACTS.items():
            expected = citing & set(models)
            assert those(dialect, "input.document.citations", True) == expected
            assert those(dialect, "input.document.cited", ("application/pdf", "text/plain")) == expected
        assert those(CONVERSE, "input.document.seen_if_cited", True) >= citing
        assert those(MESSAGES, "input.document.seen_if_cited", False) == CLAUDE

    @pytest.mark.parametrize(
        ("media_type", "taken"),
        [
            ("application/pdf", True),
            ("text/x-python", True),
            (f"{OFFICE}wordprocessingml.document", True),
            ("image/png", False),
            ("application/zip", False),
        ],
    )
    def test_a_pattern_stands_for_all_text(self, media_type: str, taken: bool) -> None:
        formats = FACTS[RESPONSES]["gpt-5.4"].input.document.formats
        assert is_among(media_type, formats) == taken
        assert is_among(media_type, ("*",))


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
def test_servers_that_speak_openais_api(dialect: Dialect) -> None:
    """Text alone; an overlay needs to name the sources only, for the forms are stated."""
    facts = target_for(COMPATIBLE, "openai", dialect, RULES).facts
    assert not any(getattr(facts.input, kind).sources for kind in KINDS)
    assert facts.input.image.formats
    assert facts.input.document.formats == ("application/pdf",)
    assert facts.input.audio.formats == ("audio/wav", "audio/mpeg")
    assert not facts.caching.implicit
    assert (facts.caching.points, facts.caching.key) == (0, False)


def test_the_overlay_of_the_page_on_rules_is_all_that_such_a_server_needs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    example = page.partition("<!-- example: sees -->\n```toml\n")[2].partition("```")[0]
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    rules = load_rules(tmp_path / "mine.toml")
    mine = next(layer for layer in rules.layers if layer.overlay)
    day = mine.data["profile"]["openai-compatible"]["verified"]
    assert [item for item in lint(rules, today=day) if item.file == mine.name] == []
    found = target_for(COMPATIBLE, "openai", CHAT, rules).facts.input
    assert (found.kinds, found.image.formats[:1], found.audio.formats) == (
        *(("image", "audio"), ("image/png",), ("audio/wav", "audio/mpeg")),
    )
