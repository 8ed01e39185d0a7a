"""Media in results of tools and beside them, and in the second step of an answer with a schema."""

from __future__ import annotations

from typing import Any

import pytest
from media_samples import (
    CLAUDE,
    CLAUDE_CONVERSE,
    DOCX,
    GPT,
    GPT_CHAT,
    GPT_CONVERSE,
    KIMI,
    LLAMA,
    LOOK,
    MD,
    NOVA,
    PDF,
    PIXTRAL,
    PNG,
    b64,
    conversation,
    round_of,
    told,
)

from smartllm import Message, MessageRequest, Plan
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.calls import calls
from smartllm.compiler.retold import answered, in_words
from smartllm.compiler.trace import Trace
from smartllm.content import CachePoint, Document, Image, InputPart, Other, Text, ToolCall, ToolResult
from smartllm.rules.vocabulary import facts_from

PICTURE, FILE = Image(data=PNG), Document(data=PDF, name="a")
OFFICE = Document(data=b"PK\x03\x04", media_type=DOCX, name="a")
DATA_URL = f"data:image/png;base64,{b64(PNG)}"


def sent(to: tuple[str, str], *content: str | InputPart, after: Any = (), **fields: Any) -> list[Any]:
    """What stands behind the call."""
    return sent_of(looked(to, *content, after=after, **fields))


def looked(to: tuple[str, str], *content: str | InputPart, after: Any = (), **fields: Any) -> Plan:
    return conversation(to, *round_of(*content, after=after), **{"tools": [LOOK]} | fields)


def sent_of(compiled: Plan) -> list[Any]:
    found: list[Any] = compiled.body.get("input") or compiled.body["messages"]
    return found[2:]


def kinds(message: Any) -> list[str]:
    """What a message of Converse holds."""
    return [next(iter(block)) for block in message["content"]]


class TestInside:
    def test_responses(self) -> None:
        (output,) = sent(GPT, "A:", PICTURE, FILE)
        assert output["output"] == [
            {"type": "input_text", "text": "A:"},
            {"type": "input_image", "image_url": DATA_URL, "detail": "auto"},
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{b64(PDF)}",
            },
        ]

    def test_messages(self) -> None:
        (message,) = sent(CLAUDE, "A:", PICTURE)
        assert message["content"][0]["content"] == [
            {"type": "text", "text": "A:"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(PNG)}},
        ]

    def test_converse(self) -> None:
        (message,) = sent(LLAMA, "A:", PICTURE, FILE)
        content = message["content"][0]["toolResult"]["content"]
        assert [next(iter(block)) for block in content] == ["text", "image", "document"]
        (message,) = sent(CLAUDE_CONVERSE, "A:", PICTURE)
        assert message["content"][0]["toolResult"]["content"][1] == {
            "image": {"format": "png", "source": {"bytes": b64(PNG)}}
        }

    @pytest.mark.parametrize(
        ("media_type", "form"), [("text/csv", "csv"), ("text/plain", "txt"), ("text/markdown", "txt")]
    )
    def test_texts_in_novas(self, media_type: str, form: str) -> None:
        """A result holds documents of these two kinds alone there."""
        (message,) = sent(NOVA, "A:", Document(data=MD, media_type=media_type, name="a"))
        document = {"format": form, "name": "a", "source": {"bytes": b64(MD)}}
        assert message["content"][0]["toolResult"]["content"][1] == {"document": document}

    def test_a_text_in_claudes_on_converse_where_no_document_is_read(self) -> None:
        given = Document(data=MD, media_type="text/plain", name="fees")
        compiled = looked(CLAUDE_CONVERSE, "A:", given)
        result = sent_of(compiled)[0]["content"][0]["toolResult"]
        assert result["content"] == [{"text": f'A:\n\nDocument "fees":\n\n{MD.decode()}'}]
        assert told(compiled) == [("document-as-text", "info", "document", "text", "input.document.formats")]
        cited = Document(data=MD, media_type="text/plain", name="fees", citations=True)
        told_, _, behind = sent(CLAUDE_CONVERSE, "A:", cited)
        assert kinds(told_) == ["toolResult"]
        assert kinds(behind) == ["text", "document"]

    def test_a_failed_result(self) -> None:
        turns = round_of("x")[:2]
        failed = Message("user", [ToolResult("call_1", [PICTURE], error=True)])
        message = sent_of(conversation(LLAMA, *turns, failed, tools=[LOOK]))[0]
        assert message["content"][0]["toolResult"]["content"][0] == {"text": "Error:"}

    def test_a_document_that_is_a_text_stays_in_it(self) -> None:
        given = Document(data=MD, media_type="text/markdown", name="fees")
        (message,) = sent(GPT_CHAT, "A:", given)
        assert message == {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": f'A:\n\nDocument "fees":\n\n{MD.decode()}',
        }


