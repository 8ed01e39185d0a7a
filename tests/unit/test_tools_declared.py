"""Where a function may stand that is a tool, and what else declares one: models, schemas and dicts."""

from __future__ import annotations

import copy
import functools
import gc
import json
import logging
import pickle
import weakref
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel
from tool_samples import (
    CITY,
    NOTHING,
    PLACE,
    STRING,
    Place,
    Tree,
    Weather,
    plain,
    taking,
)

from smartllm import Tool, ToolError, tool

# Where a function may stand


def test_methods_are_tools_of_their_object() -> None:
    clear, cloudy = Weather("clear"), Weather("cloudy")
    made = [Tool.from_(clear.method), Tool.from_(cloudy.method)]
    assert [one.call({"city": "Paris"}) for one in made] == ["clear in Paris", "cloudy in Paris"]
    assert {one.schema_text for one in made} == {json.dumps(Tool.from_(clear.method).schema)}
    assert (made[0].name, made[0].description, made[0].schema) == ("method", "Of an object.", CITY)


async def test_a_decorated_function_says_its_own_name_description_and_strictness() -> None:
    made = Tool.from_(Weather("clear").decorated)
    assert (made.name, made.description, made.strict, made.schema) == ("renamed", "Said.", True, CITY)
    assert await made.call({"city": "Paris"}) == "clear in Paris"


def test_class_and_static_methods_with_the_decorator_on_either_side() -> None:
    for function, name, answer in (
        (Weather.of_class, "of_class", "Weather in Paris"),
        (Weather.above_class, "above", "Weather in Paris"),
        (Weather.of_none, "static", "Paris"),
    ):
        made = Tool.from_(function)
        assert (made.name, made.schema, made.call({"city": "Paris"})) == (name, CITY, answer)


def test_a_decorated_function_stays_what_it_was() -> None:
    def function(city: str) -> str:
        return city

    assert tool(function) is function
    assert tool(name="x")(function) is function
    assert function("Paris") == "Paris"


def test_what_a_partial_has_bound_no_model_gives() -> None:
    def function(log: logging.Logger, city: str, days: int = 1) -> str:
        """Look.

        Args:
            city: The city.
        """
        return f"{log.name} {city} {days}"

    logger = logging.getLogger("mine")
    made = Tool.from_(functools.partial(function, logger, days=3))
    assert (made.name, made.description) == ("function", "Look.")
    assert made.schema == taking(["city"], city={"description": "The city.", **STRING})
    assert made.call({"city": "Paris"}) == "mine Paris 3"
    assert Tool.from_(functools.partial(function, log=logger)).call({"city": "Paris"}) == "mine Paris 1"


def test_an_object_that_can_be_called_needs_a_name() -> None:
    made = Tool("sky", function=Weather("clear"))
    assert (made.schema, made.call({"city": "Paris"})) == (CITY, "clear over Paris")
    with pytest.raises(ToolError, match=r"has no name; allowed: a function\n  hint: say Tool\(\"a_name\""):
        Tool.from_(Weather("clear"))


def test_a_decorated_function_keeps_of_the_names_around_it_what_it_needs() -> None:
    def made() -> tuple[Callable[..., Any], weakref.ref[Weather]]:
        kind, large = Place, Weather("clear")

        @tool
        def function(one: kind) -> Any:  # type: ignore[valid-type]
            return one

        return function, weakref.ref(large)

    function, gone = made()
    gc.collect()
    assert gone() is None
    assert Tool.from_(function).call({"one": {"city": "Paris"}}) == Place(city="Paris")


def test_a_class_of_any_name_may_be_a_parameters_type() -> None:
    class _arguments(BaseModel):  # noqa: N801
        a: int

    @tool
    def function(one: _arguments) -> None: ...

    assert list(Tool.from_(function).schema["$defs"]) == ["_arguments"]


def test_a_wrapped_function_is_read_through_its_wrapper() -> None:
    def inner(city: str) -> str:
        """Inside."""
        return city

    @functools.wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> str:
        return f"<{inner(*args, **kwargs)}>"

    made = Tool.from_(outer)
    assert (made.name, made.schema, made.call({"city": "Paris"})) == ("inner", CITY, "<Paris>")


