"""Media that a target does not take: refused by name, with what it takes and who takes more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from media_samples import (
    CLAUDE,
    CLAUDE_CONVERSE,
    DEEPSEEK,
    DOCX,
    GIF,
    GPT,
    GPT_CHAT,
    GPT_CONVERSE,
    KIMI,
    LLAMA,
    LOOK,
    MOVING,
    MP3,
    MP4,
    NOVA,
    PDF,
    PNG,
    RULES,
    WEBP,
    conversation,
    plan,
    png,
    refused,
    round_of,
    said,
)
from model_ids import called

import smartllm
from smartllm import Message, TextRequest, UnsupportedError
from smartllm.compiler.passes.media import sources_of
from smartllm.content import Audio, Document, Image, InputPart, Video
from smartllm.rules import load_rules
from smartllm.rules.vocabulary import facts_from

URL = "https://example.com/cat.png"


class TestKinds:
    @pytest.mark.parametrize(
        ("to", "part", "kind", "plural"),
        [
            (DEEPSEEK, Image(data=PNG), "image", "images"),
            (KIMI, Document(data=PDF), "document", "documents"),
            (GPT_CONVERSE, Document(data=PDF), "document", "documents"),
            (NOVA, Audio(data=MP3), "audio", "audio"),
            (CLAUDE_CONVERSE, Video(data=MP4), "video", "video"),
            (GPT, Video(url="https://example.com/film"), "video", "video"),
        ],
    )
    def test_not_at_all(self, to: tuple[str, str], part: InputPart, kind: str, plural: str) -> None:
        message, fact, _ = refused(to, "?", part)
        assert message == f"prompt[1]: {called(to[0])} takes no {plural} here"
        assert fact == f"input.{kind}.sources"

    def test_the_row_is_named_that_says_so(self) -> None:
        with pytest.raises(UnsupportedError, match=r"\[fact input\.document\.sources .*openai\.toml:\d+"):
            plan(GPT_CONVERSE, Document(data=PDF), "?")

    def test_others_take_it_those_of_the_vendor_first(self) -> None:
        assert refused(("nova-micro", "converse"), Image(data=PNG), "?")[2] == (
            "say in text what it holds; others take it: nova-2-lite, nova-pro, nova-lite"
        )
        assert refused(DEEPSEEK, Audio(data=MP3), "?")[2] == (
            "say in text what it holds; others take it: voxtral-mini-3b-2507, voxtral-small-24b-2507"
        )

    def test_the_model_takes_it_by_another_api(self) -> None:
        _, fact, hint = refused(GPT_CHAT, Document(data=b"PK\x03\x04", media_type=DOCX), "?")
        assert fact == "input.document.formats"
        assert hint == 'save it in one of these; others take it: gpt-5.4 with api_type="responses"'

    def test_a_format_that_few_take(self) -> None:
        hint = refused(CLAUDE_CONVERSE, Document(data=b"{\\rtf1}", media_type="application/rtf"), "?")[2]
        assert hint == "save it in one of these"
        _, fact, hint = refused(CLAUDE, Document(data=b"PK\x03\x04", media_type=DOCX), "?")
        assert (fact, hint.partition(": ")[2]) == (
            "input.document.formats",
            'claude-opus-4-6 with api_type="converse"',
        )

    def test_nobody_takes_it(self) -> None:
        assert refused(GPT, Audio(data=MP3), "?")[2] == "say in text what it holds"

    def test_a_model_that_the_rules_do_not_list(self) -> None:
        request = TextRequest(prompt=["?", Image(data=PNG)], like="gpt-4")
        with pytest.raises(UnsupportedError, match="mine takes no images here"):
            smartllm.compile(request, model="mine", rules=RULES)


class TestSources:
    def test_by_address(self) -> None:
        assert refused(CLAUDE, Image(url=URL), "?") == (
            f"prompt[0]: {called(CLAUDE[0])} takes no image by url here; it takes data",
            "input.image.sources",
            "give its bytes, by data= or path=",
        )

    def test_by_file(self) -> None:
        message, fact, hint = refused(GPT_CHAT, Image(file_id="file-1"), "?")
        assert message == "prompt[0]: gpt-5.4 takes no image by file_id here; it takes data, url"
        assert fact == "input.image.sources"
        assert hint == (
            "give its bytes, by data= or path= or its address, by url=; "
            'others take it: gpt-5.4 with api_type="responses"'
        )

    def test_in_s3(self) -> None:
        assert refused(LLAMA, Image(s3="s3://bucket/cat.png"), "?")[0].endswith("by s3 here; it takes data")
        assert "s3Location" in str(said(plan(NOVA, Image(s3="s3://bucket/cat.png"), "?")))

    def test_an_object_whose_name_does_not_tell_what_it_is(self) -> None:
        assert refused(NOVA, Image(s3="s3://bucket/cat"), "?") == (
            "prompt[0]: what the image is must be said here, and its address does not tell it",
            "",
            "give media_type",
        )
        assert plan(NOVA, Image(s3="s3://bucket/cat", media_type="image/png"), "?")
        assert plan(NOVA, Document(s3="s3://bucket/cat"), "?")

    def test_a_wire_that_has_no_word_for_a_source(self) -> None:
        facts = facts_from({"input": {"image": {"sources": ["data", "url", "s3"]}}})
        assert sources_of("image", facts, "bedrock_converse") == ("data", "s3")
        assert sources_of("image", facts, "openai_chat") == ("data", "url")


def test_formats() -> None:
    message, fact, _ = refused(GPT, Image(data=b"BM" + bytes(20)), "?")
    assert message == (
        "prompt[0]: gpt-5.4 takes no image of type image/bmp here; it takes image/png, image/jpeg, "
        "image/webp, image/gif"
    )
    assert fact == "input.image.formats"


def test_a_text_that_is_no_unicode() -> None:
    latin = Document(data=b"caf\xe9", media_type="text/plain")
    for to, place in ((CLAUDE, 4), (CLAUDE_CONVERSE, 4), (KIMI, 4), (GPT_CHAT, 4)):
        message, fact, hint = refused(to, latin, "?")
        assert message == f"prompt[0]: the document is text/plain, but its byte {place - 1} is no UTF-8"
        assert (fact, hint) == ("", "save it as UTF-8")
    assert said(plan(GPT, latin, "?"))[0]["filename"] == "document.txt"
    table = replace(latin, media_type="text/csv")
    assert plan(CLAUDE_CONVERSE, table, "?")
    message, _, _ = refused(CLAUDE_CONVERSE, Document(data=PDF, citations=True), table, "?")
    assert message == "prompt[1]: the document is text/csv, but its byte 3 is no UTF-8"


def test_a_detail_that_nobody_knows() -> None:
    assert refused(GPT, Image(data=PNG, detail="medium"), "?") == (
        "prompt[0].detail: 'medium' is no detail; allowed: low, high, original, auto",
        "input.image.details",
        "say one of low, high, original, auto",
    )
    assert refused(CLAUDE, Image(data=PNG, detail="Low"), "?")[0].endswith(
        "allowed: low, high, original, auto"
    )


class TestSizes:
    def test_bytes(self) -> None:
        large = PNG + bytes(3_750_001 - len(PNG))
        message, fact, hint = refused(CLAUDE, Image(data=large), "?")
        assert message == (
            f"prompt[0]: the image has 3,750,001 bytes; {called(CLAUDE[0])} takes 3,750,000 at most"
        )
        assert (fact, hint) == ("input.image.max_bytes", "make it smaller")
        assert plan(CLAUDE, Image(data=large[:-1]), "?")

    def test_pixels(self) -> None:
        assert refused(CLAUDE, Image(data=png(1, 8001)), "?")[:2] == (
            f"prompt[0]: the image is 1 x 8001 pixels; {called(CLAUDE[0])} takes 8000 on a side at most",
            "input.image.max_pixels",
        )
        assert plan(CLAUDE, Image(data=png(8000, 1)), "?")

    def test_a_head_that_is_cut_is_left_to_the_provider(self) -> None:
        assert plan(CLAUDE, Image(data=png(9000, 1)[:20]), "?")
        assert plan(GPT, Image(data=GIF[:8]), "?")

    def test_moving_pictures(self) -> None:
        assert refused(GPT, Image(data=MOVING), "?")[:2] == (
            "prompt[0]: the GIF is animated; gpt-5.4 takes one picture alone",
            "input.image.animated",
        )
        assert plan(GPT, Image(data=GIF), "?")
        assert plan(CLAUDE, Image(data=MOVING), "?")
        assert plan(GPT, Image(data=WEBP), "?")

    def test_documents_together(self) -> None:
        half = PDF + bytes(27_000_000)
        message, fact, _ = refused(GPT, Document(data=half), Document(data=half), "?")
        assert message.endswith(
            f"the documents have {2 * len(half):,} bytes together; {GPT[0]} takes 52,428,800 at most"
        )
        assert fact == "input.document.max_total"
        exact = PDF + bytes(9_375_000 - len(PDF))
        assert plan(NOVA, Document(data=exact), Document(data=exact), "?")

    def test_all_together(self) -> None:
        half = PDF + bytes(10_000_000 - len(PDF))
        assert plan(NOVA, Document(data=half), Image(data=PNG), "?")
        message, fact, _ = refused(NOVA, Document(data=half), Document(data=half), "?")
        assert message == (
            "prompt: the parts beside text have 26,666,672 bytes together as base64; a request to "
            f"{called(NOVA[0])} takes 25,000,000 at most"
        )
        assert fact == "input.max_encoded"

    def test_some_documents_may_be_larger(self) -> None:
        table = Document(data=b"1," * 2_500_000, media_type="text/csv")
        assert refused(NOVA, table, "?")[1] == "input.document.max_bytes"
        assert plan(NOVA, Document(data=PDF + bytes(5_000_000)), "?")


class TestCounts:
    """Earlier turns count, and what stands in results of tools."""

    @pytest.mark.parametrize(
        ("to", "part", "most", "kind"),
        [
            (LLAMA, Image(data=PNG), 20, "images"),
            (CLAUDE_CONVERSE, Document(data=PDF), 5, "documents"),
            (NOVA, Video(data=MP4), 1, "video"),
        ],
    )
    def test_too_many(self, to: tuple[str, str], part: InputPart, most: int, kind: str) -> None:
        assert plan(to, *[part] * most, "?")
        message, fact, hint = refused(to, *[part] * (most + 1), "?")
        assert message == (
            f"prompt: the request holds {most + 1} {kind}, earlier turns included; "
            f"{called(to[0])} takes {most} at most"
        )
        assert fact == f"input.{part.type}.max_count"
        assert hint == "leave some out, those of earlier turns included"

    def test_results_and_earlier_turns_count(self) -> None:
        picture = Image(data=PNG)
        turns = [
            Message("user", ["?", *[picture] * 10]),
            Message("assistant", "Ten."),
            *round_of(*[picture] * 10),
        ]
        assert conversation(LLAMA, *turns, tools=[LOOK])
        with pytest.raises(UnsupportedError, match="holds 21 images") as caught:
            conversation(LLAMA, *turns[:2], *round_of(*[picture] * 11), tools=[LOOK])
        assert caught.value.field == "messages"


class TestMany:
    """Of many pictures and documents each must be smaller (Claude's rule of more than 20)."""

    large = Image(data=png(2001, 1))

    def test_few_may_be_large(self) -> None:
        assert plan(CLAUDE, self.large, *[Image(data=PNG)] * 19, "?")

    def test_many_may_not(self) -> None:
        message, fact, hint = refused(CLAUDE, *[Image(data=PNG)] * 19, self.large, Document(data=PDF), "?")
        assert message == (
            "prompt[19]: the image is 2001 x 1 pixels; where a request holds more than 20 images and "
            f"documents, earlier turns included, {called(CLAUDE[0])} takes 2000 on a side at most"
        )
        assert fact == "input.image.many_pixels"
        assert hint == "make it smaller, or leave some out, those of earlier turns included"

    def test_many_small_ones(self) -> None:
        assert plan(CLAUDE, *[Image(data=png(2000, 1))] * 20, Document(data=PDF), "?")

    def test_what_is_in_a_result_is_named_by_its_place(self) -> None:
        turns = [
            Message("user", [Image(data=PNG)] * 20),
            Message("assistant", "."),
            *round_of("a", self.large),
        ]
        with pytest.raises(
            UnsupportedError, match=r"messages\[4\]\.content\[0\]\.content\[1\]: the image is"
        ):
            conversation(CLAUDE, *turns, tools=[LOOK])


def test_facts_that_an_overlay_states_decide(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[model]\nmine = { profile = "openai-compatible", input.image.sources = ["data"] }\n')
    rules: Any = load_rules(path)
    request = TextRequest(prompt=["?", Image(data=PNG)])
    assert smartllm.compile(request, model="mine", provider="openai", rules=rules).diagnostics == ()
    with pytest.raises(UnsupportedError, match="mine takes no image by url here; it takes data"):
        smartllm.compile(
            TextRequest(prompt=["?", Image(url=URL)]), model="mine", provider="openai", rules=rules
        )
