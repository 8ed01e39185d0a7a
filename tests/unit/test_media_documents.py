"""Documents: their names, what stands beside them, and whether answers may cite them."""

from __future__ import annotations

from typing import Any

import pytest
from media_samples import (
    CLAUDE,
    CLAUDE_CONVERSE,
    DOCX,
    GPT,
    GPT_CHAT,
    LLAMA,
    LOOK,
    MD,
    NOVA,
    PDF,
    PNG,
    b64,
    conversation,
    plan,
    round_of,
    said,
    told,
)

from smartllm import Message
from smartllm.compiler.intent import Turn
from smartllm.compiler.passes.documents import cited
from smartllm.compiler.trace import Trace
from smartllm.content import Document, Image
from smartllm.rules.vocabulary import facts_from

SCHEMA = {"title": "Author", "type": "object", "properties": {"name": {"type": "string"}}}


def doc(name: str | None = None, **fields: Any) -> Document:
    return Document(**{"data": PDF, "name": name} | fields)


def names(content: Any) -> list[str]:
    return [block["document"]["name"] for block in content if "document" in block]


class TestNames:
    """Converse asks for one of each, of few characters, which no other document of the request has."""

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ("Report (2) [final] - v", "Report (2) [final] - v"),
            ("Report_2026.pdf", "Report 2026"),
            ("v1.2", "v1 2"),
            ('a "b"\t\n c\u3000d', "a b c d"),
            ("  two  spaces ", "two spaces"),
            ("отчёт", "Document 1"),
            ("", "Document 1"),
            (None, "Document 1"),
            ("x" * 300, "x" * 200),
            ("x" * 199 + " y", "x" * 199),
        ],
    )
    def test_characters(self, given: str | None, sent: str) -> None:
        compiled = plan(NOVA, doc(given), "?")
        assert names(said(compiled)) == [sent]
        changed = [("documents-named", "info", [given], [sent], "messages")]
        assert told(compiled) == ([] if given == sent else changed)

    def test_no_two_are_alike(self) -> None:
        compiled = plan(NOVA, doc("a"), doc("a"), doc("a (2)"), doc(), doc(), "?")
        assert names(said(compiled)) == ["a", "a (2)", "a (2) (2)", "Document 4", "Document 5"]

    def test_long_ones_keep_their_number(self) -> None:
        compiled = plan(NOVA, doc("x" * 300), doc("x" * 250), "?")
        assert names(said(compiled)) == ["x" * 200, "x" * 196 + " (2)"]

    def test_over_all_turns_and_results(self) -> None:
        turns = [Message("user", [doc("a"), "?"]), Message("assistant", "!"), *round_of(doc("a"), "b")]
        compiled = conversation(
            LLAMA, *turns, Message("assistant", "."), Message("user", [doc("a"), "?"]), tools=[LOOK]
        )
        messages = compiled.body["messages"]
        assert names(messages[0]["content"]) == ["a"]
        assert names(messages[4]["content"][0]["toolResult"]["content"]) == ["a (2)"]
        assert names(messages[6]["content"]) == ["a (3)"]

    def test_they_stay_as_turns_are_added(self) -> None:
        first = [Message("user", [doc(), doc("a"), "?"])]
        more = [*first, Message("assistant", "!"), Message("user", [doc("a"), doc(), "?"])]
        before, after = (conversation(NOVA, *turns).body["messages"] for turns in (first, more))
        assert after[0] == before[0]
        assert names(after[2]["content"]) == ["a (2)", "Document 4"]

    @pytest.mark.parametrize("to", [GPT, GPT_CHAT, CLAUDE])
    def test_other_wires_take_any(self, to: tuple[str, str]) -> None:
        compiled = plan(to, doc("a_b.pdf"), doc("a_b.pdf"), "?")
        assert str(said(compiled)).count("a_b.pdf") == 2
        assert told(compiled) == []


class TestTextBeside:
    def test_a_text_is_added_where_one_must_stand(self) -> None:
        compiled = plan(LLAMA, doc("a"), Image(data=PNG), doc("b"))
        assert [block.get("text") for block in said(compiled)] == [None, None, None, "Attached: a, b"]
        assert told(compiled) == [
            ("document-text-added", "info", None, "Attached: a, b", "input.document.needs_text")
        ]

    def test_behind_the_documents(self) -> None:
        content = said(plan(LLAMA, doc("a"), Image(data=PNG)))
        assert [next(iter(block)) for block in content] == ["document", "text", "image"]

    def test_the_text_of_another_message_of_the_turn_is_enough(self) -> None:
        compiled = conversation(LLAMA, Message("user", [doc("a")]), Message("user", "?"))
        assert said(compiled)[1:] == [{"text": "?"}]

    def test_each_turn_has_its_own(self) -> None:
        turns = Message("user", [doc("a"), "?"]), Message("assistant", "!"), Message("user", [doc("b")])
        messages = conversation(LLAMA, *turns).body["messages"]
        assert [len(message["content"]) for message in messages] == [2, 1, 2]

    @pytest.mark.parametrize("to", [GPT, GPT_CHAT, CLAUDE])
    def test_not_where_none_is_needed(self, to: tuple[str, str]) -> None:
        assert len(said(plan(to, doc("a")))) == 1