def test_names_around_a_decorated_function_count() -> None:
    class Local(BaseModel):
        a: int

    @tool
    def function(local: Local) -> Any:
        return local

    @tool(name="g")
    def other(local: Local) -> Any:
        return local

    assert Tool("by_hand", function=other).call({"local": {"a": 1}}) == Local(a=1)
    for one in (function, other):
        assert Tool.from_(one).call({"local": {"a": 1}}) == Local(a=1)


def test_names_that_come_later_count_if_they_are_there_in_time() -> None:
    names: dict[str, Any] = {}
    exec("def function(later: 'Later') -> object: return later", names)  # noqa: S102
    with pytest.raises(ToolError, match=r"tool function: an annotation names 'Later', which is not there"):
        Tool.from_(names["function"])
    names["Later"] = Place
    assert Tool.from_(names["function"]).call({"later": {"city": "Paris"}}) == Place(city="Paris")


def test_a_function_is_read_once_and_let_go() -> None:
    def function(city: str) -> None: ...

    def reader(made: Tool) -> Any:
        return made._reader

    first, second = Tool.from_(function), Tool("other", function=function)
    assert reader(first) is reader(second)
    gone = weakref.ref(function)
    del function, first, second
    gc.collect()
    assert gone() is None


# Models, schemas, dicts


def test_a_model_is_a_tool_that_makes_one() -> None:
    made = Tool.from_(Place)
    schema = {key: value for key, value in PLACE.items() if key not in {"title", "description"}}
    assert (made.name, made.description, made.schema) == ("Place", "A place on earth.", schema)
    assert made.call({"city": "Paris", "since": "2026-01-02"}) == Place(city="Paris", since=date(2026, 1, 2))


def test_a_model_may_be_the_only_argument_of_a_function() -> None:
    made = Tool("place", parameters=Place, function=lambda place: place.city)
    assert made.call({"city": "Paris"}) == "Paris"
    assert Tool.from_(Tree).description == ""


def test_a_hand_written_schema_stays_as_it_is() -> None:
    schema: dict[str, Any] = {"properties": {"city": {"title": "City", "type": ["string", "null"]}}}
    made = Tool("weather", "Of a city.", schema)
    kept = copy.deepcopy(schema)
    schema["properties"]["city"]["type"] = "integer"
    made.schema["properties"].clear()
    assert (made.schema, json.loads(made.schema_text), made.parameters) == (kept, kept, kept)
    assert Tool("now").schema == NOTHING


def test_a_schema_that_says_nothing_is_an_objects() -> None:
    assert Tool("f", parameters={}).schema == {"type": "object"}
    assert Tool("f", parameters={"title": "F"}).schema == {"type": "object", "title": "F"}
    kept: tuple[dict[str, Any], ...] = (
        {"properties": {}},
        {"$ref": "#/$defs/A", "$defs": {"A": {}}},
        {"anyOf": [{}]},
    )
    for said in kept:
        assert Tool("f", parameters=said).schema == said


def test_with_a_hand_written_schema_the_function_is_called_by_its_signature() -> None:
    made = Tool("f", parameters={"type": "object"}, function=lambda day: day)
    assert made.call({"day": "2026-01-02"}) == "2026-01-02"

    def typed(day: date) -> date:
        return day

    made = Tool("f", parameters={"type": "object"}, function=typed)
    assert (made.schema, made.call({"day": "2026-01-02"})) == ({"type": "object"}, date(2026, 1, 2))


@pytest.mark.parametrize(
    "own",
    [
        {"type": "web_search"},
        {"type": "function", "name": "f", "parameters": {}},
        {"type": "function", "function": {"name": "f"}},
        {"name": "f", "input_schema": {}},
        {"toolSpec": {"name": "f"}},
        {"type": "x", "name": "a name that is none"},
    ],
)
def test_a_dict_is_a_providers_own_tool(own: dict[str, Any]) -> None:
    found = Tool.from_(own)
    assert found == own
    assert found is not own


def test_a_dict_of_a_tools_fields_is_one_written_down() -> None:
    made = Tool("f", "d", {"type": "object"}, strict=False)
    assert (
        Tool.from_({"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": False})
        == made
    )
    assert Tool.from_({"name": "f"}) == Tool("f")
    assert Tool.from_(made) is made


def test_a_tool_can_be_copied_and_pickled() -> None:
    made = Tool("plain", "d", strict=True, function=plain)
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301
        assert (other, other.schema) == (made, made.schema)
    with pytest.raises(AttributeError, match="cannot assign to field 'name'"):
        made.name = "x"  # type: ignore[misc]
