"""What a caller gives must be JSON: what is not is refused by ``compile``, with the place and the value."""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest, json_values
from smartllm.errors import UnsupportedError
from smartllm.json_values import DEEPEST, check_json
from smartllm.request import Reasoning
from smartllm.rules import load_rules

RULES = load_rules()


class Colour(str, Enum):  # noqa: UP042 - what callers have
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Odd:
    """Something that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def compiled(extra: Any = None, **fields: Any) -> Plan:
    request = TextRequest(prompt="hi", model="gpt-4.1", **fields)
    if extra is not None:
        request = request.model_copy(update={"extra": extra})
    return smartllm.compile(request, rules=RULES, level="ignore")


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


REFUSED: dict[str, tuple[Any, str]] = {
    "nan": ({"x": math.nan}, "extra.x: nan is no JSON number"),
    "infinity": ({"a": [{"b": -math.inf}]}, "extra.a[0].b: -inf is no JSON number"),
    "set": ({"stop": {"a"}}, "extra.stop: {'a'} (set) is no JSON value"),
    "bytes": ({"x": b"abc"}, "extra.x: b'abc' (bytes) is no JSON value"),
    "decimal": ({"x": Decimal(1)}, "extra.x: Decimal('1') (Decimal) is no JSON value"),
    "date": ({"x": [dt.date(2026, 1, 1)]}, "extra.x[0]: datetime.date(2026, 1, 1) (date) is no JSON value"),
    "model": ({"x": Message("user", "hi")}, "(Message) is no JSON value"),
    "no repr": ({"x": Odd()}, "extra.x: a value (Odd) is no JSON value"),
    "large": ({"x": frozenset(range(1000))}, "… (frozenset) is no JSON value"),
    "mixed keys": (
        {"logit_bias": {"b": 2, 1: 1}},
        "extra.logit_bias: the key 1 (int) is no text",
    ),
    "half a pair": ({"x": "a\ud800b"}, r"extra.x: 'a\ud800' holds half of a surrogate pair"),
    "half a pair as key": ({"x": {"\udc00": 1}}, r"extra.x: '\udc00' holds half of a surrogate pair"),
    "huge number": ({"x": 10**5000}, "extra.x: a number of 16,610 bits is too large"),
    "deep": ({"x": nested(DEEPEST)}, "extra.x"),
    "endless": ({"x": [0]}, "extra.x"),
}
REFUSED["endless"][0]["x"][0] = REFUSED["endless"][0]


@pytest.mark.parametrize("kind", REFUSED)
def test_extra_that_is_no_json_is_refused_with_its_place(kind: str) -> None:
    extra, words = REFUSED[kind]
    with pytest.raises(UnsupportedError) as caught:
        compiled(extra)
    assert caught.value.field == "extra"
    assert words in caught.value.message
    assert "allowed: Unicode text, finite numbers" in caught.value.message
    assert len(caught.value.message) < 400
    if kind in {"deep", "endless"}:
        assert f"more than {DEEPEST} levels deep" in caught.value.message


def test_the_hint_spells_a_key_as_text() -> None:
    with pytest.raises(UnsupportedError, match='write "50256" as the key') as caught:
        compiled({"logit_bias": {50256: -100}})
    assert "50256 (int)" in caught.value.message


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"a": None, "b": True, "c": 1.5, "d": -0.0, "e": "é 🌍", "f": [1, [2]], "g": {"h": {}}},
        {"tuple": (1, "a"), "text": Colour.RED, "number": Level.LOW},
        {"deep": nested(DEEPEST - 1)},
        {"large": 2**1000},
    ],
)
def test_json_goes_out_as_it_is(extra: dict[str, Any]) -> None:
    plan = compiled(extra)
    sent = json.loads(plan.steps[0].payload)
    assert {name: sent[name] for name in extra} == json.loads(json.dumps(extra))
    assert len(plan.fingerprint) == 64


def test_more_than_may_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "MOST_VALUES", 10)
    compiled({"x": [0] * 8})
    with pytest.raises(UnsupportedError, match="more than 10 values"):
        compiled({"x": [0] * 9})
    monkeypatch.setattr(json_values, "MOST_TEXT", 10)
    compiled({"x": "a" * 9})
    for extra in ({"x": "a" * 10}, {"a" * 11: 1}):
        with pytest.raises(UnsupportedError, match="million characters"):
            compiled(extra)


def test_many_keys_take_no_time() -> None:
    extra = {f"key-{number}": {"a": number} for number in range(16_000)}
    clock = time.process_time()
    plan = compiled(extra)
    assert json.loads(plan.steps[0].payload)["key-15999"] == {"a": 15_999}
    assert plan.origins["steps[0].key-7.a"].kind == "extra"
    assert time.process_time() - clock < 1.5


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "number", "default": math.inf}, "response_format.default: inf"),
        ({"type": "object", "properties": {1: {}}}, "response_format.properties: the key 1"),
        ({"enum": ["\ud800"]}, "response_format.enum[0]"),
        ({"type": "object", "default": {"a": {1}}}, "response_format.default.a: {1} (set)"),
    ],
)
def test_a_schema_that_is_no_json_is_refused(schema: dict[str, Any], place: str) -> None:
    request = TextRequest(prompt="hi", model="gpt-4.1").model_copy(update={"response_format": schema})
    with pytest.raises(UnsupportedError) as caught:
        smartllm.compile(request, rules=RULES)
    assert caught.value.field == "response_format"
    assert place in caught.value.message


def test_a_schema_that_is_no_json_is_refused_each_time() -> None:
    class Endless(BaseModel):
        x: float = Field(json_schema_extra={"maximum": math.inf})

    class Half(BaseModel):
        kind: str = Field(json_schema_extra={"const": "\ud800"})

    for model, place in (
        (Endless, "properties.x.maximum: inf"),
        (Half, "properties.kind.const"),
    ):
        for _ in range(2):
            with pytest.raises(UnsupportedError) as caught:
                compiled(response_format=model)
            assert f"response_format.{place}" in caught.value.message


def test_reasoning_that_is_no_json_is_refused() -> None:
    blocks = [{"type": "thinking", "thinking": "a", "signature": math.nan}]
    reasoning = Reasoning(model="claude-opus-4-7", dialect="anthropic_messages", blocks=blocks)
    turns = [Message("user", "a"), Message("assistant", "b", reasoning=reasoning), Message("user", "c")]
    request: MessageRequest[Any] = MessageRequest(messages=turns, model="claude-opus-4-7")
    with pytest.raises(UnsupportedError, match=r"messages\[1\].reasoning.blocks\[0\].signature: nan"):
        smartllm.compile(request, rules=RULES)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(json_like)
def test_what_is_let_through_is_what_json_can_say(value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        said = True
    except ValueError:
        said = False
    try:
        check_json(value, "extra")
    except UnsupportedError:
        assert not said
    else:
        assert said
