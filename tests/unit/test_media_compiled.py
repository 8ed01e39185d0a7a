"""Pictures, documents, sound and films on the four wires: in each wire's words, in the caller's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from media_samples import (
    CLAUDE,
    CLAUDE_CONVERSE,
    DOCX,
    GPT,
    GPT_CHAT,
    KIMI,
    LLAMA,
    MD,
    MP3,
    MP4,
    NOVA,
    PDF,
    PNG,
    RULES,
    VOXTRAL,
    WAV,
    b64,
    conversation,
    plan,
    said,
    told,
)

import smartllm
from smartllm import Message, TextRequest
from smartllm.compiler.dialects.anthropic_messages.media import spelled as on_messages
from smartllm.compiler.dialects.bedrock_converse.media import spelled as on_converse
from smartllm.compiler.dialects.formats import suffix_of
from smartllm.compiler.dialects.openai_chat.media import spelled as on_chat
from smartllm.compiler.dialects.openai_responses.media import spelled as on_responses
from smartllm.content import Audio, Document, Image, Video
from smartllm.media import Encoded
from smartllm.rules import load_rules

PICTURE, FILE = Image(data=PNG), Document(data=PDF, name="Report 7")
DATA_URL = f"data:image/png;base64,{b64(PNG)}"


class TestInOrder:
    """Texts and media stand as the caller wrote them, in one message."""

    def test_responses(self) -> None:
        assert said(plan(GPT, "One:", PICTURE, "two:", FILE, "?")) == [
            {"type": "input_text", "text": "One:"},
            {"type": "input_image", "image_url": DATA_URL, "detail": "auto"},
            {"type": "input_text", "text": "two:"},
            {
                "type": "input_file",
                "filename": "Report 7.pdf",
                "file_data": f"data:application/pdf;base64,{b64(PDF)}",
            },
            {"type": "input_text", "text": "?"},
        ]

    def test_chat(self) -> None:
        assert said(plan(GPT_CHAT, "One:", PICTURE, "two:", FILE, "?")) == [
            {"type": "text", "text": "One:"},
            {"type": "image_url", "image_url": {"url": DATA_URL}},
            {"type": "text", "text": "two:"},
            {
                "type": "file",
                "file": {
                    "filename": "Report 7.pdf",
                    "file_data": f"data:application/pdf;base64,{b64(PDF)}",
                },
            },
            {"type": "text", "text": "?"},
        ]

    def test_messages(self) -> None:
        assert said(plan(CLAUDE, "One:", PICTURE, "two:", FILE, "?")) == [
            {"type": "text", "text": "One:"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(PNG)}},
            {"type": "text", "text": "two:"},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": b64(PDF)},
                "title": "Report 7",
            },
            {"type": "text", "text": "?"},
        ]

    def test_converse(self) -> None:
        assert said(plan(NOVA, "One:", PICTURE, "two:", FILE, "?")) == [
            {"text": "One:"},
            {"image": {"format": "png", "source": {"bytes": b64(PNG)}}},
            {"text": "two:"},
            {"document": {"format": "pdf", "name": "Report 7", "source": {"bytes": b64(PDF)}}},
            {"text": "?"},
        ]

    @pytest.mark.parametrize("to", [GPT, GPT_CHAT, CLAUDE, NOVA])
    def test_what_fits_is_not_told_of(self, to: tuple[str, str]) -> None:
        assert told(plan(to, "One:", PICTURE, "two:", FILE, "?")) == []

    @pytest.mark.parametrize("to", [GPT, GPT_CHAT, CLAUDE, NOVA])
    def test_in_a_conversation(self, to: tuple[str, str]) -> None:
        turns = Message("user", [PICTURE, "?"]), Message("assistant", "A cat."), Message("user", [FILE, "!"])
        compiled = conversation(to, *turns)
        body = compiled.body.get("input") or compiled.body["messages"]
        assert [message["role"] for message in body] == ["user", "assistant", "user"]
        assert len(body[0]["content"]) == len(body[2]["content"]) == 2
        assert told(compiled) == []


class TestByOtherSources:
    def test_by_address(self) -> None:
        at = "https://example.com/x"
        assert on_chat(Image(url=at, detail="low")) == {
            "type": "image_url",
            "image_url": {"url": at, "detail": "low"},
        }
        assert on_chat(Video(url=at)) == {"type": "video_url", "video_url": {"url": at}}
        assert on_responses(Image(url=at)) == {"type": "input_image", "image_url": at, "detail": "auto"}
        assert on_responses(Document(url=at, name="x")) == {"type": "input_file", "file_url": at}
        assert on_messages(Image(url=at)) == {"type": "image", "source": {"type": "url", "url": at}}
        assert on_messages(Document(url=at)) == {"type": "document", "source": {"type": "url", "url": at}}

    def test_by_file(self) -> None:
        assert on_chat(Document(file_id="file-1")) == {"type": "file", "file": {"file_id": "file-1"}}
        assert on_responses(Document(file_id="file-1")) == {"type": "input_file", "file_id": "file-1"}
        picture = {"type": "input_image", "file_id": "file-1", "detail": "high"}
        assert on_responses(Image(file_id="file-1", detail="high")) == picture
        assert on_messages(Image(file_id="file-1"))["source"] == {"type": "file", "file_id": "file-1"}

    def test_in_s3(self) -> None:
        source = {"s3Location": {"uri": "s3://bucket/x"}}
        assert on_converse(Video(s3="s3://bucket/x", media_type="video/quicktime")) == {
            "video": {"format": "mov", "source": source}
        }
        assert on_converse(Document(s3="s3://bucket/x", name="x")) == {
            "document": {"name": "x", "source": source}
        }
        place = {"type": "input_image", "image_url": "s3://bucket/x", "detail": "auto"}
        assert on_responses(Image(s3="s3://bucket/x")) == place


class TestKinds:
    def test_sound_on_converse(self) -> None:
        compiled = plan(VOXTRAL, "Write it down.", Audio(data=MP3))
        assert said(compiled)[1] == {"audio": {"format": "mp3", "source": {"bytes": b64(MP3)}}}

    def test_film_on_converse(self) -> None:
        assert said(plan(NOVA, Video(data=MP4), "?"))[0] == {
            "video": {"format": "mp4", "source": {"bytes": b64(MP4)}}
        }

    @pytest.mark.parametrize(("data", "form"), [(WAV, "wav"), (MP3, "mp3")])
    def test_sound_on_openais_wires(self, tmp_path: Path, data: bytes, form: str) -> None:
        path = tmp_path / "rules.toml"
        path.write_text(
            '[model]\nmine = { profile = "openai-compatible", '
            'input.audio = { sources = ["data"], formats = ["audio/wav", "audio/mpeg"] }, '
            'endpoints = ["openai_chat", "openai_responses"] }\n'
        )
        for api_type in ("chat_completions", "responses"):
            request = TextRequest(prompt=["?", Audio(data=data)], api_type=api_type)
            compiled = smartllm.compile(request, model="mine", provider="openai", rules=load_rules(path))
            sound = {"type": "input_audio", "input_audio": {"data": b64(data), "format": form}}
            assert said(compiled)[1] == sound

    def test_office_documents(self) -> None:
        given = Document(data=b"PK\x03\x04", media_type=DOCX)
        assert said(plan(LLAMA, given, "?"))[0]["document"]["format"] == "docx"
        assert said(plan(GPT, given, "?"))[0]["filename"] == "document.docx"


@pytest.mark.parametrize(
    ("name", "filename"),
    [(None, "document.md"), ("Fees", "Fees.md"), ("fees.markdown", "fees.markdown"), ("v1.2", "v1.2.md")],
)
def test_the_name_of_a_file_ends_with_what_it_is(name: str | None, filename: str) -> None:
    given = Document(data=MD, media_type="text/markdown", name=name)
    assert said(plan(GPT, given, "?"))[0]["filename"] == filename


def test_a_format_without_a_word_of_its_own() -> None:
    assert suffix_of("application/rtf") == "rtf"


class TestTexts:
    """A document that is a text goes as one where the model does not take it as it is."""

    given = Document(data=b"\xef\xbb\xbf" + MD, media_type="text/markdown", name="fees.md")

    def test_as_a_plain_one(self) -> None:
        compiled = plan(CLAUDE, self.given, "?")
        source = {"type": "text", "media_type": "text/plain", "data": MD.decode()}
        assert said(compiled)[0] == {"type": "document", "source": source, "title": "fees.md"}
        assert told(compiled) == [
            ("document-as-text", "info", "document", "text/plain", "input.document.formats")
        ]

    @pytest.mark.parametrize("to", [GPT_CHAT, KIMI])
    def test_as_words_under_its_name(self, to: tuple[str, str]) -> None:
        compiled = plan(to, self.given, PICTURE, "?")
        assert said(compiled)[0]["text"] == f'Document "fees.md":\n\n{MD.decode()}'
        assert told(compiled) == [("document-as-text", "info", "document", "text", "input.document.formats")]

    def test_without_a_name(self) -> None:
        compiled = plan(GPT_CHAT, Document(data=b'{"a": 1}', media_type="application/json"), PICTURE)
        assert said(compiled)[0]["text"] == 'Document:\n\n{"a": 1}'

    @pytest.mark.parametrize("to", [GPT, CLAUDE_CONVERSE, NOVA])
    def test_as_it_is_where_it_is_taken(self, to: tuple[str, str]) -> None:
        compiled = plan(to, self.given, "?")
        assert b64(self.given.data or b"") in str(said(compiled)[0])
        assert "document-as-text" not in str(told(compiled))


class TestDetails:
    def test_a_detail_that_the_model_knows(self) -> None:
        compiled = plan(GPT, Image(data=PNG, detail="original"), "?")
        assert (said(compiled)[0]["detail"], told(compiled)) == ("original", [])

    def test_the_nearest(self) -> None:
        compiled = plan(("gpt-4.1", "responses"), Image(data=PNG, detail="original"), "?")
        assert said(compiled)[0]["detail"] == "high"
        assert told(compiled) == [
            ("detail-changed", "warning", "original", "high", "input.image.details"),
        ]

    @pytest.mark.parametrize(("detail", "severity"), [("low", "warning"), ("auto", "info")])
    def test_none_where_the_wire_has_no_word_for_it(self, detail: str, severity: str) -> None:
        picture = Image(data=PNG, detail=detail)
        compiled = plan(CLAUDE, picture, picture, "?")
        assert detail not in str(compiled.body)
        assert told(compiled) == [("detail-dropped", severity, detail, None, "input.image.details")]

    def test_of_pages(self) -> None:
        given = Document(data=PDF, detail="low")
        assert said(plan(GPT, given, "?"))[0]["detail"] == "low"
        assert told(plan(GPT_CHAT, given, "?")) == [
            ("detail-dropped", "warning", "low", None, "input.document.details")
        ]


def test_bytes_stay_bytes_up_to_the_wire() -> None:
    (step,) = plan(CLAUDE, PICTURE, "?").steps
    (message,) = step.sealed["messages"]
    assert message["content"][0]["source"]["data"] == Encoded(PNG, "image/png")


def test_an_inner_list_of_media_is_read_as_parts() -> None:
    picture: Any = {"type": "image", "data": b64(PNG)}
    compiled = smartllm.compile(TextRequest(prompt=["?", picture], model="gpt-5.4"), rules=RULES)
    assert said(compiled)[1]["image_url"] == DATA_URL
