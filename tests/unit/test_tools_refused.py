"""What declares no tool, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Unpack

import pytest
from pydantic import AliasChoices, BaseModel, Field
from tool_samples import (
    Options,
    Place,
    Point,
    Weather,
)

from smartllm import Tool, ToolError, tool


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
