"""What a call of a tool does: arguments in JSON become Python values, or an error that a model can read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Unpack
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, Strict, TypeAdapter
from typing_extensions import TypedDict

from smartllm import Tool, ToolArgumentsError, ToolError


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


class Place(BaseModel):
    city: str
    since: date | None = None


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    depth: int
    label: str


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
WHOLE = st.integers(-(2**53), 2**53)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
PLACES = st.builds(Place, city=TEXT, since=st.none() | st.dates())
POINTS = st.builds(Point, WHOLE, WHOLE)

VALUES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Any, JSON),
    (str, TEXT),
    (int, WHOLE),
    (float, NUMBER),
    (bool, st.booleans()),
    (int | str, WHOLE | TEXT),
    (int | None, st.none() | WHOLE),
    (Literal["a", 1], st.sampled_from(["a", 1])),
    (Unit, st.sampled_from(Unit)),
    (date, st.dates()),
    (datetime, st.datetimes()),
    (Annotated[date, Strict()], st.dates()),
    (UUID, st.uuids()),
    (Decimal, st.decimals(-1000, 1000, places=2)),
    (list[int], st.lists(WHOLE, max_size=3)),
    (set[str], st.sets(TEXT, max_size=3)),
    (frozenset[date], st.frozensets(st.dates(), max_size=3)),
    (tuple[int, str], st.tuples(WHOLE, TEXT)),
    (dict[str, Point], st.dictionaries(TEXT, POINTS, max_size=3)),
    (Place, PLACES),
    (Point, POINTS),
    (Options, st.fixed_dictionaries({}, optional={"depth": WHOLE, "label": TEXT})),
    (list[Place | Point], st.lists(PLACES | POINTS, max_size=3)),
    (Annotated[int, Field(ge=1, le=9)], st.integers(1, 9)),
    (Annotated[timedelta, "how long"], st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds))),
]


def recorder(annotation: Any) -> Callable[..., Any]:
    def function(one, /, two, *many, three=None, **more):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN003, ANN202
        return one, two, many, three, more

    names = ("one", "two", "many", "more")
    function.__annotations__ = dict.fromkeys(names, annotation) | {"three": annotation | None}
    return function


@pytest.mark.parametrize(("annotation", "values"), VALUES, ids=lambda value: str(value)[:40])
def test_arguments_that_fit_the_schema_call_the_function_with_equal_values(
    annotation: Any, values: st.SearchStrategy[Any]
) -> None:
    made, adapter = Tool.from_(recorder(annotation)), TypeAdapter[Any](annotation)
    validator = Draft202012Validator(made.schema)

    @settings(deadline=None)  # a loaded machine is no failure
    @given(
        values,
        values,
        st.lists(values, max_size=2),
        st.none() | values,
        st.dictionaries(
            TEXT.filter(lambda name: name not in {"one", "two", "many", "three"}), values, max_size=2
        ),
    )
    def holds(one: Any, two: Any, many: list[Any], three: Any, more: dict[str, Any]) -> None:
        def spelled(value: Any) -> Any:
            return None if value is None else adapter.dump_python(value, mode="json")

        arguments = {"one": spelled(one), "two": spelled(two), "many": [spelled(value) for value in many]}
        arguments |= {"three": spelled(three)} | {name: spelled(value) for name, value in more.items()}
        validator.validate(arguments)
        expected = (one, two, tuple(many), three, more)
        for given_as in (arguments, json.dumps(arguments)):
            found = made.call(given_as)
            assert found == expected
            assert [type(value) for value in found[:2]] == [type(value) for value in expected[:2]]

    holds()


def everything(a: int, b: int = 2, /, c: int = 3, *d: int, e: int = 5, **f: int) -> tuple[Any, ...]:
    return a, b, c, d, e, f


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ({"a": 1}, (1, 2, 3, (), 5, {})),
        ({"a": 1, "c": 30}, (1, 2, 30, (), 5, {})),
        ({"d": [4, 4], "a": 1}, (1, 2, 3, (4, 4), 5, {})),
        ({"a": 1, "e": 50, "g": 7, "h": 8}, (1, 2, 3, (), 50, {"g": 7, "h": 8})),
        ({"a": 1, "f": 6}, (1, 2, 3, (), 5, {"f": 6})),
        ({"a": 1, "**": 6}, (1, 2, 3, (), 5, {"**": 6})),
        ('{"a": 1}', (1, 2, 3, (), 5, {})),
    ],
    ids=repr,
)
def test_each_argument_goes_where_the_signature_has_it(arguments: Any, values: tuple[Any, ...]) -> None:
    assert Tool.from_(everything).call(arguments) == values


def test_what_a_call_leaves_out_is_the_functions_own_default() -> None:
    default = Point(1)

    def function(
        point: Point = default,
        n: int = Field(3, ge=1),
        made: list[int] = Field(default_factory=list),  # noqa: B008
        *,
        m: Annotated[int, Field(default=4)],
        both: Annotated[int, Field(default=8)] = 7,
        never: int = None,  # type: ignore[assignment]  # noqa: RUF013
    ) -> tuple[Any, ...]:
        return point, n, made, m, both, never

    made = Tool.from_(function)
    first, second = made.call({}), made.call({})
    assert first == (default, 3, [], 4, 7, None)
    assert first[0] is default
    assert first[2] is not second[2]
    arguments = {"point": {"x": 2}, "n": 1, "made": [1], "m": 0, "both": 6, "never": 9}
    assert made.call(arguments) == (
        Point(2),
        1,
        [1],
        0,
        6,
        9,
    )


def test_a_name_of_its_own_in_json() -> None:
    def function(class_: Annotated[int, Field(alias="class")], **more: Any) -> tuple[Any, ...]:
        return class_, more

    made = Tool.from_(function)
    assert made.call({"class": 1, "b": 2}) == (1, {"b": 2})
    with pytest.raises(ToolArgumentsError, match="class_: Extra inputs are not permitted, not 2"):
        made.call({"class": 1, "class_": 2})


def test_unpacked_keywords_are_handed_over_as_they_are_given() -> None:
    def function(a: int, **more: Unpack[Options]) -> tuple[Any, ...]:
        return a, more

    made = Tool.from_(function)
    assert made.call({"a": 1}) == (1, {})
    assert made.call({"a": 1, "label": "x"}) == (1, {"label": "x"})
    with pytest.raises(ToolArgumentsError, match="other: Extra inputs"):
        made.call({"a": 1, "other": 1})


async def test_an_async_function_gives_what_is_to_be_awaited() -> None:
    async def function(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    assert await Tool.from_(function).call({"seconds": 0}) == "done"


def test_a_tool_without_parameters_takes_nothing_and_empty_text() -> None:
    made = Tool.from_(lambda_like)
    assert [made.call(nothing) for nothing in (dict[str, Any](), "{}", "", " \n")] == ["called"] * 4
    with pytest.raises(ToolArgumentsError, match="lambda_like: a: Extra inputs are not permitted, not 1"):
        made.call({"a": 1})


def lambda_like() -> str:
    return "called"


def test_what_a_function_raises_is_its_own() -> None:
    def function(a: int) -> float:
        return 1 / a

    with pytest.raises(ZeroDivisionError):
        Tool.from_(function).call({"a": 0})


def strict(city: str, days: list[int], unit: Unit = Unit.C) -> None: ...


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ({"days": []}, ["city: Field required"]),
        ({"city": 5, "days": []}, ["city: Input should be a valid string, not 5"]),
        (
            {"city": "a", "days": [1, "x"], "unit": "kelvin"},
            [
                "days[1]: Input should be a valid integer, unable to parse string as an integer, not 'x'",
                "unit: Input should be 'celsius' or 'fahrenheit', not 'kelvin'",
            ],
        ),
        ({"city": "a", "days": [], "more": 1}, ["more: Extra inputs are not permitted, not 1"]),
        ({"city": "a" * 200, "days": "a" * 200}, [f"days: Input should be a valid array, not '{'a' * 79}…"]),
        ([1], ["the arguments are [1], not an object"]),
        ("[1]", ["the arguments are [1], not an object"]),
        (None, ["the arguments are None, not an object"]),
        (
            '{"city": "a',
            ["the arguments are no JSON: Unterminated string starting at: line 1 column 10 (char 9)"],
        ),
        (
            {"city": {1}, "days": []},
            ["the arguments are no JSON: Object of type set is not JSON serializable"],
        ),
    ],
    ids=repr,
)
def test_arguments_that_do_not_fit_are_told_by_their_place(arguments: Any, problems: list[str]) -> None:
    with pytest.raises(ToolArgumentsError) as caught:
        Tool.from_(strict).call(arguments)
    error = caught.value
    assert (list(error.problems), error.tool) == (problems, "strict")
    assert str(error) == "strict: " + "; ".join(problems)


def test_arguments_that_are_too_deep_are_no_json() -> None:
    with pytest.raises(ToolArgumentsError, match="strict: the arguments are no JSON"):
        Tool.from_(strict).call('{"city": ' + "[" * 100_000)


def test_places_within_keywords_and_models() -> None:
    def function(**points: Point) -> None: ...

    with pytest.raises(ToolArgumentsError, match=r"^function: here\.x: Field required$"):
        Tool.from_(function).call({"here": {}})
    with pytest.raises(ToolArgumentsError, match=r"^Place: city: Field required$"):
        Tool.from_(Place).call({})


def test_a_tool_that_runs_nothing_says_what_to_do() -> None:
    for made in (Tool("f"), Tool("f", parameters={"type": "object"})):
        with pytest.raises(
            ToolError, match=r"f: function=None cannot be called; allowed: a function\n  hint: say"
        ):
            made.call({})
