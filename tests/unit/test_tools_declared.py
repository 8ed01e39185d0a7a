"""How tools are declared: from functions, models and dicts to names, descriptions and JSON Schema."""

from __future__ import annotations

import copy
import functools
import gc
import json
import logging
import pickle
import re
import subprocess
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, Optional, Unpack

import pytest
from jsonschema import Draft202012Validator
from pydantic import AliasChoices, BaseModel, Field
from typing_extensions import Doc, TypedDict
from versions import with_todays_pydantic

from smartllm import Tool, ToolError, tool


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


class Place(BaseModel):
    """A place on earth."""

    city: str = Field(description="Its name.")
    since: date | None = None


class Tree(BaseModel):
    children: list[Tree] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict):
    depth: int
    label: NotRequired[str]


NOTHING: dict[str, Any] = {"additionalProperties": False, "properties": {}, "type": "object"}


def taking(required: list[str] | None = None, /, **properties: Any) -> dict[str, Any]:
    """The schema of a closed object."""
    return {**NOTHING, "properties": properties, **({"required": required} if required else {})}


def nothing() -> None: ...
def plain(city: str, days: int) -> None: ...
def defaults(city: str = "Paris", days: int = 1, exact: bool = False) -> None: ...
def unannotated(anything, more=None) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def positional(a: int, b: str = "x", /, c: float = 0.5) -> None: ...
def keyword_only(*, a: int, b: str = "x") -> None: ...
def many(*numbers: float) -> None: ...
def untyped_many(*values, **more) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003
def open_ended(a: int, **more: int) -> None: ...
def unpacked(a: int, **more: Unpack[Options]) -> None: ...
def words(unit: Literal["C", "F"] = "C", size: Literal[1, 2] = 1) -> None: ...
def enumerated(unit: Unit = Unit.C) -> None: ...
def nested(place: Place) -> None: ...
def nested_default(point: Point = Point(1)) -> None: ...  # noqa: B008
def recursive(tree: Tree) -> None: ...
def typed_dict(options: Options) -> None: ...
def union(value: int | str) -> None: ...
def optional(value: Optional[int] = None, other: date | None = None) -> None: ...  # noqa: UP045
def never_null(value: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013
def lists(values: list[int], names: set[str], pair: tuple[int, str]) -> None: ...
def dates(day: date = date(2026, 1, 2)) -> None: ...
def limits(n: Annotated[int, Field(ge=1, le=9, description="How many.")] = 3) -> None: ...
def field_default(n: int = Field(3, ge=1, description="How many."), m: int = Field(ge=1)) -> None: ...
def field_in_annotation(n: Annotated[int, Field(default=3)]) -> None: ...
def both_defaults(
    n: Annotated[int, Field(default=3)] = 4,
    m: Annotated[int, Field(default=3)] = None,  # type: ignore[assignment]  # noqa: RUF013
) -> None: ...
def noted(city: Annotated[str, "The city."], zone: Annotated[str, Doc("The zone.")]) -> None: ...
def keyword(class_: Annotated[int, Field(alias="class")]) -> None: ...
def odd_names(_a: int, model_config: int, schema: int, self_: int, json: int) -> None: ...
def open_values(value: Any, other: object = None, table: dict[str, int] | None = None) -> None: ...


STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
NULL = {"type": "null"}
POINT = {
    "additionalProperties": False,
    "properties": {"x": INTEGER, "y": {"default": 0, **INTEGER}},
    "required": ["x"],
    "title": "Point",
    "type": "object",
}
PLACE = {
    "description": "A place on earth.",
    "properties": {
        "city": {"description": "Its name.", **STRING},
        "since": {"anyOf": [{"format": "date", **STRING}, NULL], "default": None},
    },
    "required": ["city"],
    "title": "Place",
    "type": "object",
}
OPTIONS = {**taking(["depth"], depth=INTEGER, label=STRING), "title": "Options"}
TREE = {
    "properties": {"children": {"default": [], "items": {"$ref": "#/$defs/Tree"}, "type": "array"}},
    "title": "Tree",
    "type": "object",
}
UNIT = {"enum": ["celsius", "fahrenheit"], "title": "Unit", **STRING}

SCHEMAS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (nothing, NOTHING),
    (plain, taking(["city", "days"], city=STRING, days=INTEGER)),
    (
        defaults,
        taking(
            city={**STRING, "default": "Paris"},
            days={**INTEGER, "default": 1},
            exact={"type": "boolean", "default": False},
        ),
    ),
    (unannotated, taking(["anything"], anything={}, more={"default": None})),
    (
        positional,
        taking(["a"], a=INTEGER, b={**STRING, "default": "x"}, c={**NUMBER, "default": 0.5}),
    ),
    (keyword_only, taking(["a"], a=INTEGER, b={**STRING, "default": "x"})),
    (many, taking(numbers={"items": NUMBER, "type": "array"})),
    (untyped_many, {**taking(values={"items": {}, "type": "array"}), "additionalProperties": True}),
    (open_ended, {**taking(["a"], a=INTEGER), "additionalProperties": INTEGER}),
    (unpacked, taking(["a", "depth"], a=INTEGER, depth=INTEGER, label=STRING)),
    (
        words,
        taking(
            unit={"enum": ["C", "F"], **STRING, "default": "C"},
            size={"enum": [1, 2], **INTEGER, "default": 1},
        ),
    ),
    (
        enumerated,
        {**taking(unit={"$ref": "#/$defs/Unit", "default": "celsius"}), "$defs": {"Unit": UNIT}},
    ),
    (nested, {**taking(["place"], place={"$ref": "#/$defs/Place"}), "$defs": {"Place": PLACE}}),
    (
        nested_default,
        {
            **taking(point={"$ref": "#/$defs/Point", "default": {"x": 1, "y": 0}}),
            "$defs": {"Point": POINT},
        },
    ),
    (recursive, {**taking(["tree"], tree={"$ref": "#/$defs/Tree"}), "$defs": {"Tree": TREE}}),
    (typed_dict, {**taking(["options"], options={"$ref": "#/$defs/Options"}), "$defs": {"Options": OPTIONS}}),
    (union, taking(["value"], value={"anyOf": [INTEGER, STRING]})),
    (
        optional,
        taking(
            value={"anyOf": [INTEGER, NULL], "default": None},
            other={"anyOf": [{"format": "date", **STRING}, NULL], "default": None},
        ),
    ),
    (never_null, taking(value=INTEGER)),
    (
        lists,
        taking(
            ["values", "names", "pair"],
            values={"items": INTEGER, "type": "array"},
            names={"items": STRING, "type": "array", "uniqueItems": True},
            pair={"maxItems": 2, "minItems": 2, "prefixItems": [INTEGER, STRING], "type": "array"},
        ),
    ),
    (dates, taking(day={"format": "date", **STRING, "default": "2026-01-02"})),
    (
        limits,
        taking(n={"description": "How many.", "maximum": 9, "minimum": 1, **INTEGER, "default": 3}),
    ),
    (
        field_default,
        taking(
            ["m"],
            n={"default": 3, "description": "How many.", "minimum": 1, **INTEGER},
            m={"minimum": 1, **INTEGER},
        ),
    ),
    (field_in_annotation, taking(n={"default": 3, **INTEGER})),
    (both_defaults, taking(n={"default": 4, **INTEGER}, m=INTEGER)),
    (
        noted,
        taking(
            ["city", "zone"],
            city={"description": "The city.", **STRING},
            zone={"description": "The zone.", **STRING},
        ),
    ),
    (keyword, taking(["class"], **{"class": INTEGER})),
    (
        odd_names,
        taking(
            ["_a", "model_config", "schema", "self_", "json"],
            **dict.fromkeys(["_a", "model_config", "schema", "self_", "json"], INTEGER),
        ),
    ),
    (
        open_values,
        taking(
            ["value"],
            value={},
            other={"default": None},
            table={
                "anyOf": [{"additionalProperties": INTEGER, "type": "object"}, NULL],
                "default": None,
            },
        ),
    ),
]


