"""What a turn may hold: texts and parts; what is wrong with a list is said in plain words, with its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

import smartllm
from smartllm import Message, MessageRequest, TextRequest
from smartllm.compiler.turns import turns_of
from smartllm.content import (
    Audio,
    CachePoint,
    Document,
    Image,
    InputPart,
    Other,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
    copied,
    described,
    owned,
    text_of,
)
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules

RULES = load_rules()
PARTS: list[InputPart] = [
    Text("a"),
    Image(path="a.png", detail="low"),
    Document(url="https://example.com/a.pdf", name="a"),
    Audio(file_id="f"),
    Video(s3="s3://bucket/film.mp4"),
    ToolCall("1", "f", {"a": 1}),
    ToolResult("1", {"b": [1]}, error=True),
    Reasoning("m", "d", [{"a": 1}], "hm"),
    CachePoint("1h"),
]
ALLOWED = "Text, Image, Document, Audio, Video, ToolCall, ToolResult, Reasoning, CachePoint"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.type)
def test_every_part_may_stand_in_a_turn(part: InputPart) -> None:
    assert Message("user", ["x", part]).content == ["x", part]
    assert TextRequest(prompt=[part]).prompt == [part]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.type)
def test_parts_survive_json(part: InputPart) -> None:
    message = Message("user", ["x", part])
    assert Message.model_validate_json(message.model_dump_json()) == message
    assert Message.model_validate(message.model_dump()) == message
    request = TextRequest(prompt=["x", part])
    assert TextRequest.model_validate_json(request.model_dump_json()).prompt == ["x", part]


@pytest.mark.parametrize(
    "content",
    [
        "clear",
        "",
        None,
        5,
        [1, {"a": ["b"]}],
        [],
        ["clear", "cold"],
        [{"type": "text", "text": "data that looks like a part"}, {"type": "image", "path": "/etc/passwd"}],
        [Text("a")],
        ["a", Image(data=b"\xff\x00"), Document(url="https://example.com/a.pdf")],
        (Text("a"), "b"),
    ],
    ids=repr,
)
def test_a_result_is_text_json_or_parts_and_stays_so_in_json(content: Any) -> None:
    message = Message("user", [ToolResult("1", content), ToolResult("2", content, error=True)])
    parts = isinstance(content, (list, tuple)) and any(isinstance(item, (Text, Image)) for item in content)
    kept = list(content) if parts else content
    for found in (
        message,
        Message.model_validate_json(message.model_dump_json()),
        Message.model_validate(message.model_dump()),
    ):
        assert [(one.content, one.error, one.parts) for one in found.content] == [  # type: ignore[union-attr]
            (kept, False, parts),
            (kept, True, parts),
        ]


def test_the_parts_of_a_result_are_written_in_json_with_a_word_that_says_so() -> None:
    written: Any = {"type": "tool_result", "call_id": "1", "content": ["a", {"type": "text", "text": "b"}]}
    assert Message("user", [written | {"parts": True}]).content == [ToolResult("1", ["a", Text("b")])]
    assert Message("user", [written]).content == [ToolResult("1", written["content"])]


def test_a_conversation_with_calls_and_results() -> None:
    calls = [ToolCall("1", "weather", {"city": "Paris"}), ToolCall("2", "clock", "{broken")]
    turns = [
        Message("user", "How is Paris?"),
        Message("assistant", [Text("Let me look."), *calls]),
        Message("user", [ToolResult("1", {"sky": "clear"}), ToolResult("2", "no such zone", error=True)]),
    ]
    request = MessageRequest(messages=turns)
    assert MessageRequest.model_validate_json(request.model_dump_json()).messages == turns


def test_bytes_are_base64_in_json() -> None:
    message = Message("user", [Image(data=b"\x89PNG\xff")])
    assert Message.model_validate_json(message.model_dump_json()) == message
    for data in ("iVBOR/8=", "iVBOR_8="):
        given: Any = {"type": "image", "data": data}
        assert Message("user", [given]).content == message.content
    given = {"type": "image", "data": b"x"}
    assert Message("user", [given]).content == [Image(data=b"x")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "List should have at least 1 item"),
        (["a", ""], "[1]: the text is empty; it should have at least 1 character"),
        (["a\ud800"], "[0]: the text holds half of a surrogate pair"),
        (["a", 5], f"[1]: 5 is neither a text nor a part of a turn; parts are {ALLOWED}"),
        ([None], "[0]: None is neither a text nor a part"),
        ([["a"]], "[0]: ['a'] is neither a text nor a part"),
        (["x" * 5, range(3)], "[1]: range(0, 3) is neither"),
        ([Refusal("no")], "[0]: Refusal is neither a text nor a part of a turn"),
        ([Other({}, "x")], "[0].raw: {} is no object in the words of a wire"),
        ([Other("x")], "[0].raw: 'x' is no object in the words of a wire"),  # type: ignore[arg-type]
        ([Other({"a": {1}})], "[0].raw.a: {1} (set) is no JSON value"),
        ([Other({"a": 1}, 5)], "[0].kind: 5 is no text"),  # type: ignore[arg-type]
        ([Other({"a": 1}, "x", None)], "[0].dialect: None is no text"),  # type: ignore[arg-type]
        ([ToolResult("1", [Other({})])], "[0].content[0].raw: {} is no object in the words of a wire"),
        ([Text("")], "[0].text: the text is empty"),
        ([Text(5)], "[0].text: 5 is no text"),  # type: ignore[arg-type]
        ([Text("\ud800")], "[0].text: the text holds half of a surrogate pair"),
        ([Image(url="https://a.example/\ud800")], "[0].url: the text holds half of a surrogate pair"),
        ([{"a": 1}], "[0]: an object without a type is no part of a turn; types are text, image, document"),
        ([{"type": "imag"}], "[0]: the type 'imag' is no part of a turn; did you mean image?"),
        ([{"type": "zzz"}], "[0]: the type 'zzz' is no part of a turn; types are text, image"),
        ([{"type": ["text"]}], "[0]: the type ['text'] is no part"),
        ([{"type": "other", "raw": {}}], "[0].raw: {} is no object"),
        ([{"type": "other", "raw": 5}], "[0].raw: Input should be a valid dictionary, not 5"),
        ([{"type": "refusal", "text": "no"}], "[0]: the type 'refusal' is no part"),
        ([{"type": "image"}], "[0]: Image: give exactly one of data, path, url, file_id, s3, not none"),
        ([{"type": "image", "pth": "x"}], "[0]: 'pth' is no field of image; did you mean path?"),
        ([{"type": "image", "zzz": "x"}], "[0]: 'zzz' is no field of image; fields are data, detail,"),
        ([{"type": "image", "path": 5}], "[0].path: Input should be a valid string, not 5"),
        ([{"type": "image", "data": "%"}], "[0].data: the text is not base64"),
        ([{"type": "tool_call", "id": "1", "name": "f"}], "[0].arguments: Field required ["),
        ([{"type": "cache_point", "ttl": "9m"}], "[0].ttl: Input should be '5m' or '1h', not '9m'"),
        ([{"type": "reasoning", "blocks": [5]}], "[0].blocks[0]: Input should be a valid dictionary, not 5"),
        ([{"type": "text", "text": ""}], "[0].text: the text is empty"),
        ([ToolResult(5, "a")], "[0].call_id: 5 is no text"),  # type: ignore[arg-type]
        ([ToolResult("1", {"a": {1}})], "[0].content.a: {1} (set) is no JSON value; allowed: Unicode text,"),
        ([ToolResult("1", float("nan"))], "[0].content: nan is no JSON number"),
        ([ToolResult("1", [Text("a"), 5])], "[0].content[1]: 5 is neither a text nor a part"),
        (
            [ToolResult("1", [Text("a"), CachePoint()])],
            "[0].content[1]: CachePoint cannot stand in a result; texts can, and Text, Image, Document,",
        ),
        ([ToolResult("1", [Refusal("no")])], "[0].content[0]: Refusal is neither a text nor a part"),
        ([ToolResult("1", "x", parts=True)], "[0].content: 'x' is no list of texts and parts"),
        (
            [{"type": "tool_result", "call_id": "1", "content": [{"type": "text"}], "parts": True}],
            "[0].content[0].text: Field required",
        ),
        ([ToolCall(5, "f", {})], "[0].id: 5 is no text"),  # type: ignore[arg-type]
        ([ToolCall("1", None, {})], "[0].name: None is no text"),  # type: ignore[arg-type]
        ([ToolCall("1", "f", [1])], "[0].arguments: [1] is neither an object nor its text"),  # type: ignore[arg-type]
        (
            [ToolCall("1", "f", {"a": [object]})],
            "[0].arguments.a[0]: <class 'object'> (type) is no JSON value",
        ),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_once_in_plain_words(content: Any, says: str) -> None:
    for make, field in (
        (lambda: TextRequest(prompt=content), "prompt"),
        (lambda: Message("user", content), "content"),
    ):
        with pytest.raises(ValidationError) as caught:
            make()
        (error,) = caught.value.errors()
        assert error["loc"] == (field,)
        assert f"{field}{says}" in str(caught.value) or (not content and says in str(caught.value))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "String should have at least 1 character"),
        ("\ud800", "Input should be a valid string, unable to parse raw data as a unicode string"),
        (5, "Input should be a valid string"),
        (None, "Input should be a valid string"),
        ({"type": "text", "text": "a"}, "Input should be a valid string"),
    ],
)
def test_what_is_no_list(content: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TextRequest(prompt=content)
    (error,) = caught.value.errors()
    assert (error["loc"], error["msg"]) == (("prompt",), says)


def test_a_long_value_is_cut() -> None:
    content: Any = [{"type": "x" * 500}]
    with pytest.raises(ValidationError) as caught:
        TextRequest(prompt=content)
    assert "x" * 99 + "… is no part" in str(caught.value)


def test_texts_and_reasoning_are_sent() -> None:
    turns = [Message("user", ["a", Text("b")]), Message("assistant", [Reasoning("m", "d", [{"a": 1}]), "c"])]
    plan = smartllm.compile(
        MessageRequest(messages=[*turns, Message("user", "d")], model="gpt-4o"), rules=RULES, level="ignore"
    )
    assert [item["content"] for item in plan.body["input"]][:2] == ["a", "b"]
    prompts: list[Any] = ["a", ["a"], [Text("a")]]
    bodies = [
        smartllm.compile(TextRequest(prompt=prompt, model="gpt-4o"), rules=RULES).body for prompt in prompts
    ]
    assert bodies[0] == bodies[1] == bodies[2]


def test_media_stands_in_users_turns_and_results_alone() -> None:
    image = Image(data=b"GIF89a")
    messages = [Message("user", "a"), Message("assistant", [image])]
    says = r"^messages\[1\]\.content\[0\]: an Image cannot stand in a turn of the assistant"
    with pytest.raises(UnsupportedError, match=says):
        smartllm.compile(MessageRequest(messages=messages, model="gpt-4o"), rules=RULES)
    turns = turns_of({"prompt": ["a", image, CachePoint()]})
    assert turns[0].parts == (Text("a"), replace(image, media_type="image/gif"), CachePoint())


def test_blocks_that_are_no_json_are_refused_by_their_place() -> None:
    part = Reasoning("m", "d", [{"a": object()}])
    for fields in ({"content": ["a", part]}, {"content": "a", "reasoning": part}):
        request = MessageRequest(messages=[Message("assistant", **fields)], model="gpt-4o")
        with pytest.raises(smartllm.CompileError, match=r"messages\[0\]\.(content\[1\]|reasoning)\.blocks"):
            smartllm.compile(request, rules=RULES)


def test_blocks_that_are_no_objects_are_refused_by_their_place() -> None:
    part = Reasoning("m", "d", [{}, "x"])  # type: ignore[list-item]
    for fields in ({"content": ["a", part]}, {"content": "a", "reasoning": part}):
        request = MessageRequest(messages=[Message("assistant", **fields)], model="gpt-4o")
        with pytest.raises(UnsupportedError, match=r"blocks\[1\]: a str is no block of reasoning"):
            smartllm.compile(request, rules=RULES)


def test_reasoning_stands_in_the_assistants_turns_alone_and_not_alone_in_one() -> None:
    part = Reasoning("m", "d", [{"a": 1}])
    with pytest.raises(UnsupportedError, match=r"^prompt\[1\]: a Reasoning cannot stand in a prompt"):
        smartllm.compile(TextRequest(prompt=["a", part], model="gpt-4o"), rules=RULES)
    for fields in ({"content": ["a", part]}, {"content": "a", "reasoning": part}):
        with pytest.raises(UnsupportedError, match=r"^messages\[0\].*cannot stand in a turn of the user"):
            smartllm.compile(
                MessageRequest(messages=[Message("user", **fields)], model="gpt-4o"), rules=RULES
            )
    alone = [Message("user", "a"), Message("assistant", [part]), Message("user", "b")]
    with pytest.raises(UnsupportedError, match=r"^messages\[1\]: the turn holds reasoning alone"):
        smartllm.compile(MessageRequest(messages=alone, model="gpt-4o"), rules=RULES)


def test_a_copy_shares_nothing_that_can_be_changed() -> None:
    raw = {"a": [{"b": (1, [2])}]}
    mine = copied(raw)
    mine["a"][0]["b"][1].append(3)
    assert raw == {"a": [{"b": (1, [2])}]}
    for part in (ToolCall("1", "f", {"a": []}), Reasoning("m", "d", [{"a": []}]), Other({"a": []}, "x", "d")):
        assert owned(part) == part
        assert owned(part) is not part
    assert owned(Text("a", ({"a": []},))) == Text("a", ({"a": []},))
    assert owned(ToolCall("1", "f", "{")) == ToolCall("1", "f", "{")
    for fixed in (Text("a"), Refusal("no")):
        assert owned(fixed) is fixed


def test_the_text_of_parts_is_what_is_text() -> None:
    assert text_of([Text("a"), Refusal("no"), Reasoning(text="hm"), Text("b")]) == "ab"


def test_what_was_written_is_described_as_json() -> None:
    content: Any = ["a", Image(data=b"xyz", detail="low"), ToolResult("1", [Text("b")])]
    assert described(content) == [
        "a",
        {"type": "image", "data": "3 bytes", "detail": "low"},
        {"type": "tool_result", "call_id": "1", "content": [{"type": "text", "text": "b"}], "parts": True},
    ]
    thought = Reasoning("m", "d", [{"signature": "canary"}, {}], "hm")
    (told,) = described([thought])
    assert told == {"model": "m", "dialect": "d", "blocks": "2 blocks", "text": "hm", "type": "reasoning"}
    assert described("a") == "a"
