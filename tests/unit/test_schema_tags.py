"""What tells the arms of a union apart is always said."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from legal_schemas import SUBSETS
from pydantic import BaseModel, Field

from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.types import Lowered, Subset

each_subset = pytest.mark.parametrize("subset", SUBSETS)
ONE = {"const": "one"}


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: str


class Bank(BaseModel):
    kind: Literal["bank"] = "bank"
    iban: str = ""


class Pay(BaseModel):
    by: Annotated[Card | Bank, Field(discriminator="kind")]
    then: list[Card | Bank] = []


def told(lowered: Lowered) -> set[tuple[str, str]]:
    return {(change.path, change.action) for change in lowered.changes if "which of several" in change.reason}


@each_subset
def test_a_discriminator_with_a_default_is_required(subset: Subset) -> None:
    lowered = lower(Pay.model_json_schema(), subset)
    for name, model in (("card", "Card"), ("bank", "Bank")):
        sent = lowered.schema["$defs"][model]
        assert "kind" in sent["required"]
        assert sent["properties"]["kind"]["const"] == name
    paths = {("/$defs/Card/properties/kind", "added"), ("/$defs/Bank/properties/kind", "added")}
    fixed = {c.path for c in lowered.changes if "its default" in c.reason}
    assert told(lowered) | {(path, "added") for path in fixed} >= paths
    answer = {"by": {"kind": "bank", "iban": ""}, "then": [{"kind": "card", "number": "1"}]}
    assert Pay.model_validate(restore(answer, lowered)).by == Bank()


def arms(*found: Any, **beside: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"u": {"anyOf": [*found], **beside}}, "required": ["u"]}


def shape(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        (arms(shape(k=ONE, x={}), shape(k={"enum": ["two", "three"]})), ["k", "k"]),
        (arms(shape(k=ONE), shape(k={"enum": ["one", "two"]})), []),
        (arms(shape(k=ONE), shape(x={})), []),
        (arms(shape(k=ONE), shape(k=True)), []),
        (arms(shape(k={"const": {"a": 1, "b": 2}}), shape(k={"const": {"b": 2, "a": 1}})), []),
        (arms(shape(k=ONE), shape(k={"type": "string"}), discriminator={"propertyName": "k"}), ["k", "k"]),
        (arms(shape(k={}), True, {"type": "null"}, discriminator="k"), ["k"]),
        (
            arms(shape(k=ONE), {"oneOf": [shape(k={"const": 1}), {"allOf": [shape(k={"const": 2})]}]}),
            ["k"] * 3,
        ),
        (shape(k=ONE, x={"const": 1, "default": 1}, y={"const": 1, "default": True}), ["x"]),
        (shape(k={}, j={}) | {"discriminator": {"propertyName": "k"}}, ["k"]),
        (shape(k={}) | {"discriminator": {"mapping": {}}}, []),
    ],
)
@pytest.mark.parametrize("subset", ["tool", "claude-native"])
def test_what_is_required(schema: Any, names: list[str], subset: Subset) -> None:
    lowered = lower(schema, subset)
    assert [c.path.rpartition("/")[2] for c in lowered.changes if c.keyword == "required"] == names


def test_arms_are_found_through_references() -> None:
    schema = arms({"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}) | {
        "$defs": {"A": shape(k={"$ref": "#/$defs/One"}), "B": shape(k={"const": 2}), "One": ONE}
    }
    lowered = lower(schema, "tool")
    assert told(lowered) == {("/$defs/A/properties/k", "added"), ("/$defs/B/properties/k", "added")}
    itself = shape(k=ONE, next={"anyOf": [{"$ref": "#"}, shape(k={"const": 2})]})
    assert told(lower(itself, "tool")) == {
        ("/properties/k", "added"),
        ("/properties/next/anyOf/1/properties/k", "added"),
    }


def test_arms_of_more_unions_than_people_write_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (shape(k={"const": value}) for value in (1, 2))
    pairs = shape(a=arms(one, other), b=arms(one, other)) | {"required": ["a", "b"]}
    monkeypatch.setattr("smartllm.compiler.schema.tags._MOST", 4)
    everything = told(lower(pairs, "tool"))
    assert {place.split("/")[2] for place, _ in everything} == {"a", "b"}
    monkeypatch.setattr("smartllm.compiler.schema.tags._MOST", 2)
    assert told(lower(pairs, "tool")) == {(place, how) for place, how in everything if "/a/" in place}