class TestMoved:
    """What a result cannot hold stands behind it, and the result says so."""

    def test_chat(self) -> None:
        compiled = looked(GPT_CHAT, "A:", PICTURE, "B:", FILE, after=("?",))
        assert sent_of(compiled) == [
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "content": "A:\n\nSee file 1 below.\n\nB:\n\nSee file 2 below.",
            },
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "File 1:"},
                    {"type": "image_url", "image_url": {"url": DATA_URL}},
                    {"type": "text", "text": "File 2:"},
                    {
                        "type": "file",
                        "file": {
                            "filename": "a.pdf",
                            "file_data": f"data:application/pdf;base64,{b64(PDF)}",
                        },
                    },
                    {"type": "text", "text": "?"},
                ],
            },
        ]
        assert told(compiled) == [
            ("result-media-moved", "info", "image", "text", "calls.results"),
            ("result-media-moved", "info", "document", "text", "calls.results"),
        ]

    @pytest.mark.parametrize("to", [NOVA, CLAUDE_CONVERSE])
    def test_beside_the_result(self, to: tuple[str, str]) -> None:
        (message,) = sent(to, "A:", FILE, after=("?",))
        assert kinds(message) == ["toolResult", "text", "document", "text"]
        assert message["content"][1] == {"text": "File 1:"}

    @pytest.mark.parametrize("to", [KIMI, GPT_CONVERSE])
    def test_without_a_word_where_none_may_stand(self, to: tuple[str, str]) -> None:
        (message,) = sent(to, "A:", PICTURE)
        assert kinds(message) == ["toolResult", "image"]

    @pytest.mark.parametrize("to", [KIMI, GPT_CONVERSE])
    def test_apart_with_a_text_that_may_not(self, to: tuple[str, str]) -> None:
        compiled = looked(to, "A:", PICTURE, after=("?",))
        told_, between, behind = sent_of(compiled)
        assert [kinds(one) for one in (told_, between, behind)] == [
            ["toolResult"],
            ["text"],
            ["image", "text"],
        ]
        assert between["role"] == "assistant"
        assert ("results-apart", "info", None, ".", "calls.beside_results") in told(compiled)

    def test_apart_where_nothing_may_stand_beside(self) -> None:
        compiled = looked(PIXTRAL, "A:", PICTURE)
        assert [kinds(one) for one in sent_of(compiled)] == [["toolResult"], ["text"], ["text", "image"]]

    def test_each_of_several_results_has_its_own_number(self) -> None:
        calls = [ToolCall("call_1", "look", {}), ToolCall("call_2", "look", {})]
        results = [ToolResult("call_2", [PICTURE]), ToolResult("call_1", ["a", PICTURE])]
        turns = Message("user", "?"), Message("assistant", calls), Message("user", results)
        first, second, beside = sent_of(conversation(GPT_CHAT, *turns, tools=[LOOK]))
        assert [first["content"], second["content"]] == ["a\n\nSee file 1 below.", "See file 2 below."]
        assert [part.get("text") for part in beside["content"]] == ["File 1:", None, "File 2:", None]

    def test_the_numbers_run_on_and_earlier_turns_stay_as_they_were(self) -> None:
        one = [*round_of(PICTURE), Message("assistant", ".")]
        call, result = Message("assistant", [ToolCall("c", "look", {})]), ToolResult("c", [PICTURE])
        two = [*one, Message("user", "?"), call, Message("user", [result])]
        before, after = (
            conversation(GPT_CHAT, *turns, tools=[LOOK]).body["messages"] for turns in (one[:3], two)
        )
        assert after[: len(before)] == before
        assert after[-1]["content"][0]["text"] == "File 2:"


