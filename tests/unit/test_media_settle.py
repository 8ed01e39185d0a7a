"""The passes over media: what was given is sent or told of, and they change nothing that is settled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from doors import USUAL, api_on
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import DOCX, LOOK, MD, MP3, MP4, PDF, PNG, RULES, b64, png
from model_facts import FACTS
from settled import settled, target_of

import smartllm
from smartllm import Message, MessageRequest
from smartllm.compiler.dialects.formats import SUFFIXES
from smartllm.compiler.passes import PASSES
from smartllm.compiler.passes import documents as documents_pass
from smartllm.compiler.passes import media as media_pass
from smartllm.compiler.passes.media import sources_of
from smartllm.compiler.planned import intent_of
from smartllm.content import Audio, Document, Image, ToolCall, ToolResult, Video
from smartllm.errors import UnsupportedError
from smartllm.rules import resolve, served_on
from smartllm.rules.vocabulary import DIALECTS, Dialect
from smartllm.rules.vocabulary.input import KINDS

# Each its own bytes, so that what is sent can be told apart.
pictures = st.builds(
    Image,
    data=st.sampled_from([PNG, png(2, 1), png(3, 1)]),
    detail=st.sampled_from([None, "auto", "low", "original"]),
)
documents = st.builds(
    lambda given, name, citations: Document(
        data=given[0], media_type=given[1], name=name, citations=citations
    ),
    st.sampled_from(
        [(PDF, None), (PDF + b"%2", None), (MD, "text/markdown"), (b"a,b", "text/csv"), (b"PK\x03\x04", DOCX)]
    ),
    st.sampled_from([None, "a", "a.pdf", "Fees_2026", "x" * 250]),
    st.booleans(),
)
others = st.sampled_from(
    [Audio(data=MP3), Video(data=MP4), Image(url="https://example.com/a"), Document(file_id="f")]
)
texts = st.sampled_from(["Look.", "?"])
# More of what most models take.
media = st.integers(0, 19).flatmap(
    lambda number: others if number == 0 else (pictures, documents)[number % 2]
)
contents = st.lists(st.one_of(texts, media), min_size=1, max_size=4)
rounds = st.tuples(contents, st.lists(st.one_of(texts, media), max_size=2))
SCHEMA = {"title": "Found", "type": "object", "properties": {"what": {"type": "string"}}}
wishes = st.fixed_dictionaries({}, optional={"response_format": st.just(SCHEMA)})
TARGETS = [
    (model, host, dialect)
    for model in sorted(RULES.table("model"))
    for host in sorted(USUAL)
    for dialect in served_on(resolve(model, RULES), host, RULES)
    if FACTS[dialect][model].input.image.sources or model == "gpt-4"
]


def turns_of(first: list[Any], later: list[tuple[list[Any], list[Any]]]) -> list[Message]:
    turns = [Message("user", first)]
    for number, (result, beside) in enumerate(later):
        turns += [
            Message("assistant", [ToolCall(f"call_{number}", "look", {})]),
            Message("user", [ToolResult(f"call_{number}", result), *beside]),
        ]
    return turns


def parts_in(turns: list[Message]) -> list[Any]:
    found: list[Any] = []
    for turn in turns:
        for part in turn.content:
            found += part.content if isinstance(part, ToolResult) else [part]
    return [part for part in found if not isinstance(part, (str, ToolCall))]


@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from(TARGETS), contents, st.lists(rounds, max_size=2), wishes)
def test_nothing_is_lost_in_silence_and_the_passes_settle(
    to: tuple[str, str, Dialect], first: list[Any], later: list[Any], fields: dict[str, Any]
) -> None:
    model, host, dialect = to
    fields = fields | ({"tools": [LOOK]} if later else {}) | {"api_type": api_on(dialect, host)}
    request: MessageRequest[Any] = MessageRequest(messages=turns_of(first, later), **fields)
    try:
        compiled = smartllm.compile(request, provider=host, model=model, rules=RULES, level="ignore")
    except UnsupportedError as error:
        assert error.fact  # noqa: PT017 - most are sent; those that are not are refused by a fact
        return
    sent = json.dumps(compiled.steps[0].body, ensure_ascii=False)
    codes = {item.code for item in compiled.diagnostics}
    given_parts = parts_in(request.messages)
    for part in given_parts:
        whole = part.url or part.file_id or b64(part.data)
        if whole not in sent:
            assert part.type == "document"
            assert json.dumps(part.data.decode(), ensure_ascii=False)[1:-1] in sent
    assert_told(given_parts, sent, codes)
    target = target_of(compiled, RULES)
    before, alone = intent_of(request, target, {})
    for run in PASSES:
        count, after = len(alone.changes), run(before, target.facts, alone)
        if run in {media_pass, documents_pass}:
            assert (after != before) == (len(alone.changes) > count)
        before = after
    trace = settled(request, target)
    assert all(change.asked != change.applied for change in trace.changes)


def assert_told(given_parts: list[Any], sent: str, codes: set[str]) -> None:
    """What was wished of parts stands in the body, or somebody is told."""
    for part in given_parts:
        detail = getattr(part, "detail", None)
        if detail not in {None, "auto"}:
            assert f'"detail": "{detail}"' in sent or codes & {"detail-dropped", "detail-changed"}
        if getattr(part, "citations", False):
            assert '"enabled": true' in sent or "document-citations-dropped" in codes
        name = getattr(part, "name", None)
        if name is not None:
            assert name in sent or "documents-named" in codes or part.file_id
    cited = sum(getattr(part, "citations", False) for part in given_parts)
    assert sent.count('"enabled": true') <= cited or "document-citations-widened" in codes


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_listed_format_has_a_word_on_converse_and_all_sources_a_place(dialect: Any) -> None:
    assert FACTS[dialect]
    for model, facts in FACTS[dialect].items():
        for kind in KINDS:
            takes = getattr(facts.input, kind)
            assert sources_of(kind, facts, dialect) == takes.sources, (model, kind)
            if dialect == "bedrock_converse" and takes.sources:
                assert set(takes.formats) <= set(SUFFIXES), (model, kind)
