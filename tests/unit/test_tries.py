"""What is said of an answer that did not fit: to the model, to the caller, and to a log."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.response import Usage
from smartllm.runtime.structure.tries import Fault, Try, faults_of, note_on, where
from smartllm.structure_errors import SchemaMismatchError, StructureError
from smartllm.text_parts import Text


def wrong(data: Any, kind: Any = int) -> str:
    """What is said of data that does not fit."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(data, strict=True)
    (fault,) = faults_of(caught.value)
    return str(fault)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ä", ' (it is "ä")'),
        (None, " (it is null)"),
        (1.5, " (it is 1.5)"),
        ([1], ""),
        ({"a": 1}, ""),
        ("x" * 78, f' (it is "{"x" * 78}")'),
        ("x" * 79, f' (it is "{"x" * 79}…)'),
    ],
    ids=repr,
)
def test_a_value_is_shown_where_it_is_short(value: Any, shown: str) -> None:
    assert wrong(value) == f"Input should be a valid integer{shown}"


def test_places_are_told_and_bounded() -> None:
    assert wrong({"a": ["x"]}, dict[str, list[int]]).startswith("a.0: Input should be")
    assert len(wrong({"k" * 1_000: "x"}, dict[str, int]).partition(":")[0]) == 300


def test_many_faults_end_with_how_many_more_there_are() -> None:
    error = SchemaMismatchError("no", model="m", faults=[(f"a/{n}", "x" * 400) for n in range(10)])
    *told, last = faults_of(error)
    assert {len(fault.message) for fault in told} == {400}
    assert sum(len(str(fault)) for fault in told) <= 2_000
    assert str(last) == f"and {10 - len(told)} more"


def test_an_error_of_no_place_is_its_text() -> None:
    assert faults_of(StructureError("x" * 400, model="m")) == (Fault("", "x" * 300),)
    assert faults_of(SchemaMismatchError("two answers", model="m")) == (Fault("", "two answers"),)


def test_a_log_has_the_place_alone() -> None:
    answer = Decoded((Text("secret"),), "stop", Usage(), "stop")
    for faults, place in [((Fault("a.b", "secret"),), " at a.b"), ((Fault("", "secret"),), ""), ((), "")]:
        one = Try(answer, faults)
        assert where(one) == place
        (once,), (twice,) = note_on([one]), note_on([one, one])
        assert once.reason == f"The model was asked again once, since an answer did not fit{place}."
        assert twice.reason == f"The model was asked again 2 times, since an answer did not fit{place}."
        assert (once.applied, twice.applied) == (1, 2)
    assert not [*note_on(())]


def test_an_error_without_an_answer_has_no_tries() -> None:
    assert StructureError("no", model="m").tries == ()
