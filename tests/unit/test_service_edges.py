"""The pass for what a request says of its answer and of how it is served, at the edge of each fact."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm import Guardrail
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.service import service
from smartllm.compiler.trace import Trace
from smartllm.content import Text
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import facts_from

STOPS: dict[str, Any] = {"stop_sequences": {"accepted": True, "max": 2, "blank": False}}
PAIRS: dict[str, Any] = {"metadata": {"accepted": True, "key_max": 3, "value_max": 4, "characters": "any"}}
AWS: dict[str, Any] = {"metadata": {"accepted": True, "characters": "aws"}}


def passed(stated: dict[str, Any], **parameters: Any) -> tuple[dict[str, Any], Trace]:
    """The parameters that are left, and what was told, by facts of one's own."""
    turns = (Turn("user", (Text("hi"),)),)
    intent = Intent("m", "openai_chat", turns, 9, parameters=parameters)
    trace = Trace()
    return dict(service(intent, facts_from(stated), trace).parameters), trace


def told(trace: Trace) -> list[tuple[Any, ...]]:
    return [
        (item.code, item.severity, item.action, item.asked, item.applied, item.reason, item.origin.name)
        for item in trace.changes
    ]


class TestStopSequences:
    def test_as_many_as_are_taken(self) -> None:
        kept, trace = passed(STOPS, stop_sequences=["a", "b"])
        assert (kept, told(trace)) == ({"stop_sequences": ["a", "b"]}, [])

    def test_one_more(self) -> None:
        kept, trace = passed(STOPS, stop_sequences=["a", "b", "c"])
        reason = "the API takes at most 2; the answer does not end at the others"
        cut = (
            "parameter-cut",
            "warning",
            "changed",
            ["a", "b", "c"],
            ["a", "b"],
            reason,
            "stop_sequences.max",
        )
        assert (kept, told(trace)) == ({"stop_sequences": ["a", "b"]}, [cut])

    def test_those_that_are_left_are_still_the_callers(self) -> None:
        _, trace = passed(STOPS, stop_sequences=["a", "b", "c"])
        assert "stop_sequences" not in trace.reasons

    def test_none_is_left(self) -> None:
        kept, trace = passed(STOPS, stop_sequences=[" "])
        reason = "the model takes none of white space alone"
        cut = ("parameter-cut", "warning", "dropped", [" "], None, reason, "stop_sequences.blank")
        assert (kept, told(trace)) == ({}, [cut])


class TestMetadata:
    @pytest.mark.parametrize("stated", [{}, PAIRS])
    def test_no_pairs_are_nothing_to_tell_of(self, stated: dict[str, Any]) -> None:
        kept, trace = passed(stated, metadata={})
        assert (kept, trace.changes) == ({}, [])

    def test_names_and_values_of_the_longest_kind(self) -> None:
        kept, trace = passed(PAIRS, metadata={"abc": "1234"})
        assert (kept, trace.changes) == ({"metadata": {"abc": "1234"}}, [])

    @pytest.mark.parametrize(
        ("lost", "fact"), [({"abcd": "1"}, "metadata.key_max"), ({"a": "12345"}, "metadata.value_max")]
    )
    def test_longer_ones_are_left_out_by_name(self, lost: dict[str, str], fact: str) -> None:
        asked = {"abc": "1234"} | lost
        kept, trace = passed(PAIRS, metadata=asked)
        reason = f"the API does not take these names or values: {next(iter(lost))}"
        cut = ("parameter-cut", "warning", "changed", asked, {"abc": "1234"}, reason, fact)
        assert (kept, told(trace)) == ({"metadata": {"abc": "1234"}}, [cut])

    def test_nothing_is_left(self) -> None:
        kept, trace = passed(PAIRS, metadata={"abcd": "1"})
        assert (kept, [(item.action, item.applied) for item in trace.changes]) == ({}, [("dropped", None)])

    @pytest.mark.parametrize("pair", [{"a!": "b"}, {"a": "b!"}])
    def test_characters_of_names_and_values(self, pair: dict[str, str]) -> None:
        assert passed(PAIRS, metadata=pair)[0] == {"metadata": pair}
        kept, trace = passed(AWS, metadata={"a": "b", **{f"x{name}": value for name, value in pair.items()}})
        assert kept == {"metadata": {"a": "b"}}
        assert [item.origin.name for item in trace.changes] == ["metadata.characters"]


def test_what_is_dropped_says_so() -> None:
    kept, trace = passed({}, user="me")
    reason = "the API takes no end user's id for this model"
    assert (kept, told(trace)) == (
        {},
        [("parameter-dropped", "warning", "dropped", "me", None, reason, "user.accepted")],
    )


@pytest.mark.parametrize(
    ("shown", "severity", "reason", "fact"),
    [
        (True, "info", "reasoning is shown anyway", "reasoning_summary.shown"),
        (
            False,
            "warning",
            "the model shows none of its reasoning on request",
            "reasoning_summary.levels",
        ),
    ],
)
def test_a_summary_that_cannot_be_asked_for(shown: bool, severity: str, reason: str, fact: str) -> None:
    kept, trace = passed({"reasoning_summary": {"shown": shown}}, reasoning_summary="auto")
    assert (kept, told(trace)) == (
        {},
        [("parameter-dropped", severity, "dropped", "auto", None, reason, fact)],
    )


def test_a_guardrail_that_would_not_guard_names_its_fact() -> None:
    with pytest.raises(UnsupportedError) as caught:
        passed({}, guardrail=Guardrail("gr1", "1"))
    assert (caught.value.field, caught.value.fact) == ("guardrail", "guardrail.accepted")
