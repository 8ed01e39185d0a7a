"""Answers of every shape that people ask for, through the wire of every kind of target and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from round_trips import TARGETS, Target, bound, drawn, round_trip
from shape_cases import Shape
from shapes import MODELS, TYPES

from smartllm.compiler.plan import Step
from smartllm.rules import load_rules

SHAPES = MODELS | {f"type_{name}": shape for name, shape in TYPES.items()}
RECURSIVE = {"branches", "folder", "formula", "linked", "friends"} | {
    f"gallery_{name}" for name in ("recursive", "mutual", "expression", "json")
}
OVER_LIMITS = {"optional_40", "gallery_many_optional", "gallery_many_unions"}
# Nova follows no reference; and where the native mode is asked for by name, nothing else is taken.
REFUSED: Mapping[str, set[str]] = {
    "Nova Pro": RECURSIVE,
    "Nova 2 Lite": RECURSIVE,
    "Sonnet 4.6, native": RECURSIVE - {"branches", "gallery_json"} | OVER_LIMITS,
}
CONSTRAINTS = {
    *("greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of"),
    *("too_short", "too_long", "string_too_short", "string_too_long", "string_pattern_mismatch"),
}
"""Pydantic's words for what a subset may have no keyword for: then only a description tells it."""
TEXTS = {
    *("decimal_parsing", "decimal_type", "decimal_max_places", "decimal_whole_digits", "url_parsing"),
    *("timezone_naive", "timezone_aware", "int_parsing", "date_parsing", "date_from_datetime_parsing"),
    *("uuid_parsing", "enum", "ip_v4_address", "ip_v6_address", "complex_str_parsing", "float_parsing"),
}
"""Its words for texts whose rule no JSON Schema tells."""


def forms(shape: Shape, targets: Mapping[str, Target], refused: set[str]) -> Iterator[Step]:
    """A step of each different form of a shape; the names of targets that refuse it are noted."""
    seen = set()
    for name, target in targets.items():
        step = bound(shape, target)
        if isinstance(step, str):
            refused.add(name)
            continue
        assert step.output is not None
        assert step.output.lowered is not None
        lowered = step.output.lowered
        form = json.dumps([lowered.schema, sorted(lowered.codecs.items()), step.output.strategy == "native"])
        if form not in seen:
            seen.add(form)
            yield step


def failures(shape: Shape, targets: Mapping[str, Target], refused: set[str]) -> list[str]:
    return [
        f"{step.model} {step.dialect}: {failure.kind}: {failure.detail}"
        for step in forms(shape, targets, refused)
        for failure in round_trip(shape, step)
        if failure is not None
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_comes_back_from_every_kind_of_target(name: str) -> None:
    refused: set[str] = set()
    assert len(SHAPES[name].answers()) >= len(SHAPES[name].examples)
    assert failures(SHAPES[name], TARGETS, refused) == []
    assert refused == {target for target, names in REFUSED.items() if name in names}


@pytest.mark.parametrize("target", ["gpt-5.4, Responses", "Opus 4.8", "Nova Pro", "Qwen3 32B"])
def test_random_answers_that_fit_the_wire_are_read(target: str) -> None:
    """A few of each shape; the long test draws many."""
    check_random(3, {target: TARGETS[target]})


@pytest.mark.slow
def test_many_random_answers_that_fit_the_wire_are_read() -> None:
    check_random(40, TARGETS)


def check_random(count: int, targets: Mapping[str, Target]) -> None:
    """Only what no schema can tell may be wrong with an answer that fits the one on the wire."""
    wrong, number = [], 0
    for name, shape in SHAPES.items():
        for step in forms(shape, targets, set()):
            for one in drawn(shape, step, count, seed=len(name)):
                number += 1
                untold = shape.untold or set(one.kinds) <= CONSTRAINTS | TEXTS
                if one.kinds and not untold:
                    wrong.append(f"{name} on {step.model}: {one.answer}: {one.detail}")
    assert wrong == []
    assert number > 2 * len(SHAPES)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_comes_back_from_every_listed_model(name: str) -> None:
    assert len(listed()) > 500
    assert failures(SHAPES[name], listed(), set()) == []


@cache
def listed() -> dict[str, Target]:
    """Every model in every way that it can be asked."""
    served = [
        (model, api)
        for model in load_rules().table("model")
        for api in ("responses", "chat_completions", "invoke", "converse")
        if not isinstance(bound(TYPES["int"], Target(model, {"api_type": api})), str)
    ]
    return {
        f"{model} {way} {api}": Target(model, {"structured_output": way, "api_type": api})
        for model, api in served
        for way in ("auto", "native", "tool", "two_pass")
    }
