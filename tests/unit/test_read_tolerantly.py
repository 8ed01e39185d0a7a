"""Answers that a person reads at once: read so after the strict reading failed, and always told."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Literal

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, ValidationError

from smartllm import TextRequest
from smartllm import compile as compiled
from smartllm.compiler.formats import format_of
from smartllm.runtime.structure.reading import Reading, read_answer
from smartllm.structure_errors import SchemaMismatchError, StructureError


class Person(BaseModel):
    name: str
    age: int


ADA = '{"name": "Ada", "age": 36}'
BOB = '{"name": "Bob", "age": 7}'


def read(given: Any, shape: Any = Person, *more: Any, structured_output: Any = "native") -> Reading:
    request = TextRequest(prompt="x", response_format=shape, structured_output=structured_output)
    return read_answer([given, *more], compiled(request, model="gpt-5.4").steps[-1], format_of(shape))


def told(reading: Reading) -> list[str]:
    """What was read tolerantly."""
    (note,) = reading.notes
    assert (note.code, note.severity, note.path, note.action) == (
        "answer-read",
        "info",
        "response_format",
        "changed",
    )
    assert all(part in note.reason for part in note.asked)
    found: list[str] = note.asked
    return found


# --- what stands around the answer ---

HARMONY = "<|channel|>analysis<|message|>{other}<|end|><|start|>assistant<|channel|>final<|message|>{}"
AROUND = {
    "\ufeff{}": "a byte-order mark before it",
    "\ufeff\n{}": "a byte-order mark before it",
    "<think></think>{}": "thinking before it",
    "<think>Is it {other}?</think>\n\n{}": "thinking before it",
    "<thinking>a</thinking><thinking>b</thinking>{}": "thinking before it",
    "the template opened it</think>{}": "thinking before it",
    "{other}</think>{}": "thinking before it",
    "[THINK]hm[/THINK]{}": "thinking before it",
    "◁think▷hm◁/think▷{}": "thinking before it",
    HARMONY: "thinking before it",
    "```json\n{}\n```": "a code fence around it",
    "```\n{}\n```": "a code fence around it",
    "Here it is:\n{}\nIs that all?": "words around it",
    "As [1] says, {name} is: {}": "words around it",
    "{}\n</invoke>": "tags behind it",
    "{}</parameter>\n</invoke>\n": "tags behind it",
    "{}\n{}": "it was said twice",
}


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_the_only_value_is_passed_over(around: str) -> None:
    text = around.replace("{}", ADA).replace("{other}", BOB)
    for shape in (Person, Person.model_json_schema()):
        found = read(text, shape)
        assert found.value == json.loads(ADA)
        assert AROUND[around] in told(found)
    with pytest.raises(StructureError, match="is not JSON"):
        read(around.replace("{}", "Ada").replace("{other}", "Bob"))


def test_several_things_around_it_are_all_told() -> None:
    found = read(f"\ufeff<think>hm</think>Sure:\n```json\n{ADA}\n```\n{ADA}")
    assert told(found) == [
        "a byte-order mark before it",
        "thinking before it",
        "a code fence around it",
        "words around it",
        "it was said twice",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{ADA} or {BOB}",
        f"{ADA}\n{BOB}\n{ADA}",
        f"I found {{'a': {ADA}",  # what is begun and not ended is not whole, and nothing in it is the answer
        f'{{"people": [{ADA}, {{"name": "Bo',
        f'[{ADA}, {{"name": ',
        f"{{people: {ADA}}}",
        f"<think>{ADA}",
        f"{ADA} or {{",
        "".join(f'{{"name": "{n}", "age": 1}} ' for n in range(30)),
        "36",
        "Ada, 36",
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 100_000,
        "",
        "\ufeff",
    ],
)
def test_where_several_things_or_nothing_may_be_meant_it_is_an_error(text: str) -> None:
    with pytest.raises((StructureError, ValidationError)):
        read(text)


def test_of_several_values_the_only_one_that_fits() -> None:
    assert read(f"{ADA} or rather {ADA.replace('36', chr(34) + '36' + chr(34))}").data.age == 36
    assert read(f'Not {{"name": "Bob"}} nor [1, 2] but {ADA}').data == Person(name="Ada", age=36)


def test_raw_line_breaks_in_texts() -> None:
    found = read('{"name": "Ada\nLöve\t", "age": 36}')
    assert found.data.name == "Ada\nLöve\t"
    assert told(found) == ["raw line breaks in its strings"]


# --- values ---


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Inner(BaseModel):
    tags: list[str]
    note: str = ""


class Held(BaseModel):
    inner: Inner | None = None
    many: list[Inner] = []
    count: int | None = None
    table: dict[str, int] | None = None
    colour: Colour | None = None
    answer: Literal["Yes", "No"] | None = None
    pair: tuple[int, str] | None = None
    free: str = ""


WIRE = {
    "inner": None,
    "many": None,
    "count": None,
    "table": None,
    "colour": None,
    "answer": None,
    "pair": None,
    "free": None,
}
TEXT, NOTHING, CAPITALS = "a value written as text", "text that stands for null", "other capitals"


@pytest.mark.parametrize(
    ("given", "expected", "what"),
    [
        ({"inner": {"tags": '["a"]', "note": ""}}, {"inner": {"tags": ["a"]}}, f"{TEXT} at /inner/tags"),
        (
            {"inner": {"tags": '["a\nb"]', "note": ""}},
            {"inner": {"tags": ["a\nb"]}},
            f"{TEXT} at /inner/tags",
        ),
        (
            {"inner": {"tags": '["a"]\n</invoke>', "note": ""}},
            {"inner": {"tags": ["a"]}},
            f"{TEXT} at /inner/tags",
        ),
        (
            {"inner": {"tags": '```json\n["a"]\n```', "note": ""}},
            {"inner": {"tags": ["a"]}},
            f"{TEXT} at /inner/tags",
        ),
        (
            {"inner": {"tags": json.dumps('["a"]'), "note": ""}},
            {"inner": {"tags": ["a"]}},
            f"{TEXT} at /inner/tags",
        ),
        ({"inner": '{"tags": "[\\"a\\"]"}'}, {"inner": {"tags": ["a"]}}, f"{TEXT} at /inner, /inner/tags"),
        ({"many": '[{"tags": []}]'}, {"many": [{"tags": []}]}, f"{TEXT} at /many"),
        (
            {"many": [{"tags": [], "note": ""}, '{"tags": []}']},
            {"many": [{"tags": []}] * 2},
            f"{TEXT} at /many/1",
        ),
        ({"count": "null"}, {}, f"{NOTHING} at /count"),
        ({"count": ""}, {}, f"{NOTHING} at /count"),
        ({"table": "null"}, {}, f"{NOTHING} at /table"),
        ({"many": "null"}, {}, f"{NOTHING} at /many"),
        ({"many": " "}, {}, f"{NOTHING} at /many"),
        ({"table": '[{"key": "a", "value": 1}]'}, {"table": {"a": 1}}, f"{TEXT} at /table"),
        ({"table": '{"a": 1}'}, {"table": {"a": 1}}, f"{TEXT} at /table"),
        ({"colour": "RED"}, {"colour": "red"}, f"{CAPITALS} at /colour"),
        ({"answer": "yes"}, {"answer": "Yes"}, f"{CAPITALS} at /answer"),
        ({"answer": "null"}, {}, f"{NOTHING} at /answer"),
        ({"pair": '{"item_0": 1, "item_1": "x"}'}, {"pair": [1, "x"]}, f"{TEXT} at /pair"),
        ({"pair": '[1, "x"]'}, {"pair": [1, "x"]}, f"{TEXT} at /pair"),
    ],
)
def test_values_that_can_mean_one_thing_only(given: Any, expected: Any, what: str) -> None:
    found = read(json.dumps(WIRE | given), Held)
    assert found.data == Held.model_validate(expected)
    assert told(found) == [what]


def test_places_of_one_kind_are_told_together_and_not_all_of_them() -> None:
    found = read(
        json.dumps({"xs": ["1x", *map(str, range(9))]}).replace('"1x", ', ""),
        {"type": "object", "properties": {"xs": {"type": "array", "items": {"type": "integer"}}}},
    )
    assert found.data == {"xs": list(range(9))}
    assert told(found) == [f"{TEXT} at /xs/0, /xs/1, /xs/2, /xs/3, /xs/4 and 4 more"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("count", "many"),
        ("count", "1.5"),
        ("count", "1e999"),
        ("table", "[1]"),
        ("table", "{'a': 1}"),
        ("colour", "blue"),
        ("pair", "1, x"),
        ("inner", "[]"),
        ("inner", "["),
    ],
)
def test_text_that_holds_no_value_of_its_place_is_an_error_there(field: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(json.dumps(WIRE | {field: text}), Held)
    assert {error["loc"][0] for error in caught.value.errors()} == {field}


def test_two_values_in_other_capitals_are_none() -> None:
    class Twice(BaseModel):
        x: Literal["A", "a", "b"]

    assert read('{"x": "a"}', Twice).notes == ()
    assert told(read('{"x": "B"}', Twice)) == [f"{CAPITALS} at /x"]

    class Sharp(BaseModel):
        x: Literal["SS", "ss"]

    with pytest.raises(ValidationError):
        read('{"x": "Ss"}', Sharp)


def test_a_tag_in_other_capitals() -> None:
    class Card(BaseModel):
        kind: Literal["card"]
        number: list[int]

    class Bank(BaseModel):
        kind: Literal["bank"]
        number: str

    class Pay(BaseModel):
        by: Card | Bank = Field(discriminator="kind")

    found = read('{"by": {"kind": "CARD", "number": "[1]"}}', Pay)
    assert found.data.by == Card(kind="card", number=[1])
    assert told(found) == [f"{CAPITALS} at /by/kind", f"{TEXT} at /by/number"]


def test_a_tag_that_is_left_out_where_one_arm_alone_fits() -> None:
    class Card(BaseModel):
        kind: Literal["card"] = "card"
        number: str

    class Bank(BaseModel):
        kind: Literal["bank"] = "bank"
        iban: str
        bic: str | None = None

    class Fund(BaseModel):
        kind: Literal["fund", "share"]
        iban: str
        bic: str | None = None

    class Pay(BaseModel):
        by: Card | Bank | Fund = Field(discriminator="kind")

    for said in ({"number": "1"}, {"kind": None, "number": "1"}):
        found = read(json.dumps({"by": said}), Pay)
        assert found.data.by == Card(number="1")
        assert told(found) == ["left out, though only one value fits, at /by/kind"]
    for said in ({"iban": "1", "bic": None}, {"iban": "1", "number": "1"}, {}):
        with pytest.raises(ValidationError):
            read(json.dumps({"by": said}), Pay)


def test_data_that_is_nested_too_deep_to_be_checked_is_no_json() -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    nested = {"type": ["object", "array"], "items": {"$ref": "#/$defs/d"}}
    schema = {"type": "object", "properties": {"value": nested}, "$defs": {"d": nested}}
    with pytest.raises(StructureError, match="is not JSON"):
        read({"value": deep}, schema, structured_output="tool")


def test_keys_of_a_mapping_in_other_capitals() -> None:
    class Counts(BaseModel):
        x: dict[Literal["Yes", "No"], int]

    pairs = [{"key": "yes", "value": 1}, {"key": "No", "value": 2}]
    assert read(json.dumps({"x": pairs}), Counts).value == {"x": {"Yes": 1, "No": 2}}


def test_json_text_with_raw_line_breaks_where_anything_fits() -> None:
    class Free(BaseModel):
        x: dict[str, Any]
        colour: Colour = Colour.RED

    assert told(read(json.dumps({"x": '{"a": "b\nc"}'}), Free))
    assert read(json.dumps({"x": '{"a": "b\nc"}'}), Free).value == {"x": {"a": "b\nc"}}
    with pytest.raises(ValidationError):
        read(json.dumps({"x": "{'a'"}), Free)
    found = read(json.dumps({"x": '{"a": "1"}', "colour": "GREEN"}), Free)
    assert found.value == {"x": {"a": "1"}, "colour": "green"}
    assert told(found) == [f"{CAPITALS} at /colour"]


@pytest.mark.parametrize(
    "given",
    [
        {"Person": json.loads(ADA)},
        {"parameters": ADA},
        json.dumps(ADA),
        json.dumps({"input": json.loads(ADA)}),
    ],
)
def test_one_object_around_it_and_text_instead_of_an_object(given: Any) -> None:
    found = read(given, structured_output="tool")
    assert found.data == Person(name="Ada", age=36)
    assert told(found)[0].endswith(" at the root")


def test_a_root_that_is_no_object_in_an_object_of_another_name() -> None:
    class Table(RootModel[dict[str, int]]):
        pass

    found = read('{"result": [{"key": "a", "value": 1}]}', Table)
    assert found.data == Table({"a": 1})
    assert told(found) == ["an object around it at the root"]
    assert read('{"a": 1}', Table).notes == ()


@pytest.mark.parametrize(
    "given", [{"P": {"name": "Ada"}}, {"P": [1]}, {"P": "x"}, {"P": {"name": "A", "age": 1}, "Q": 1}]
)
def test_what_does_not_fit_inside_either_is_an_error(given: Any) -> None:
    with pytest.raises(ValidationError):
        read(json.dumps(given))


# --- errors ---


def test_the_error_speaks_of_what_cannot_be_read() -> None:
    with pytest.raises(ValidationError) as caught:
        read('{"inner": {"tags": "[\\"a\\"]", "note": 5}, "many": "[]"}', Held)
    assert [error["loc"] for error in caught.value.errors()] == [("inner", "note")]
    with pytest.raises(ValidationError, match="age"):
        read('```json\n{"name": "Ada"}\n```')
    with pytest.raises(SchemaMismatchError, match="at age: -1"):
        read(
            '```json\n{"age": -1}\n```',
            {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}},
        )
    with pytest.raises(SchemaMismatchError, match="'age' is a required property"):
        read('{"name": "Ada", "x": "1"}', Person.model_json_schema())


def test_the_error_of_the_arm_that_was_meant() -> None:
    class Counted(BaseModel):
        n: int = Field(ge=0)
        table: dict[str, int]

    class Named(BaseModel):
        name: str

    class Either(BaseModel):
        x: Counted | Named

    with pytest.raises(ValidationError) as caught:
        read('{"x": {"n": -1, "table": [{"key": "a", "value": 1}]}}', Either)
    assert [error["loc"] for error in caught.value.errors()] == [
        ("x", "Counted", "n"),
        ("x", "Named", "name"),
    ]


def test_a_key_that_is_given_twice_is_an_error() -> None:
    class Table(BaseModel):
        x: dict[str, int]

    for pairs in ([("a", 1), ("a", 2)], [("a", 1), ("a", 1)]):
        given = {"x": [{"key": key, "value": value} for key, value in pairs]}
        for text in (
            json.dumps(given),
            f"```\n{json.dumps(given)}\n```",
            json.dumps({"x": json.dumps(given["x"])}),
        ):
            with pytest.raises((StructureError, ValidationError)):
                read(text, Table)
    with pytest.raises(SchemaMismatchError, match="gives the key 'a' twice at /x"):
        read(json.dumps(given), Table)


def test_several_calls_are_read_tolerantly_as_one() -> None:
    ada = json.loads(ADA)
    assert told(read(ada, Person, {"Person": ada}, structured_output="tool")) == [
        "an object around it at the root"
    ]

    class Numbers(RootModel[list[int]]):
        pass

    found = read({"value": ["1"]}, Numbers.model_json_schema(), {"value": [2]}, structured_output="tool")
    assert found.data == [1, 2]
    for second in ("Bob and Ann", json.loads(BOB)):
        with pytest.raises((StructureError, ValidationError)):
            read(ada, Person, second, structured_output="tool")


# --- what holds for all ---


@settings(max_examples=examples(80), deadline=None)
@given(st.from_type(Held), st.sampled_from(["native", "tool"]))
def test_an_answer_that_fits_is_never_read_tolerantly(held: Held, how: str) -> None:
    schema = Held.model_json_schema()
    dumped = held.model_dump(mode="json")
    found = read(json.dumps(dumped), Held, structured_output=how)
    assert (found.data, found.value, found.notes) == (held, dumped, ())
    assert read(json.dumps(dumped), schema, structured_output="tool").data == dumped


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["", "null", "1", "[1]", '{"a": 1}', "red", "RED"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WIRE, "tags", "note", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=examples(80), deadline=None)
@given(json_values)
def test_whatever_comes_is_an_answer_that_fits_or_an_error_of_ours(value: Any) -> None:
    for shape in (Held, Held.model_json_schema()):
        try:
            found = read(json.dumps(value), shape)
        except (StructureError, ValidationError):
            continue
        assert Held.model_validate_json(json.dumps(found.value))


@settings(max_examples=examples(80), deadline=None)
@given(st.text(alphabet='{}[]",:a1 \n`<>/think', max_size=40))
def test_whatever_text_comes_too(text: str) -> None:
    try:
        found = read(text, {"type": "object"})
    except StructureError:
        return
    assert isinstance(found.data, dict)


# --- what a note and an error say ---


@pytest.mark.parametrize("half", ["\\ud800", "\ud800"])
def test_half_a_pair_is_a_sign_that_can_be_written(half: str) -> None:
    reading = read(f'{{"name": "a{half}b", "age": 1}}')
    assert reading.data.name == reading.value["name"] == "a\ufffdb"
    assert reading.notes == ()


def test_a_number_without_a_word_in_json_is_refused() -> None:
    with pytest.raises(StructureError, match="is not JSON"):
        read('{"x": 1e999}', {"type": "object", "properties": {"x": {"type": "number"}}})


@pytest.mark.parametrize("calls", [1, 2])
def test_a_key_that_comes_twice_is_told_with_its_place(calls: int) -> None:
    pairs = '{"value": [{"key": "a", "value": 1}, {"key": "a", "value": 2}]}'
    with pytest.raises(SchemaMismatchError, match="gives the key 'a' twice at the root"):
        read(pairs, dict[str, int], *[pairs] * (calls - 1))


@pytest.mark.parametrize(("count", "more"), [(5, ""), (7, " and 2 more")])
def test_five_places_are_told(count: int, more: str) -> None:
    (said,) = told(read(json.dumps({"value": ["[1]"] * count}), list[list[int]]))
    assert said == f"a value written as text at {', '.join(f'/{place}' for place in range(5))}{more}"
