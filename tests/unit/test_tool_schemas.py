"""How a function becomes a JSON Schema: each kind of parameter, type and default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Unpack

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field
from tool_samples import (
    INTEGER,
    NOTHING,
    NULL,
    NUMBER,
    OPTIONS,
    PLACE,
    STRING,
    Options,
    Place,
    Point,
    Tree,
    plain,
    taking,
)
from typing_extensions import Doc
from versions import with_todays_pydantic

from smartllm import Tool


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


def nothing() -> None: ...
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


POINT = {
    "additionalProperties": False,
    "properties": {"x": INTEGER, "y": {"default": 0, **INTEGER}},
    "required": ["x"],
    "title": "Point",
    "type": "object",
}
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
