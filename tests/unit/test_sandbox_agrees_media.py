"""Compiler and sandbox agree on what is no text: whatever the one makes of it, the other does not refuse."""

from __future__ import annotations

from typing import Any

from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from model_facts import CHAT, CONVERSE, FACTS, MESSAGES, RESPONSES, RULES
from pictures import MP4, WAV, gif, pdf, png

import smartllm
from smartllm import Message, MessageRequest, Tool, ToolCall, ToolResult, UnsupportedError
from smartllm.content import Audio, CachePoint, Document, Image, Video
from smartllm.rules import Dialect
from smartllm.testing.check import refusal
from smartllm.words import ApiType

PICTURES = [png(), png(2000, 1), png(2001, 1), png(8001, 1), gif(), gif(2)]
NAMES = [None, "report", "2024_report (final).pdf", "  ", "Überblick…", "a" * 250, "Document 1", "x\ty　z"]
APIS: dict[Dialect, ApiType] = {
    RESPONSES: "responses",
    CHAT: "chat_completions",
    MESSAGES: "invoke",
    CONVERSE: "converse",
}
SEEING = [
    (APIS[dialect], model)
    for dialect, models in FACTS.items()
    for model, facts in models.items()
    if any(getattr(facts.input, kind).sources for kind in ("image", "document", "audio", "video"))
]
SCHEMA = {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}

images = st.one_of(
    st.builds(
        Image, data=st.sampled_from(PICTURES), detail=st.sampled_from([None, "low", "high", "original"])
    ),
    st.sampled_from(
        [
            Image(url="https://example.com/cat.png"),
            Image(file_id="file_1"),
            Image(s3="s3://bucket/cat.png", media_type="image/png"),
        ]
    ),
)
documents = st.one_of(
    st.builds(
        Document,
        data=st.just(pdf()),
        name=st.sampled_from(NAMES),
        citations=st.sampled_from([False, False, True]),
    ),
    st.builds(
        Document,
        data=st.just(b"a,b\n1,2\n"),
        media_type=st.sampled_from(["text/csv", "text/plain", "text/markdown", "text/html"]),
        name=st.sampled_from(NAMES),
        citations=st.sampled_from([False, False, True]),
    ),
    st.sampled_from(
        [
            Document(url="https://example.com/a.pdf"),
            Document(file_id="file_1"),
            Document(s3="s3://bucket/a.pdf", media_type="application/pdf"),
        ]
    ),
)
others = st.sampled_from(
    [Audio(data=WAV), Video(data=MP4), Video(s3="s3://bucket/a.mp4", media_type="video/mp4")]
)
media: st.SearchStrategy[Any] = st.one_of(images, documents, images, documents, others)
texts = st.sampled_from([[], ["What is it?"]])


@st.composite
def contents(draw: st.DrawFn) -> list[Any]:
    """Texts, media and marks in any order."""
    parts = [*draw(texts), *draw(st.lists(media, max_size=4))] or ["What is it?"]
    parts = draw(st.permutations(parts))
    return [*parts, CachePoint()] if draw(st.booleans()) else list(parts)


@st.composite
def turns(draw: st.DrawFn) -> list[Message]:
    """A conversation in which the user, or a tool, shows something."""
    said = [Message("user", draw(contents()))]
    for number in range(draw(st.integers(0, 2))):
        inside = [*draw(texts), *draw(st.lists(media, max_size=2))]
        said += [
            Message("assistant", [ToolCall(f"call_{number}", "look", {})]),
            Message(
                "user",
                [ToolResult(f"call_{number}", inside or "nothing"), *draw(st.sampled_from([[], ["And?"]]))],
            ),
        ]
    if draw(st.booleans()):
        said += [Message("assistant", "I see."), Message("user", draw(contents()))]
    return said


@st.composite
def requests(draw: st.DrawFn, api_type: ApiType) -> MessageRequest[Any]:
    return MessageRequest(
        messages=draw(turns()),
        tools=[Tool("look")],
        api_type=api_type,
        response_format=draw(st.sampled_from([None, None, None, SCHEMA])),
        prompt_cache=draw(st.sampled_from([None, None, "5m", "1h"])),
        system_prompt=draw(st.sampled_from([None, "Be brief."])),
        max_tokens=20_000,
    )


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(SEEING), st.data())
def test_nothing_that_is_compiled_is_refused(seeing: tuple[ApiType, str], data: st.DataObject) -> None:
    api_type, model = seeing
    request = data.draw(requests(api_type))
    try:
        plan = smartllm.compile(request, model=model, rules=RULES, level="ignore")
    except UnsupportedError:
        return
    for step in plan.steps:
        found = refusal(_as_sent(step.body), model, step.dialect, host=step.host, streamed=step.streamed)
        assert found is None, (str(found), step.body)


def _as_sent(node: Any) -> Any:
    """A body with the text that stands for bytes."""
    if isinstance(node, dict):
        return {key: _as_sent(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_sent(value) for value in node]
    return getattr(node, "text", node)
