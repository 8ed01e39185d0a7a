"""Bytes of media: how they stand in a body, and what of them is shown."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import subprocess
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

import smartllm
from smartllm import TextRequest
from smartllm.compiler import Plan
from smartllm.compiler.body import shown, wire_text, written
from smartllm.compiler.payload import Payload
from smartllm.media import CHUNK, Encoded
from smartllm.rules import load_rules

RULES = load_rules()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
BASE64 = base64.b64encode(PNG).decode()


def plan_with(*leaves: Encoded) -> Plan:
    """A plan whose last message holds media, as an encoder puts them there."""
    plan = smartllm.compile(TextRequest(prompt="hi", model="gpt-4o"), rules=RULES)
    step = plan.steps[0]
    content = [{"type": "input_text", "text": "hi"}, *({"image_url": leaf} for leaf in leaves)]
    message = {"type": "message", "role": "user", "content": content}
    return replace(plan, steps=(replace(step, sealed=step.sealed | {"input": [message]}),))


def test_what_is_sent_holds_the_base64_text_and_what_is_shown_its_size_and_hash() -> None:
    plan = plan_with(Encoded(PNG, "image/png", "data:image/png;base64,"))
    text = f"data:image/png;base64,{BASE64}"
    assert plan.body["input"][0]["content"][1] == {"image_url": text}
    assert json.loads(plan.steps[0].payload) == plan.body == json.loads(plan.as_json())["steps"][0]["body"]
    assert text in plan.as_curl()
    shown = plan.explain()
    assert BASE64[:40] not in shown
    digest = hashlib.sha256(PNG).hexdigest()
    assert f"<data:image/png;base64,{len(PNG)} bytes, sha256 {digest[:16]}…>" in shown


def test_a_body_that_is_too_long_for_an_argument_comes_by_standard_input(tmp_path: Path) -> None:
    plan = plan_with(Encoded(bytes(300_000), "image/png"))
    command = plan.as_curl()
    first, _, rest = command.partition("--data-binary @- <<'BODY'\n")
    assert "curl -sS -X POST" in first
    script = tmp_path / "send.sh"
    script.write_text(f"cat <<'BODY'\n{rest}\n")
    said = subprocess.run(["/bin/sh", str(script)], check=True, capture_output=True)
    assert json.loads(said.stdout) == plan.body
    assert "<<" not in plan_with().as_curl()


@pytest.mark.parametrize("text", ["字" * 40_000, "'" * 30_000], ids=["bytes", "quotes"])
def test_the_length_of_an_argument_is_counted_as_the_system_does(text: str) -> None:
    assert "--data-binary @- <<'BODY'" in smartllm.compile(text, model="gpt-5.4").as_curl()


def test_a_plan_with_media_pickles() -> None:
    plan = plan_with(Encoded(PNG, "image/png"))
    again = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own
    assert again.steps[0].payload == plan.steps[0].payload
    assert again.fingerprint == plan.fingerprint


def test_the_payload_is_the_json_of_the_body_with_the_texts_in_their_places() -> None:
    tricky = '{"":NaN} \\{"":NaN} "{"'
    for size in (0, 1, 2, 3, CHUNK // 4 * 3 - 1, CHUNK // 4 * 3, CHUNK):
        for prefix in ("", "data:x/y;base64,"):
            leaf = Encoded(bytes(range(256)) * (size // 256) + bytes(size % 256), "x/y", prefix)
            data = {"a": [leaf, tricky, {tricky: leaf}], "ü": tricky, "leaf": leaf, "": {"": "NaN"}}
            plain = json.loads(json.dumps(data, default=lambda one: one.text))
            content = written(data, {})
            assert isinstance(content, Payload)
            assert json.loads(bytes(content)) == plain
            assert bytes(content).decode() == wire_text(plain)
            assert len(content) == len(bytes(content)) == sum(map(len, content))
            assert all(len(part) <= CHUNK for part in content)
            assert content.sha256 == hashlib.sha256(bytes(content)).hexdigest()
            assert content.media == (leaf, leaf, leaf)
            assert content.text_size == len(content) - 3 * len(leaf.text)


def test_known_texts_and_media_stand_in_one_body() -> None:
    leaf = Encoded(b"abc", "x/y")
    data = {"tools": [1], "input": [{"data": leaf}]}
    assert bytes(written(data, {("tools",): "[1]"})) == b'{"tools":[1],"input":[{"data":"YWJj"}]}'
    with pytest.raises(TypeError, match="set is no JSON"):
        written({"a": set()}, {})
    with pytest.raises(TypeError, match="set is no JSON"):
        written({"a": leaf, "b": set()}, {})


class TestFingerprints:
    def test_are_equal_where_the_bytes_are(self) -> None:
        one, two = (plan_with(Encoded(bytes(bytearray(PNG)), "image/png", "data:")) for _ in range(2))
        assert one.fingerprint == two.fingerprint

    @pytest.mark.parametrize(
        "other",
        [
            (Encoded(PNG[:-1], "image/png"),),
            (Encoded(PNG[:-1] + b"\0", "image/png"),),
            (Encoded(PNG, "image/png", "data:"),),
            (Encoded(PNG, "image/png"), Encoded(PNG, "image/png")),
            (),
        ],
    )
    def test_differ_where_they_do(self, other: tuple[Encoded, ...]) -> None:
        assert plan_with(Encoded(PNG, "image/png")).fingerprint != plan_with(*other).fingerprint

    def test_are_those_of_their_place_too(self) -> None:
        one, two = Encoded(b"one", "image/png"), Encoded(b"two", "image/png")
        assert plan_with(one, two).fingerprint != plan_with(two, one).fingerprint

    def test_no_text_has_that_of_media(self) -> None:
        leaf = Encoded(PNG, "image/png", "data:")
        content = written({"a": leaf}, {})
        assert isinstance(content, Payload)
        with pytest.raises(ValueError, match="Invalid control character"):
            json.loads(content.identity.decode())
        for text in (content.identity.decode(), f"\ndata:{leaf.sha256}\n", str(leaf)):
            assert bytes(written({"a": text}, {})) != content.identity

    def test_of_streamed_and_plain_calls_are_the_same_with_media(self) -> None:
        plans = []
        for stream in (False, True):
            plan = smartllm.compile(TextRequest(prompt="hi", model="gpt-4o", stream=stream), rules=RULES)
            step = plan.steps[0]
            body = step.sealed | {"media": Encoded(PNG, "image/png")}
            plans.append(replace(plan, steps=(replace(step, sealed=body),)))
        assert plans[0].steps[0].payload != plans[1].steps[0].payload
        assert plans[0].fingerprint == plans[1].fingerprint


@pytest.mark.parametrize(
    ("media_type", "data", "least", "most"),
    [
        ("image/png", PNG, 1600, 1610),  # no size in its head
        ("image/gif", b"GIF89a\xe8\x03\xee\x02\0\0\0;", 1000, 1010),
        ("image/gif", b"GIF89a\xff\xff\xff\xff\0\0\0;", 4784, 4790),
        ("text/plain", b"word " * 1000, 1200, 1300),
        ("application/pdf", bytes(600_000), 10_000, 30_000),
        ("audio/mpeg", bytes(500_000), 900, 1100),
        ("video/mp4", bytes(2_000_000), 1900, 2100),
        ("x/y", b"abcd", 1, 10),
    ],
)
def test_the_tokens_of_media_are_not_those_of_its_base64(
    media_type: str, data: bytes, least: int, most: int
) -> None:
    plain, step = plan_with().steps[0], plan_with(Encoded(data, media_type)).steps[0]
    assert least <= step.tokens - plain.tokens <= most
    assert plain.tokens == len(plain.payload) // 4 + plain.max_output


def test_what_people_see_holds_no_bytes() -> None:
    leaf = Encoded(PNG, "image/png", "data:image/png;base64,")
    step = plan_with(leaf).steps[0]
    assert step.shown["input"][0]["content"][1] == {"image_url": str(leaf)}
    assert BASE64[:40] not in json.dumps(step.shown)
    assert plan_with().steps[0].shown == plan_with().steps[0].body
    assert b"PNG" not in repr(step).encode()
    assert BASE64[:40] not in repr(plan_with(leaf))
    assert shown((1, [leaf])) == [1, [str(leaf)]]
    assert str(Encoded(b"abc", "x/y")) == "<3 bytes, sha256 ba7816bf8f01cfea…>"


def test_making_the_payload_takes_little_more_than_its_bytes() -> None:
    step = plan_with(*(Encoded(bytes(4_000_000), "image/png") for _ in range(5))).steps[0]
    assert isinstance(step.content, Payload)
    tracemalloc.start()
    try:
        for _ in step.content:
            pass
        assert step.content.sha256
        streamed = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        size = len(step.payload)
        whole = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert streamed < 4 * CHUNK
    assert whole < 1.5 * size
