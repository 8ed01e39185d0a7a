"""The fields of a structure in words, for a model whose answer is put into it afterwards."""

from __future__ import annotations

import json
import time
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from smartllm.compiler.prompts import fields_prompt
from smartllm.compiler.prompts.fields import fields_in_words


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Street(BaseModel):
    name: str
    number: Annotated[int, Field(description="as on\n   the   door")]


class Home(BaseModel):
    """Where it is."""

    street: Street
    near: list[Street] = []
    above: Home | None = None


def words(kind: Any) -> tuple[str, ...]:
    return fields_in_words(json.dumps(TypeAdapter(kind).json_schema()))


def of(**properties: Any) -> tuple[str, ...]:
    return fields_in_words(json.dumps({"type": "object", "properties": properties}))


def test_a_line_a_field_with_what_fits_and_its_description() -> None:
    class All(BaseModel):
        text: str
        whole: int | None
        number: float = Field(description="0 to 1, how sure you are")
        yes: bool
        kind: Literal["a", "b"]
        only: Literal[7]
        colour: Colour
        names: list[list[str]]
        several: str | list[int]
        anything: Any

    assert words(All) == (
        "- text (text)",
        "- whole (whole number or nothing)",
        "- number (number): 0 to 1, how sure you are",
        "- yes (true or false)",
        '- kind (one of "a", "b")',
        "- only (one of 7)",
        '- colour (one of "red", "blue")',
        "- names (list of list of text)",
        "- several (text or list of whole number)",
        "- anything",
    )


def test_groups_are_followed_by_what_is_in_them() -> None:
    lines = words(Home)
    assert lines[:6] == (
        "- street (group)",
        "- street.name (text)",
        "- street.number (whole number): as on the door",
        "- near (list of group)",
        "- near[].name (text)",
        "- near[].number (whole number): as on the door",
    )
    assert lines[6] == "- above (group or nothing)"
    assert not any(line.count("above") > 1 for line in lines), "what holds itself is not said again"


def test_the_description_of_a_field_goes_before_that_of_its_kind() -> None:
    class Owner(BaseModel):
        home: Home
        other: Home = Field(description="in summer")

    lines = words(Owner)
    assert "- home (group): Where it is." in lines
    assert "- other (group): in summer" in lines


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (list[Street], ("- the answer (list of group)", "- [].name (text)")),
        (Street | Colour, ('- the answer (group or one of "red", "blue")', "- name (text)")),
        (int, ("- the answer (whole number)",)),
    ],
)
def test_a_structure_that_is_no_group_is_the_answer_itself(kind: Any, first: tuple[str, ...]) -> None:
    assert words(kind)[: len(first)] == first


def test_long_ones_are_cut() -> None:
    lines = of(**{f"field_{number}": {"type": "string", "description": "x " * 400} for number in range(99)})
    assert all(len(line) <= 240 for line in lines)
    assert sum(map(len, lines)) < 2100
    assert lines[-1] == "- and further ones"
    (line,) = of(size={"enum": list(range(40))})
    assert line == "- size (one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)"


def test_a_name_stays_on_its_line() -> None:
    assert of(**{"a\nb": {"type": "string"}}) == ("- a b (text)",)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, ()),
        ({}, ("- the answer",)),
        ({"properties": {"a": True}}, ("- a",)),
        ({"properties": []}, ()),
        ({"properties": {"a": {"$ref": "#/$defs/None"}}}, ("- a",)),
        ({"properties": {"a": {"$ref": 7}}}, ("- a",)),
        ({"properties": {"a": {"type": ["string", 7, "null"]}}}, ("- a (text or nothing)",)),
        ({"properties": {"a": {"type": "odd"}}}, ("- a",)),
        ({"properties": {"a": {"type": "array", "items": [{"type": "string"}]}}}, ("- a (list)",)),
        ({"properties": {"a": {"anyOf": [7, {"type": "string"}]}}}, ("- a (text)",)),
        (
            {"properties": {"a": {"$ref": "#/definitions/B"}}, "definitions": {"B": {"type": "boolean"}}},
            ("- a (true or false)",),
        ),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, ("- the answer",)),
    ],
)
def test_odd_schemas_are_told_as_far_as_they_go(schema: Any, expected: tuple[str, ...]) -> None:
    assert fields_in_words(json.dumps(schema)) == expected


def test_what_goes_on_for_ever_ends() -> None:
    wide = {"$defs": {f"N{i}": _node(i) for i in range(40)}, "$ref": "#/$defs/N0"}
    began = time.perf_counter()
    assert fields_in_words(json.dumps(wide))
    lists = {"$defs": {"L": {"type": "array", "items": {"$ref": "#/$defs/L"}}}, "$ref": "#/$defs/L"}
    assert fields_in_words(json.dumps(lists)) == ("- the answer (list of list of list of list of list)",)
    assert time.perf_counter() - began < 1


def _node(number: int) -> dict[str, Any]:
    arms = [{"$ref": f"#/$defs/N{(number + step) % 40}"} for step in range(20)]
    return {"anyOf": [{"type": "object", "properties": {"x": {"anyOf": arms}}}, *arms]}


def test_nothing_is_said_of_nothing() -> None:
    assert fields_prompt("true") == ""
    assert fields_prompt('{"properties": {"a": {"type": "string"}}}').endswith("\n\n- a (text)")


schemas = st.recursive(
    st.sampled_from(
        [{}, True, {"type": "string"}, {"type": ["null", 3]}, {"$ref": "#/$defs/a"}, {"enum": [1]}]
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.text(), inner)}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner)}),
        st.fixed_dictionaries({"$defs": st.fixed_dictionaries({"a": inner}), "allOf": st.lists(inner)}),
    ),
)


@settings(max_examples=40, deadline=None)
@given(schemas)
def test_any_schema_gives_lines_of_bounded_length(schema: Any) -> None:
    lines = fields_in_words(json.dumps(schema))
    assert all(line.startswith("- ") and "\n" not in line for line in lines)
    assert sum(map(len, lines)) <= 2100
