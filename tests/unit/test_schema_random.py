"""Any schema at all is refused by name or lowered to a legal one, in time, and its answers come back."""

from __future__ import annotations

import re
import time
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from legal_schemas import STRICT, faults
from random_schemas import Schemas, Unsaid, Values

from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.keywords import subschemas
from smartllm.compiler.schema.lower import lower, plain
from smartllm.compiler.schema.types import Subset
from smartllm.errors import UnsupportedError

SUBSETS: tuple[Subset, ...] = get_args(Subset)
# Without a check of formats: whether a pattern is one is no question of schemas.
META = Draft202012Validator(Draft202012Validator.META_SCHEMA)
SECONDS = 2.0


def judged(seed: int) -> int:
    """How many subsets took a random schema; fails where one did not behave."""
    schema = Schemas(seed, broken=True).root()
    taken = 0
    for subset in SUBSETS:
        start = time.process_time()
        try:
            lowered = lower(schema, subset)
        except UnsupportedError as error:
            if not re.match(r"response_format: .*[ (]at [^ ]", error.message, re.DOTALL) or not error.hint:
                raise
            lowered = None
        assert time.process_time() - start < SECONDS
        if lowered is None:
            continue
        taken += 1
        assert subset in STRICT or META.is_valid(lowered.schema), schema
        assert faults(lowered.schema, subset) == [], schema
        again = lower(lowered.schema, subset)
        assert again.schema == lowered.schema, schema
        assert subset not in STRICT or again.changes == (), schema
    return taken


def relaxed(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without what is told in words, and without bounds."""
    loose = plain(schema)
    for _, node in [*subschemas(loose)]:
        for key in ("minimum", "minItems", "maxItems"):
            node.pop(key, None)
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
    return loose


def comes_back(seed: int) -> int:
    """How many random answers to a random schema came back; fails where one did not fit."""
    schema = Schemas(seed, broken=False).root()
    found = 0
    for subset in STRICT:
        try:
            lowered = lower(schema, subset)
        except UnsupportedError:
            continue
        if any(change.lost for change in lowered.changes):
            continue
        theirs, ours = Draft202012Validator(relaxed(schema)), Draft202012Validator(lowered.schema)
        for number in range(4):
            try:
                answer = Values(lowered, number).of(lowered.schema)
            except Unsaid:
                continue
            if not ours.is_valid(answer):
                continue  # a bound beside a list of values
            found += 1
            assert theirs.is_valid(restore(answer, lowered)), (schema, lowered.schema, answer)
    return found


def test_any_schema_is_lowered_or_refused() -> None:
    assert sum(judged(seed) for seed in range(100)) > 100


def test_answers_to_any_schema_fit_the_callers() -> None:
    assert sum(comes_back(seed) for seed in range(100)) > 30


@pytest.mark.slow
def test_any_of_many_schemas_is_lowered_or_refused() -> None:
    assert sum(judged(seed) for seed in range(1000, 11_000)) > 10_000


@pytest.mark.slow
def test_answers_to_many_schemas_fit_the_callers() -> None:
    assert sum(comes_back(seed) for seed in range(1000, 6000)) > 2000
