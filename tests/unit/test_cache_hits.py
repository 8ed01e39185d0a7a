"""A hit equals the fresh answer, for every model of the gallery and for those that change what they read."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from gallery import GALLERY
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    SecretStr,
    ValidationError,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

import smartllm
from smartllm import LLMClient, Message, MessageRequest, Plan, TextRequest
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Other, Reasoning, ToolCall
from smartllm.errors import CompileError
from smartllm.request import Request
from smartllm.response import TextResponse
from smartllm.rules import load_rules
from smartllm.runtime.answer import Fetched, decode_answer
from smartllm.runtime.cache.entry import entry_of, fetched_of, response_of, worth_keeping
from smartllm.runtime.cache.files import decoded, encoded
from smartllm.runtime.structure.tries import Try
from smartllm.testing import FakeTransport, Reply

RULES = load_rules()
KEY = "ab" * 32
STARTED = dt.datetime(2026, 11, 26, 10, 0, 0, 123456, dt.UTC)
STRATEGIES: dict[str, dict[str, Any]] = {
    "responses": {"model": "gpt-5.4", "structured_output": "tool"},
    "responses, native": {"model": "gpt-5.4"},
    "chat": {"model": "gpt-5.4", "api_type": "chat_completions", "structured_output": "tool"},
    "invoke": {"model": "claude-sonnet-4-5"},
    "converse": {"model": "claude-sonnet-4-5", "api_type": "converse"},
    "two steps": {"model": "claude-sonnet-4-6", "reasoning_effort": "low"},
}


def fetched(plan: Plan, *replies: Reply) -> Fetched:
    """What a provider with these replies answers to a plan."""
    host: Any = plan.host
    calls = LLMClient(provider=host, transport=FakeTransport(*replies))._calls
    answers: list[Decoded] = []
    for step in plan.steps:
        sent = step.fill(answers[0].text) if answers else step
        answers.append(decode_answer(step, asyncio.run(calls.send(sent))))
    return Fetched(answers, STARTED, 1.2345678901234567)


def kept_and_read(fresh: TextResponse[Any], answers: Fetched) -> dict[str, Any]:
    """The entry as it comes back from a disk."""
    entry = entry_of(KEY, fresh, answers)
    assert entry is not None
    read: dict[str, Any] = decoded(encoded(entry))
    return read


def parts(value: Any) -> Iterator[int]:
    """Identity of everything in a value that can be changed."""
    if isinstance(value, BaseModel):
        yield id(value)
        yield from parts(tuple(value.__dict__.values()))
    elif isinstance(value, dict):
        yield id(value)
        yield from parts(tuple(value.values()))
    elif isinstance(value, list | set | tuple | frozenset):
        if isinstance(value, list | set):
            yield id(value)
        for item in value:
            yield from parts(item)


def assert_same(request: Request[Any], replies: list[Reply], plan: Plan | None = None) -> TextResponse[Any]:
    plan = plan or smartllm.compile(request, rules=RULES, level="ignore")
    answers = fetched(plan, *replies)
    assert worth_keeping(plan, answers.answers)
    fresh = answers.response(request, plan)
    entry = kept_and_read(fresh, answers)
    hits = [response_of(entry, request, plan) for entry in (entry, json.loads(json.dumps(entry)))]
    for hit in hits:
        assert hit is not None
        assert hit == fresh
        assert type(hit.structured_data) is type(fresh.structured_data)
        assert repr(hit) == repr(fresh)
    owned = [
        set(parts((answer.structured_data, answer.metadata, answer.reasoning)))
        for answer in (fresh, *hits)
        if answer is not None
    ]
    assert not owned[0] & owned[1]
    assert not owned[1] & owned[2]
    return fresh


def replies_with(plan: Plan, data: Any) -> list[Reply]:
    """The replies that give structured data to the last step."""
    output = plan.output
    assert output is not None
    assert output.lowered is not None
    answer = {"value": data} if output.lowered.wrapped else data
    replies = [Reply(structured=answer)]
    return replies if len(plan.steps) == 1 else [Reply(text="In words.", thinking="Hm."), *replies]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", GALLERY)
def test_a_hit_is_the_fresh_answer(name: str, strategy: str) -> None:
    case = GALLERY[name]
    request = TextRequest(prompt="hi", response_format=case.model, **STRATEGIES[strategy])
    try:
        plan = smartllm.compile(request, rules=RULES, level="ignore")
    except CompileError:
        pytest.skip("the wire cannot say this schema")
    for example in case.examples:
        data = json.loads(example.model_dump_json(by_alias=True, exclude_unset=True))
        if strategy == "responses, native":  # strict mode says some of them in another way
            try:
                assert_same(request, [], plan)
            except ValidationError:
                pytest.skip("the smallest answer that the wire allows does not fit this model")
        else:
            fresh = assert_same(request, replies_with(plan, data), plan)
            assert fresh.structured_data == example


class Named(BaseModel):
    name: str = Field("unknown", validation_alias="full_name", serialization_alias="fullName")


class Choices(BaseModel):
    name: str = Field(validation_alias=AliasChoices("first", AliasPath("names", 0)))


class Excluded(BaseModel):
    score: int = Field(0, exclude=True)


class Hidden(BaseModel):
    token: SecretStr


class Rounded(BaseModel):
    price: float

    @field_serializer("price")
    def _round(self, value: float) -> float:
        return round(value)


class Raised(BaseModel):
    count: int

    @field_validator("count")
    @classmethod
    def _raise(cls, value: int) -> int:
        return value + 1


class Swapped(BaseModel):
    first: str
    second: str
    _seen: int = PrivateAttr(0)

    @model_validator(mode="after")
    def _swap(self) -> Swapped:
        self.first, self.second = self.second, self.first
        self._seen += 1
        return self


class Parsed(BaseModel):
    tags: list[str]

    @field_validator("tags", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [item.strip() for item in value]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def many(self) -> int:
        return len(self.tags)


class Flat(BaseModel):
    a: int
    b: int

    @model_serializer
    def _flat(self) -> str:
        return f"{self.a}/{self.b}"


class Broken(BaseModel):
    """Nobody can write it, which is no reason to ask twice."""

    a: int

    @field_serializer("a")
    def _fail(self, _: int) -> int:
        raise RuntimeError("no")


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    price: Decimal
    when: dt.datetime


class Many(RootModel[list[Named]]):
    pass


class Free(BaseModel):
    anything: Any
    more: dict[str, Any]


SPECIAL: dict[str, tuple[type[BaseModel], Any]] = {
    "aliases": (Named, {"full_name": "Ann"}),
    "alias choices": (Choices, {"first": "Ann"}),
    "excluded": (Excluded, {"score": 7}),
    "secret": (Hidden, {"token": "abc-123"}),
    "serializer": (Rounded, {"price": 9.99}),
    "a validator that changes": (Raised, {"count": 1}),
    "a validator that swaps": (Swapped, {"first": "a", "second": "b"}),
    "a validator before": (Parsed, {"tags": [" a ", "b"]}),
    "a model as text": (Flat, {"a": 1, "b": 2}),
    "frozen, open": (Frozen, {"price": "1.50", "when": "2026-11-26T10:00:00Z", "more": [1]}),
    "root": (Many, [{"full_name": "Ann"}]),
    "free form": (Free, {"anything": [{"a": [1]}], "more": {"b": {"c": []}}}),
}


@pytest.mark.parametrize("strategy", sorted(set(STRATEGIES) - {"responses, native"}))
@pytest.mark.parametrize("kind", SPECIAL)
def test_models_that_change_what_they_read(kind: str, strategy: str) -> None:
    model, data = SPECIAL[kind]
    request = TextRequest(prompt="hi", response_format=model, **STRATEGIES[strategy])
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    fresh = assert_same(request, replies_with(plan, data), plan)
    assert fresh.structured_data == model.model_validate(data)


async def test_through_the_client_each_is_paid_once() -> None:
    values: dict[str, Any] = {}
    for kind, (model, data) in SPECIAL.items():
        fake = FakeTransport(Reply(structured={"value": data} if kind == "root" else data))
        request = TextRequest(prompt=kind, response_format=model, **STRATEGIES["invoke"])
        async with LLMClient(provider="bedrock", transport=fake) as client:
            first, second = [await client.generate_text(request) for _ in range(2)]
        assert (first.cache_source, second.cache_source) == ("miss", "l1")
        assert len(fake.sent) == 1
        assert second.structured_data == first.structured_data
        assert second.structured_data is not first.structured_data
        values[kind] = second.structured_data
    assert values["aliases"].name == "Ann"
    assert values["excluded"].score == 7
    assert values["secret"].token.get_secret_value() == "abc-123"
    assert values["serializer"].price == 9.99
    assert values["a validator that changes"].count == 2


def test_what_nobody_can_write_is_kept_nevertheless() -> None:
    request = TextRequest(prompt="hi", response_format=Broken, **STRATEGIES["invoke"])
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    answers = fetched(plan, Reply(structured={"a": 1}, text="said"))
    fresh = answers.response(request, plan)
    entry = kept_and_read(fresh, answers)
    assert entry["data"]["structured_data"] is None
    hit = response_of(entry, request, plan)
    assert hit is not None
    assert hit.structured_data.a == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_json_schema_is_validated_at_each_hit(strategy: str) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {}}, "required": ["a", "b"]}
    request = TextRequest(prompt="hi", response_format=schema, **STRATEGIES[strategy])
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    value = '{"c": [1]}' if strategy == "responses, native" else {"c": [1]}
    replies = replies_with(plan, {"a": "x", "b": value})
    fresh = assert_same(request, replies, plan)
    assert fresh.structured_data == {"a": "x", "b": {"c": [1]}}
    answers = fetched(plan, *replies)
    entry = kept_and_read(fresh, answers)
    text = json.dumps(entry["replies"])
    entry["replies"] = json.loads(text.replace('"x"', '"z"').replace('\\"x\\"', '\\"z\\"'))
    assert json.dumps(entry["replies"]) != text
    assert fetched_of(entry, plan) is not None
    assert response_of(entry, request, plan) is None


def test_another_class_of_the_same_schema_gets_its_own_kind() -> None:
    """Two classes of one schema share a key; each one reads the answer by itself."""
    one = type("Person", (BaseModel,), {"__annotations__": {"name": "str"}})

    def refuse(value: str) -> str:
        raise ValueError(value)

    two = type(
        "Person",
        (BaseModel,),
        {"__annotations__": {"name": "str"}, "check": field_validator("name")(staticmethod(refuse))},
    )
    requests = [TextRequest(prompt="hi", response_format=kind, **STRATEGIES["invoke"]) for kind in (one, two)]
    plans = [smartllm.compile(request, rules=RULES, level="ignore") for request in requests]
    assert plans[0].fingerprint == plans[1].fingerprint
    answers = fetched(plans[0], Reply(structured={"name": "Ann"}))
    entry = kept_and_read(answers.response(requests[0], plans[0]), answers)
    hit = response_of(entry, requests[0], plans[0])
    assert hit is not None
    assert type(hit.structured_data) is one
    assert response_of(entry, requests[1], plans[1]) is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_texts_reasoning_and_conversations(strategy: str) -> None:
    fields = {key: value for key, value in STRATEGIES[strategy].items() if key != "structured_output"}
    reply = Reply(text="Grüße 🌍", thinking="Hm.", cached_tokens=3)
    assert_same(TextRequest(prompt="hi", **fields), [reply])
    turns = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    assert_same(MessageRequest(messages=turns, **fields), [reply])
    assert_same(TextRequest(prompt="hi", **fields, stream=False), [Reply(text="half \ud83d of a pair")])


def test_structured_data_is_given_only_where_it_was_asked_for() -> None:
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-4.1")
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    answers = fetched(plan, Reply(text="hi"))
    entry = kept_and_read(answers.response(request, plan), answers)
    entry["data"] |= {"structured_data": {"a": 1}, "text": "another"}
    entry["metadata"] = {"prompt": "another"}
    hit = response_of(entry, request, plan)
    assert hit is not None
    assert (hit.text, hit.structured_data, hit.metadata) == ("hi", None, {"prompt": "hi"})


def test_a_clean_answer_is_whole_said_and_not_refused() -> None:
    for strategy in ("responses", "chat", "invoke", "converse"):
        fields = {key: value for key, value in STRATEGIES[strategy].items() if key != "structured_output"}
        plan = smartllm.compile(TextRequest(prompt="hi", **fields), rules=RULES, level="ignore")
        (good,) = fetched(plan, Reply(text="hi")).answers
        assert worth_keeping(plan, [good])
        others: list[dict[str, Any]] = [
            {"refusal": "No."},
            {"finish_reason": "length"},
            {"finish_reason": None},
            {"parts": ()},
            {"parts": (Reasoning(text="hm"), Other({}, "new"))},
        ]
        for other in others:
            assert not worth_keeping(plan, [dataclasses.replace(good, **other)])
        assert worth_keeping(plan, [dataclasses.replace(good, parts=(ToolCall("", "f", {}),))])
        assert not worth_keeping(plan, [])
        assert not worth_keeping(plan, [good, good])


def test_an_answer_without_its_wire_form_is_not_kept() -> None:
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-4.1")
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    answers = fetched(plan, Reply(text="hi"))
    fresh = answers.response(request, plan)
    bare = [dataclasses.replace(answers.answers[0], raw={})]
    assert entry_of(KEY, fresh, dataclasses.replace(answers, answers=bare)) is None
    assert entry_of(KEY, fresh, dataclasses.replace(answers, tries=(Try(bare[0], ()),))) is None


def test_a_refusal_beside_a_text_is_a_miss() -> None:
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-5.4", api_type="chat_completions")
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    answers = fetched(plan, Reply(text="hi"))
    entry = kept_and_read(answers.response(request, plan), answers)
    assert fetched_of(entry, plan) is not None
    entry["replies"][0]["choices"][0]["message"]["refusal"] = "No."
    assert fetched_of(entry, plan) is None
