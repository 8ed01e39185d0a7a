"""What ``smartllm verify`` is made of: wishes in one call, what errors say, lists of what is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from verified import TODAY, WIRES, planned, target_of

from smartllm.content import Text
from smartllm.errors import (
    BadRequestError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamError,
)
from smartllm.request import Message
from smartllm.usage import Usage
from smartllm.verify import Report, overlay_of
from smartllm.verify.judge import is_about, kind_of
from smartllm.verify.overlay import Overlay
from smartllm.verify.plan import Asked
from smartllm.verify.question import Question, Seen, Wish, united
from smartllm.verify.run import Result
from smartllm.verify.subject import Subject, in_order, taken

GPT = WIRES[0]
TURN = (Message(role="user", content="Hello."),)
OTHER = (Message(role="assistant", content="Hello."),)
ONE, TWO = Text("one"), Text("two")


class TestWishesInOneCall:
    def test_what_both_ask_for(self) -> None:
        first = Wish({"seed": 1}, (ONE,), before=TURN, model="m")
        second = Wish({"seed": 1, "user": "me"}, (ONE, TWO), after=OTHER, model="m")
        both = Wish({"seed": 1, "user": "me"}, (ONE, TWO), TURN, OTHER, "m")
        assert first.joined(second) == both
        assert second.joined(first) == both

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (Wish({"seed": 1}), Wish({"seed": 2})),
            (Wish(model="m"), Wish(model="n")),
            (Wish(model="m"), Wish()),
            (Wish(before=TURN), Wish(before=OTHER)),
            (Wish(after=TURN), Wish(after=OTHER)),
        ],
        ids=["a field", "ids", "one id", "before", "after"],
    )
    def test_what_excludes_each_other(self, first: Wish, second: Wish) -> None:
        assert first.joined(second) is None
        assert second.joined(first) is None

    @pytest.mark.parametrize("field", ["before", "after"])
    def test_turns_of_one_stay(self, field: str) -> None:
        turns = Wish(before=TURN) if field == "before" else Wish(after=TURN)
        assert turns.joined(Wish({"seed": 1})) == Wish({"seed": 1}).joined(turns)
        assert getattr(turns.joined(Wish()), field) == TURN

    def test_mappings(self) -> None:
        assert united({"a": 1}, {"b": 2, "a": 1}) == {"a": 1, "b": 2}
        assert united({"a": 1, "b": 3}, {"b": 2}) is None


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (BadRequestError, 400, "refused"),
        (BadRequestError, 422, "refused"),
        (ContextLengthError, 400, "none"),
        (PermissionDeniedError, 403, "barred"),
        (NotFoundError, 404, "barred"),
        (RateLimitError, 429, "none"),
        (ServerError, 503, "none"),
        (StreamError, 400, "refused"),
        (StreamError, 500, "none"),
        (StreamError, None, "none"),
    ],
)
def test_what_an_error_says(error: type[ProviderError], status: int | None, kind: str) -> None:
    assert kind_of(error("no", model="m", status=status)) == kind


class TestWhatARefusalNames:
    def asked(self, fact: str, part: str = "") -> Asked:
        """What is asked of a fact."""
        every = (one for group in planned(GPT).groups for one in group.asked)
        return next(one for one in every if one.check.fact == fact and part in {"", one.question.part})

    @pytest.mark.parametrize(
        ("fact", "part", "words"),
        [
            ("seed.accepted", "", "Unknown parameter: seed."),
            ("top_p.accepted", "", "topP is not supported"),  # in any spelling of the key
            ("service_tier.values", "flex", "'flex' is not one of them"),
            ("service_tier.values", "flex", "service_tier: no"),
            ("user.accepted", "", "Got 'smartllm-verify'."),  # a text of the body
            ("store.accepted", "", "param: store"),
            ("messages.prefill", "", "the conversation must end otherwise"),  # a word of the question
        ],
    )
    def test_what_was_asked_for(self, fact: str, part: str, words: str) -> None:
        assert is_about(self.asked(fact, part), words)

    @pytest.mark.parametrize(
        ("fact", "part", "words"),
        [
            ("seed.accepted", "", "Something went wrong: 1 of 1."),  # a number is no name
            ("store.accepted", "", "True enough."),
            ("service_tier.values", "flex", "Be more flexible."),
            ("top_p.accepted", "", "temperature is not supported"),
            ("top_p.accepted", "", "p"),
            ("seed.accepted", "", ""),
        ],
    )
    def test_something_else(self, fact: str, part: str, words: str) -> None:
        assert not is_about(self.asked(fact, part), words)


class TestLists:
    def test_what_was_not_seen_is_as_the_table_says(self) -> None:
        for says in (True, False):
            question = Question(part="a", says=says, wish=Wish())
            assert taken({}, question) is says
            assert taken({"a": Seen(None)}, question) is says
            assert taken({"a": Seen(not says)}, question) is not says

    def test_order(self) -> None:
        assert in_order(["b", "a"], None) == ["b", "a"]
        assert in_order(["b", "a"], ["a", "b", "c"]) == ["a", "b"]

    def test_members_are_kept_added_and_left_out(self) -> None:
        subject = Subject(target_of(GPT))
        listed = list(subject.value("service_tier.values"))
        assert len(listed) > 1
        gone, new = listed[0], "new"
        question = Question(says=True, wish=Wish())

        def settled(*parts: str) -> list[str]:
            """What is listed then, where the first was refused and any other is taken."""
            check = subject.members("service_tier.values", dict.fromkeys(parts, question))
            assert [one.says for one in check.questions] == [part in listed for part in parts]
            seen = {part: Seen(part != gone) for part in parts}
            return list(check.settle(seen)["service_tier.values"])

        assert settled(gone, new) == [*listed[1:], new]  # an unknown order: what is new comes last
        assert settled(new, *listed) == [new, *listed[1:]]  # that of the questions


class TestOverlay:
    """What is written of results that no sandbox would give."""

    def written(self, *stated: tuple[str, dict[str, Any]]) -> Overlay:
        """The overlay of facts, each with the check that found them."""
        plan = planned(GPT)
        checks = {check.fact: check for check in plan.checks}
        results = (
            Result(check=checks[fact], verdict="differs", value=None, facts=facts, seen={})
            for fact, facts in stated
        )
        return overlay_of(Report(plan=plan, results=tuple(results), calls=1, usage=Usage()), TODAY)

    def line(self, fact: str, value: Any, *, found_by: str = "") -> str:
        """The one line of a fact."""
        text = self.written((found_by or fact, {fact: value})).text
        assert "[model]" not in text  # the model is listed
        (line,) = (one for one in text.splitlines() if one.startswith(f"wire.openai_responses.{fact} = "))
        return line.removeprefix(f"wire.openai_responses.{fact} = ")

    def test_the_table_s_own_value_stands_beside_another(self) -> None:
        table = target_of(GPT).facts.seed.accepted
        assert self.line("seed.accepted", table) == json.dumps(table)
        assert self.line("seed.accepted", not table) == (
            f"{json.dumps(not table)}  # the table: {json.dumps(table)}"
        )
        assert self.line("seed.accepted", not table, found_by="top_p.accepted") == json.dumps(not table)

    def test_lists(self) -> None:
        assert self.line("verbosity.levels", ("low",)).startswith('["low"]  # the table: ["low", ')

    def test_of_two_that_state_one_fact_the_first_counts(self) -> None:
        one, two = {"seed.accepted": False}, {"seed.accepted": True, "top_k.accepted": False}
        text = self.written(("seed.accepted", one), ("top_k.accepted", two)).text
        assert text.count("seed.accepted = ") == 1
        assert "seed.accepted = false" in text
        assert "top_k.accepted = false" in text

    def test_what_the_linter_does_not_take_is_left_out_alone(self) -> None:
        found = self.written(
            ("seed.accepted", {"seed.accepted": True}),
            ("limits.max_output", {"limits.max_output": 0}),
            ("top_p.accepted", {"top_p.accepted": True}),
        )
        assert found.left_out == ("limits.max_output",)
        assert "max_output" not in found.text
        assert "seed.accepted = true" in found.text
        assert "top_p.accepted = true" in found.text
        assert self.written(("limits.max_output", {"limits.max_output": 0})).text == ""
