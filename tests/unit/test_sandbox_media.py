"""What the sandbox refuses of pictures, documents, sound and film, what it takes, and what it tells of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import media_refusals as wrong
import pytest
from media_refusals import BODIES
from pictures import WAV, gif, pdf, png
from test_sandbox_tools import shape
from tool_refusals import SONNET, Wrong

from smartllm.rules import Dialect
from smartllm.testing.check import refusal
from smartllm.testing.reply import Recorded
from smartllm.testing.routes import MEDIA_WIRES, find_route

CASES = [(dialect, problem, one) for dialect, bodies in BODIES.items() for problem, one in bodies.items()]


@pytest.mark.parametrize("dialect", BODIES)
def test_each_problem_that_a_wire_has_words_for_is_tried(dialect: Dialect) -> None:
    assert set(BODIES[dialect]) == set(MEDIA_WIRES[dialect].words)


@pytest.mark.parametrize(
    ("dialect", "problem", "one"), CASES, ids=[f"{dialect}-{problem}" for dialect, problem, _ in CASES]
)
def test_each_is_told_in_the_providers_words(
    dialect: Dialect, problem: str, one: Wrong | Callable[[], Wrong]
) -> None:
    one = one if isinstance(one, Wrong) else one()
    words = MEDIA_WIRES[dialect].words[problem]
    found = refusal(one.body, one.model, dialect)
    assert found is not None
    assert (found.code, found.status) == (words.code, words.status)
    assert shape(words.message).fullmatch(found.message), found.message
    assert (found.param is None) == (words.param is None)
    assert found.param is None or shape(str(words.param)).fullmatch(found.param)


def ends_with(result: dict[str, Any], *behind: dict[str, Any], model: str = SONNET) -> Wrong:
    turns = [
        {"role": "user", "content": [wrong.WORDS]},
        {"role": "assistant", "content": [wrong.USED]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [result]}}, *behind]},
    ]
    return Wrong(model, {"messages": turns, "toolConfig": wrong.LOOK})


RIGHT: list[tuple[Dialect, Wrong]] = [
    ("openai_responses", wrong.responses(wrong.image(detail="low"), wrong.file(detail="high"))),
    ("openai_responses", wrong.responses(wrong.image(wrong.address(gif(), "image/gif")))),
    ("openai_responses", wrong.responses({"type": "input_file", "file_url": "https://example.com/a.pdf"})),
    ("openai_responses", wrong.responses({"type": "input_image", "file_id": "file_1", "detail": "auto"})),
    ("openai_responses", wrong.responses(wrong.file(wrong.address(b"a,b", "text/csv")))),
    ("openai_chat", wrong.chat(wrong.shown("https://example.com/a.png"), wrong.filed())),
    ("openai_chat", wrong.chat({"type": "file", "file": {"file_id": "file_1"}})),
    ("anthropic_messages", wrong.claude(*[wrong.block(png(2000, 1))] * 21, wrong.paper())),
    ("anthropic_messages", wrong.claude(*[wrong.block(png(8000, 1))] * 20)),
    (
        "anthropic_messages",
        wrong.claude(
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Words."}},
            wrong.block(gif(2), "image/gif"),
        ),
    ),
    ("bedrock_converse", wrong.converse(wrong.picture(), wrong.document("Q3 [final] (2)-a"))),
    ("bedrock_converse", wrong.converse(wrong.document(**wrong.CITED))),
    (
        "bedrock_converse",
        wrong.converse(
            {"document": {"format": "txt", "name": "A", "source": {"text": "Words."}, **wrong.CITED}}
        ),
    ),
    ("bedrock_converse", wrong.converse(wrong.FILM, model="nova-lite")),
    ("bedrock_converse", wrong.converse(wrong.given("audio", "wav", WAV), model="voxtral-small-24b-2507")),
    (
        "bedrock_converse",
        wrong.converse(
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}}, model="nova-lite"
        ),
    ),
    ("bedrock_converse", ends_with(wrong.picture(), wrong.picture())),
    ("bedrock_converse", ends_with({"text": "seen"}, wrong.WORDS, wrong.document("Behind it"))),
    ("bedrock_converse", ends_with(wrong.document("In it", b"a,b", "csv"), model="nova-lite")),
]


@pytest.mark.parametrize(("dialect", "one"), RIGHT)
def test_what_is_right_is_not_refused(dialect: Dialect, one: Wrong) -> None:
    assert refusal(one.body, one.model, dialect) is None


@pytest.mark.parametrize(
    ("result", "model"),
    [
        (wrong.picture(), "gpt-6-sol"),
        (wrong.document(), "qwen3-vl-235b-a22b"),
        (wrong.document(), "nova-lite"),
        (wrong.document(), SONNET),
    ],
)
def test_a_result_holds_no_more_than_the_model_takes_in_one(result: dict[str, Any], model: str) -> None:
    one = ends_with(result, model=model)
    found = refusal(one.body, one.model, "bedrock_converse")
    assert found is not None
    assert "toolResult.content" in str(found)


def test_one_name_twice_is_one_too_many_wherever_it_stands() -> None:
    one = ends_with({"text": "seen"}, wrong.WORDS, wrong.document("report"))
    one.body["messages"].insert(0, {"role": "user", "content": [wrong.WORDS, wrong.document("report")]})
    found = refusal(one.body, one.model, "bedrock_converse")
    assert "duplicate document names" in str(found)


@pytest.mark.parametrize("dialect", BODIES)
def test_what_is_no_list_and_no_object_is_passed_over(dialect: Dialect) -> None:
    for content in (None, "hi", 3, [None, 3, {"type": "image"}, {"image": None}, {"type": "input_image"}]):
        body = {
            "messages": [{"role": "user", "content": content}],
            "input": [{"content": content}],
            "system": 1,
        }
        list(MEDIA_WIRES[dialect].read(body))


# What is told of it


PATHS: dict[Dialect, str] = {
    "openai_responses": "/v1/responses",
    "openai_chat": "/v1/chat/completions",
    "anthropic_messages": f"/model/{SONNET}/invoke",
    "bedrock_converse": f"/model/{SONNET}/converse",
}
SEEN: list[tuple[Dialect, Wrong, str]] = [
    ("openai_responses", wrong.responses(wrong.image()), "input[0].content[1]"),
    ("openai_chat", wrong.chat(wrong.shown()), "messages[0].content[1]"),
    ("anthropic_messages", wrong.claude(wrong.block()), "messages.0.content.1"),
    ("bedrock_converse", wrong.converse(wrong.picture()), "messages.0.content.1"),
]


@pytest.mark.parametrize(("dialect", "one", "place"), SEEN)
def test_a_request_tells_what_it_held_without_the_bytes(dialect: Dialect, one: Wrong, place: str) -> None:
    body = json.dumps(one.body).encode()
    route = find_route("POST", PATHS[dialect])
    recorded = Recorded(method="POST", path="/", raw_path="/", headers={}, body=body, route=route)
    (line,) = recorded.media
    assert line.startswith(f"{place}: image, image/png, 64 x 48 pixels, {len(png())} bytes, sha256 ")
    assert base64.b64encode(png()).decode()[:40] not in repr(recorded)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"{", ()),
        (b"[]", ()),
        (
            json.dumps(wrong.chat(wrong.shown("https://example.com/a.png")).body).encode(),
            ("messages[0].content[1]: image by url",),
        ),
        (
            json.dumps(wrong.chat({"type": "file", "file": {}}).body).encode(),
            ("messages[0].content[1]: document by nothing known",),
        ),
    ],
)
def test_what_cannot_be_read_is_told_as_far_as_it_can(body: bytes, lines: tuple[str, ...]) -> None:
    assert find_route("POST", PATHS["openai_chat"]).seen(body) == lines


def test_nothing_is_told_of_a_listing() -> None:
    assert find_route("GET", "/v1/models").seen(b"") == ()
    assert Recorded(method="GET", path="/", raw_path="/", headers={}, body=b"").media == ()


def test_a_document_is_told_with_its_type() -> None:
    body = json.dumps(wrong.converse(wrong.document()).body).encode()
    (line,) = find_route("POST", PATHS["bedrock_converse"]).seen(body)
    assert f"document, application/pdf, {len(pdf())} bytes" in line