@with_todays_pydantic
@pytest.mark.parametrize(("function", "schema"), SCHEMAS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_function_has_this_schema(function: Callable[..., Any], schema: dict[str, Any]) -> None:
    found = Tool.from_(function).schema
    assert found == schema
    assert list(found["properties"]) == list(schema["properties"])
    Draft202012Validator.check_schema(found)


# Docstrings


def google(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """Weather of a city.

    Looks it up:

        as it is now

    Args:
        city: The city,
            in English.
        unit (str): C or F.
        days: Which days.
        more: What else.
        gone: No longer there.

    Returns:
        A text.

    Warning:
        Never twice a day.

    Example:
        >>> google("Paris")
    """


def numpy(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """
    Weather of a city.

    Parameters
    ----------
    city : str
        The city,
        in English.
    unit : str, optional
        C or F.

    Other Parameters
    ----------------
    *days : int
        Which days.
    **more : int
        What else.

    Returns
    -------
    str
        A text.
    """


def sphinx(city: str, unit: str = "C", *days: int, **more: int) -> None:
    """Weather of a city.

    :param city: The city,
        in English.
    :param str unit: C or F.
    :param days: Which days.
    :param more: What else.
    :returns: A text.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_docstrings_of_three_styles_say_the_same(function: Callable[..., Any]) -> None:
    made = Tool.from_(function)
    assert made.description.startswith("Weather of a city.")
    assert made.schema["properties"] == {
        "city": {"description": "The city,\nin English.", **STRING},
        "unit": {"description": "C or F.", **STRING, "default": "C"},
        "days": {"description": "Which days.", "items": INTEGER, "type": "array"},
    }
    assert made.schema["additionalProperties"] == {"description": "What else.", **INTEGER}


def test_the_description_is_the_free_text_with_its_notes_and_without_what_is_for_people() -> None:
    assert Tool.from_(google).description == (
        "Weather of a city.\n\nLooks it up:\n\n    as it is now\n\nWarning:\n    Never twice a day."
    )
    assert (Tool.from_(numpy).description, Tool.from_(sphinx).description) == ("Weather of a city.",) * 2


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, ""),
        ("", ""),
        ("One line: with a colon.", "One line: with a colon."),
        ("First.\n\n    Second\n        deeper.", "First.\n\nSecond\n    deeper."),
        ("First.\n\n    Second:\n        deeper\n    ", "First.\n\nSecond:\n    deeper"),
        ("First.\n\nArgs:\n    x\n    y: why\n", "First."),
        ("First.\n\nReturns:\n    A text.\n", "First."),
        ("First.\n\nReturns\n-------\nstr\n    A text.\n", "First."),
        ("First.\n\n:returns: A text.\n", "First."),
    ],
)
def test_a_docstring_without_known_parameters(text: str | None, description: str) -> None:
    def function() -> None: ...

    function.__doc__ = text
    assert Tool.from_(function).description == description


def test_what_an_annotation_says_goes_before_the_docstring() -> None:
    def function(
        a: Annotated[int, "ignored", Field(description="from Field")],
        b: Annotated[int, "from a text"],
        c: int,
    ) -> None:
        """Do it.

        Args:
            a: from the docstring
            b: from the docstring
            c: from the docstring
        """

    said = {name: one["description"] for name, one in Tool.from_(function).schema["properties"].items()}
    assert said == {"a": "from Field", "b": "from a text", "c": "from the docstring"}


def test_any_more_is_described_too() -> None:
    def function(**more: Any) -> None:
        """Do it.

        Args:
            more: What else.
        """

    assert Tool.from_(function).schema["additionalProperties"] == {"description": "What else."}


def test_a_docstring_of_one_line_loads_no_parser() -> None:
    code = (
        "import sys; from smartllm import Tool\n"
        "def f(a: int): 'One line.'\n"
        "Tool.from_(f); Tool('x', 'd', {'type': 'object'}); print('griffe' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


# Where a function may stand


class Weather:
    def __init__(self, sky: str) -> None:
        self.sky = sky

    def method(self, city: str) -> str:
        """Of an object."""
        return f"{self.sky} in {city}"

    @tool(name="renamed", description="Said.", strict=True)
    async def decorated(self, city: str) -> str:
        """Not this."""
        return f"{self.sky} in {city}"

    @classmethod
    @tool
    def of_class(cls, city: str) -> str:
        return f"{cls.__name__} in {city}"

    @tool(name="above")
    @classmethod
    def above_class(cls, city: str) -> str:
        return f"{cls.__name__} in {city}"

    @tool(name="static")
    @staticmethod
    def of_none(city: str) -> str:
        return city

    def __call__(self, city: str) -> str:
        return f"{self.sky} over {city}"


CITY = taking(["city"], city=STRING)


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


# What is refused


class Context:
    pass


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError


class Odd(BaseModel):
    call: Callable[[], int]


def context(city: str, ctx: Context) -> None: ...
def callback(on_done: Callable[[], None]) -> None: ...
def contexts(*ctx: Context) -> None: ...
def more_contexts(**ctx: Context) -> None: ...
def object_default(city: str, unit: Any = Context) -> None: ...
def endless(seconds: float = float("inf")) -> None: ...
def two_names(a: Annotated[int, Field(validation_alias=AliasChoices("b", "c"))]) -> None: ...
def one_missing(a: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def one_name(a: int, b: Annotated[int, Field(alias="a")]) -> None: ...
def twice(depth: int, **more: Unpack[Options]) -> None: ...  # type: ignore[misc]
def extra(a: Annotated[int, Field(json_schema_extra={"x": float("nan")})]) -> None: ...
def broken_default(a: Any = Broken()) -> None: ...  # noqa: B008
def unreadable(a: "int of") -> None: ...  # type: ignore[valid-type]  # noqa: F722
def surrogate(a: str = "\ud800") -> None: ...


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            context,
            "the parameter ctx takes: Unable to generate pydantic-core schema for <class .*Context.>\n",
        ),
        (context, r"functools.partial\(function, ctx=...\), or a method"),
        (callback, "tool callback: no JSON says what the parameter on_done takes: Cannot generate"),
        (contexts, "the parameter ctx takes"),
        (more_contexts, "the parameter ctx takes"),
        (object_default, "tool object_default: the default of unit is <class .*Context'>, which is no JSON"),
        (object_default, "hint: let it be None, and put the value in its place inside of the function"),
        (endless, "tool endless: the default of seconds: inf is no JSON number; allowed: .*finite numbers"),
        (broken_default, "the default of a is <Broken>, which is no JSON"),
        (one_name, "tool one_name: two of a, b have one name in JSON; allowed: a name for each"),
        (twice, "tool twice: its signature cannot be read: duplicate parameter name: 'depth'"),
        (extra, "tool extra: its schema.properties.a.x: nan is no JSON number"),
        (surrogate, "tool surrogate: the default of a"),
        (
            two_names,
            r"the parameter a has several names: AliasChoices.*; allowed: one\n  hint: say Field\(alias",
        ),
        (
            one_missing,
            "an annotation names 'Missing', which is not there; allowed: names of the function's module",
        ),
        (one_missing, "hint: define or import Missing at the top of that module"),
        (
            Weather.method,
            "tool method: its first parameter is self, which no model can give\n  hint: give the bound",
        ),
        (unreadable, "tool unreadable: its signature cannot be read: .*\n  hint: write a function around it"),
        (
            lambda city: city,
            "Tool.name='<lambda>' is not usable; allowed: 1 to 64 .*\n  hint: say name=\"lambda\"",
        ),
        (
            int,
            "<class 'int'> declares no tool; allowed: a function, a pydantic model class, a Tool, or a dict",
        ),
        (Point, "Point'> declares no tool"),
        ("weather", "'weather' declares no tool"),
        (None, "None declares no tool"),
        ({}, "{} declares no tool"),
        ({"type": "x", "a": Context}, "a provider's own tool.a: .* is no JSON value"),
        ({"name": "a b"}, "Tool.name='a b' is not usable"),
        (
            {"name": "f", "parameters": {"type": "array"}},
            "the type of its parameters is 'array'; allowed: object",
        ),
        (Odd, "tool Odd: the model Odd has no JSON Schema: Cannot generate"),
    ],
)
def test_what_declares_no_tool_is_refused_by_name(given: Any, says: str) -> None:
    with pytest.raises(ToolError, match=says):
        Tool.from_(given)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Tool.name='' is not usable; allowed: 1 to 64 of .*\n  hint: say name=\"a_name\""),
        ({"name": "x" * 65}, 'hint: say name="x{64}"$'),
        ({"name": "grüße"}, 'hint: say name="gr_e"'),
        ({"name": "a\n"}, "Tool.name='a.n' is not usable"),
        ({"name": 5}, "Tool.name=5 is not usable"),
        (
            {"description": None},
            "Tool.description=None is not usable; allowed: Unicode text\n  hint: leave it out",
        ),
        ({"description": "\ud800"}, "Tool.description=.* is not usable; allowed: Unicode text"),
        ({"strict": 1}, "Tool.strict=1 is not usable; allowed: True, False, or None"),
        ({"function": 5}, "Tool.function=5 is not usable; allowed: a function"),
        (
            {"parameters": 5},
            "Tool.parameters=5 is not usable; allowed: a JSON Schema as a dict, or a pydantic",
        ),
        ({"parameters": int}, "Tool.parameters=<class 'int'> is not usable"),
        ({"parameters": {"type": "string"}}, "is 'string'; allowed: object\n  hint: arguments have names"),
        ({"parameters": {"properties": {"a": Context}}}, "tool f: parameters.properties.a: .* no JSON value"),
        ({"function": context}, "tool f: no JSON says what the parameter ctx takes"),
        ({"parameters": Odd}, "tool f: the model Odd has no JSON Schema"),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value))[:40],
)
def test_a_field_that_cannot_be_used(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError, match=says):
        Tool(**{"name": "f", **fields})


@pytest.mark.parametrize("name", ["a", "_", "-", "Get-weather_2", "x" * 64, "7"])
def test_a_name_that_can_be_used(name: str) -> None:
    assert Tool(name).name == name
    assert Tool.from_(tool(name=name)(lambda: None)).name == name


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"name": "a b"}, "Tool.name='a b' is not usable"),
        ({"description": 5}, "Tool.description=5 is not usable"),
        ({"strict": "yes"}, "Tool.strict='yes' is not usable"),
    ],
)
def test_the_decorator_refuses_at_once(said: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError, match=says):
        tool(**said)


def test_the_decorator_stands_above_functions_alone() -> None:
    for given in (Place, 5):
        with pytest.raises(
            ToolError, match=r"@tool stands above .*; allowed: a function or a method\n  hint: a pyd"
        ):
            tool(given)  # type: ignore[type-var]


def test_a_type_that_fails_only_once_is_refused_all_the_same() -> None:
    class Once:
        asked = 0

        @classmethod
        def __get_pydantic_core_schema__(cls, _source: Any, handler: Any) -> Any:
            cls.asked += 1
            if cls.asked == 1:
                raise RuntimeError("not yet")
            return handler(int)

    @tool
    def function(a: Once) -> None: ...

    with pytest.raises(ToolError, match="tool function: its signature has no JSON Schema: not yet\n  hint"):
        Tool.from_(function)


def test_a_value_whose_repr_fails_is_still_named() -> None:
    with pytest.raises(ToolError, match="<Broken> declares no tool"):
        Tool.from_(Broken())  # type: ignore[call-overload]
    with pytest.raises(ToolError, match=r"'x{79}… declares no tool"):
        Tool.from_("x" * 500)  # type: ignore[call-overload]