class TestCitations:
    @pytest.mark.parametrize("to", [CLAUDE, CLAUDE_CONVERSE])
    def test_on(self, to: tuple[str, str]) -> None:
        compiled = plan(to, doc("a", citations=True), "?")
        block = said(compiled)[0]
        assert block.get("document", block)["citations"] == {"enabled": True}
        assert told(compiled) == []

    def test_a_text_to_be_cited_is_no_bytes_on_converse(self) -> None:
        given = Document(data=MD, media_type="text/csv", name="a", citations=True)
        compiled = plan(CLAUDE_CONVERSE, given, "?")
        document = {
            "format": "txt",
            "name": "a",
            "source": {"text": MD.decode()},
            "citations": {"enabled": True},
        }
        assert said(compiled)[0] == {"document": document}
        assert told(compiled) == [
            ("document-as-text", "info", "document", "text/plain", "input.document.formats")
        ]
        plain = plan(CLAUDE_CONVERSE, Document(data=MD, media_type="text/plain", name="a"), "?")
        assert said(plain)[0]["document"]["source"] == {"bytes": b64(MD)}

    @pytest.mark.parametrize("to", [CLAUDE, CLAUDE_CONVERSE])
    def test_all_or_none(self, to: tuple[str, str]) -> None:
        compiled = plan(to, doc("a"), doc("b", citations=True), doc("c"), "?")
        assert str(said(compiled)).count("'enabled': True") == 3
        assert [one for one in told(compiled) if one[0] != "document-pages-unseen"] == [
            ("document-citations-widened", "warning", 1, 3, "input.document.citations")
        ]

    @pytest.mark.parametrize(
        ("to", "others"),
        [
            (NOVA, []),
            (GPT, []),
            (CLAUDE_CONVERSE, [Document(data=b"PK\x03\x04", media_type=DOCX, name="b")]),
        ],
    )
    def test_none_where_one_of_them_cannot_be(self, to: tuple[str, str], others: list[Document]) -> None:
        compiled = plan(to, doc("a", citations=True), *others, "?")
        assert "citations" not in str(said(compiled))
        dropped = ("document-citations-dropped", "warning", True, None, "input.document.citations")
        assert told(compiled)[0] == dropped

    def test_what_the_provider_fetches_is_not_read(self) -> None:
        takes = {"citations": True, "cited": ["application/pdf", "text/plain"]}
        turn = Turn("user", (Document(url="https://a.b/c", media_type="text/csv", citations=True),))
        trace = Trace()
        assert cited((turn,), facts_from({"input": {"document": takes}}), trace, "messages") == (turn,)
        assert trace.changes == []

    def test_none_where_one_stands_in_s3(self) -> None:
        takes = {"citations": True, "cited": ["application/pdf"]}
        turn = Turn(
            "user", (doc("a", citations=True), Document(s3="s3://bucket/a.pdf", media_type="application/pdf"))
        )
        trace = Trace()
        (found,) = cited((turn,), facts_from({"input": {"document": takes}}), trace, "messages")
        assert [part.citations for part in found.media] == [False, False]  # type: ignore[union-attr]
        assert [change.code for change in trace.changes] == ["document-citations-dropped"]

    def test_none_of_documents_that_go_as_texts(self) -> None:
        given = Document(data=MD, media_type="text/markdown", citations=True)
        compiled = plan(GPT_CHAT, given, doc("a"), "?")
        assert [item[0] for item in told(compiled)] == ["document-as-text", "document-citations-dropped"]

    @pytest.mark.parametrize("wish", ["native", "tool"])
    @pytest.mark.parametrize("to", [CLAUDE, CLAUDE_CONVERSE])
    def test_none_in_an_answer_with_a_schema(self, to: tuple[str, str], wish: str) -> None:
        fields: dict[str, Any] = {"response_format": SCHEMA, "structured_output": wish}
        compiled = plan(to, doc("a", citations=True), "?", **fields)
        assert "citations" not in str(said(compiled))
        assert ("document-citations-dropped", "warning", True, None, "response_format") in told(compiled)

    def test_but_in_the_first_of_two_steps(self) -> None:
        compiled = plan(
            CLAUDE_CONVERSE,
            doc("a", citations=True),
            "?",
            response_format=SCHEMA,
            structured_output="two_pass",
        )
        assert "citations" in str(compiled.steps[0].body)
        assert [item.code for item in compiled.diagnostics] == ["fields-told"]

    def test_so_that_no_tool_is_offered_beside_them(self) -> None:
        model = ("us.anthropic.claude-opus-5-5", "converse")
        offered = plan(model, doc("a"), "?", response_format=SCHEMA)
        cited = plan(model, doc("a", citations=True), "?", response_format=SCHEMA)
        strategies = [
            [step.output and step.output.strategy for step in one.steps] for one in (offered, cited)
        ]
        assert strategies == [["offer", "offer"], [None, "offer"]]
        assert "citations" in str(cited.body)


class TestPages:
    """Claude looks at the pages of a PDF on Converse only where it may cite it."""

    def test_not_seen(self) -> None:
        compiled = plan(CLAUDE_CONVERSE, doc("a"), "?")
        assert told(compiled) == [
            ("document-pages-unseen", "info", None, None, "input.document.seen_if_cited")
        ]
        assert "citations=True" in compiled.diagnostics[-1].reason

    @pytest.mark.parametrize(
        ("to", "given"),
        [
            (CLAUDE_CONVERSE, doc("a", citations=True)),
            (CLAUDE_CONVERSE, Document(data=MD, media_type="text/plain", name="a")),
            (CLAUDE, doc("a")),
            (NOVA, doc("a")),
        ],
    )
    def test_seen_or_none(self, to: tuple[str, str], given: Document) -> None:
        assert told(plan(to, given, "?")) == []