class TestBeside:
    def test_a_pdf_beside_a_result_of_claude_on_converse(self) -> None:
        (message,) = sent(CLAUDE_CONVERSE, "x", after=(FILE, "?"))
        assert kinds(message) == ["toolResult", "document", "text"]

    def test_another_document_beside_one(self) -> None:
        told_, between, behind = sent(CLAUDE_CONVERSE, "x", after=(OFFICE, "?"))
        assert kinds(told_) == ["toolResult"]
        assert between == {"role": "assistant", "content": [{"text": "."}]}
        assert kinds(behind) == ["document", "text"]

    def test_in_a_turn_of_its_own_too(self) -> None:
        """The provider joins turns of one role, so that a document would stand beside the result."""
        turns = (*round_of("x"), Message("user", [OFFICE, "?"]))
        compiled = conversation(CLAUDE_CONVERSE, *turns, tools=[LOOK])
        assert [kinds(one) for one in sent_of(compiled)] == [["toolResult"], ["text"], ["document", "text"]]
        reasons = [item.reason for item in compiled.diagnostics if item.code == "results-apart"]
        assert reasons == [
            "no document may stand beside results; a turn of the assistant stands between them"
        ]

    @pytest.mark.parametrize("to", [CLAUDE, CLAUDE_CONVERSE, NOVA])
    def test_a_picture_may(self, to: tuple[str, str]) -> None:
        (message,) = sent(to, "x", after=("?", PICTURE))
        assert len(message["content"]) == 3

    def test_a_mark_for_caching_is_no_reason_to_part(self) -> None:
        turns = (*TURNS[:2], Turn("user", (ToolResult("1", "a"), CachePoint())))
        intent = Intent("m", "bedrock_converse", turns, None)
        assert calls(intent, facts_from({"calls": {"beside_results": []}}), Trace()).turns == turns

    def test_on_responses_all_are_items_of_their_own(self) -> None:
        output, message = sent(GPT, "x", after=(FILE, "?", PICTURE))
        assert output["output"] == '["x"]'
        assert [part["type"] for part in message["content"]] == ["input_file", "input_text", "input_image"]

    def test_with_parts_in_the_words_of_the_wire(self) -> None:
        own = Other({"type": "input_text", "text": "own"})
        _, message = sent(GPT, "x", after=(PICTURE, own, "?"))
        assert [part["type"] for part in message["content"]] == ["input_image", "input_text", "input_text"]
        _, message = sent(GPT_CHAT, "x", after=(PICTURE, Other({"type": "text", "text": "own"})))
        assert [part["type"] for part in message["content"]] == ["image_url", "text"]


TURNS = (
    Turn("user", (Text("?"), PICTURE)),
    Turn("assistant", (ToolCall("1", "look", {}),)),
    Turn("user", (ToolResult("1", [Text("a"), PICTURE, Other({"x": 1}), Text("b")]), FILE)),
)


class TestRetold:
    """The second step of an answer with a schema sees media too."""

    def test_what_is_kept(self) -> None:
        first, _, results, *_ = answered(TURNS)
        assert first == TURNS[0]
        assert results.parts == (ToolResult("1", [Text("a"), PICTURE, Text("b")]), FILE)

    def test_in_words(self) -> None:
        *_, results = in_words(answered(TURNS)[:3])
        assert results.parts == (Text("look gave: a\n\nb"), PICTURE, FILE)

    def test_in_two_steps(self) -> None:
        request: dict[str, Any] = {
            "response_format": {
                "title": "Found",
                "type": "object",
                "properties": {"what": {"type": "string"}},
            },
            "structured_output": "two_pass",
        }
        for to in (CLAUDE, CLAUDE_CONVERSE, GPT, GPT_CHAT, NOVA):
            compiled = looked(to, "A:", PICTURE, after=("?",), **request)
            assert len(compiled.steps) == 2
            assert b64(PNG) in compiled.steps[1].payload.decode(), to
            assert compiled.steps[1].holes


def test_a_request_of_a_file_keeps_its_parts() -> None:
    request = MessageRequest.model_validate_json(
        MessageRequest(messages=list(round_of("A:", PICTURE)), tools=[LOOK]).model_dump_json()
    )
    assert request.messages[2].content[0].content == ["A:", PICTURE]  # type: ignore[union-attr]
