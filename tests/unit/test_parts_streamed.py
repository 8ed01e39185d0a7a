"""The streamed and the whole reading of one answer agree, whatever it is made of and wherever it is cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from part_events import JSON, Said, claude_events, claude_whole, converse_events, converse_whole
from part_events_openai import chat_events, chat_whole, responses_events, responses_whole
from stream_events import decoded

from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Image, Other, Reasoning, Refusal, Text, ToolCall
from smartllm.rules import Dialect
from smartllm.usage import Usage

Whole = Callable[[Sequence[Said], str], JSON]
Events = Callable[[JSON, Random], Iterator[JSON]]

READ: Final = {"text", "thought", "hidden", "call", "own", "result", "new"}
WIRES: Final[dict[Dialect, tuple[Whole, Events, set[str], str]]] = {
    "anthropic_messages": (claude_whole, claude_events, READ, "end_turn"),
    "bedrock_converse": (converse_whole, converse_events, READ | {"media"}, "end_turn"),
    "openai_chat": (chat_whole, chat_events, READ | {"refusal", "media"}, "stop"),
    "openai_responses": (responses_whole, responses_events, READ | {"refusal", "media"}, "completed"),
}
KINDS: Final = {
    "text": Text,
    "thought": Reasoning,
    "hidden": Reasoning,
    "call": ToolCall,
    "refusal": Refusal,
    "media": Image,
}

TEXTS = st.text(st.sampled_from('ab {}"\\é\n\U0001f44d'), min_size=1, max_size=8)
OBJECTS = st.dictionaries(TEXTS, st.one_of(st.integers(), TEXTS, st.lists(TEXTS, max_size=2)), max_size=3)


def said(kinds: set[str], *, custom: bool) -> st.SearchStrategy[Said]:
    arguments = st.one_of(OBJECTS, TEXTS) if custom else OBJECTS
    spoken = st.builds(Said, st.sampled_from(sorted(kinds - {"call", "text"})), TEXTS)
    cites = st.lists(TEXTS, max_size=2).map(tuple)
    calls = st.builds(Said, st.just("call"), arguments=arguments)
    return st.one_of(st.builds(Said, st.just("text"), TEXTS, cites), calls, spoken)


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=examples(150), deadline=None)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_a_stream_says_what_the_whole_says(wire: Dialect, data: st.DataObject, random: Random) -> None:
    write, cut, kinds, reason = WIRES[wire]
    custom = wire.startswith("openai")
    answer = data.draw(st.lists(said(kinds, custom=custom), min_size=1, max_size=6))
    reply = write(answer, reason)
    whole = DECODERS[wire].decode(json.loads(json.dumps(reply)), "m")
    streamed = decoded(wire, [*cut(reply, random)])
    assert streamed == whole
    assert (streamed.text, streamed.thinking) == (whole.text, whole.thinking)
    assert whole.usage == Usage(5, 6)


@pytest.mark.parametrize("wire", [name for name in WIRES if name != "openai_chat"])
@settings(max_examples=examples(80), deadline=None)
@given(data=st.data())
def test_each_thing_that_is_said_is_a_part(wire: Dialect, data: st.DataObject) -> None:
    write, _, kinds, reason = WIRES[wire]
    answer = data.draw(st.lists(said(kinds, custom=wire == "openai_responses"), min_size=1, max_size=6))
    parts = DECODERS[wire].decode(write(answer, reason), "m").parts
    assert [type(part) for part in parts] == [KINDS.get(one.kind, Other) for one in answer]
    for part, one in zip(parts, answer, strict=True):
        if isinstance(part, Text):
            assert (part.text, [note["title"] for note in part.citations]) == (one.text, [*one.cites])
        elif isinstance(part, Refusal) or (isinstance(part, Reasoning) and one.kind == "thought"):
            assert part.text == one.text
        elif isinstance(part, ToolCall):
            assert (part.name, part.arguments) == ("look", one.arguments)
        elif isinstance(part, Image):
            assert part.data == one.text.encode()
        else:
            assert isinstance(part, (Other, Reasoning))
            assert one.text in texts_in(part.raw if isinstance(part, Other) else part.blocks)


def texts_in(value: Any) -> Iterator[str]:
    """All texts in JSON data."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(item)
