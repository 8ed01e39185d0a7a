"""The target that is asked about, and the two shapes that most checks have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from smartllm.compiler.dialects import FIELDS, Fields
from smartllm.rules import Dialect, Facts, Target
from smartllm.rules.vocabulary import facts_data
from smartllm.rules.vocabulary.wire import CLAUDE_WIRE, OPENAI_WIRES
from smartllm.verify.question import Check, Question, Seen, Settle, Wish

_AS_IT_IS: Final = Wish({"reasoning_effort": None, "budget_tokens": None})
"""Says nothing of thinking, and goes together with nothing that does."""


@dataclass(frozen=True)
class Subject:
    """A model on one host and wire.

    Attributes:
        target: It.
    """

    target: Target

    @property
    def facts(self) -> Facts:
        """What the table says of it."""
        return self.target.facts

    @property
    def dialect(self) -> Dialect:
        """The wire."""
        return self.target.dialect

    @property
    def fields(self) -> Fields:
        """Where the wire has what."""
        return FIELDS[self.dialect]

    @property
    def openai(self) -> bool:
        """Whether the wire is one of OpenAI's."""
        return self.dialect in OPENAI_WIRES

    @property
    def claude(self) -> bool:
        """Whether the model speaks Claude's own wire, on whichever it is asked now."""
        return CLAUDE_WIRE in self.facts.endpoints

    @cached_property
    def thinking(self) -> Wish | None:
        """Makes the model think; None where nothing does."""
        thinking, levels = self.facts.thinking, self.facts.effort.levels
        if thinking.default != "off":
            return _AS_IT_IS
        if not thinking.modes or not levels:
            return None
        if thinking.modes[0] == "budget":
            return Wish({"budget_tokens": thinking.min_budget})
        lowest = next((level for level in levels if level != "none"), None)
        return None if lowest is None else Wish({"reasoning_effort": lowest})

    @cached_property
    def off(self) -> Wish | None:
        """Keeps the model from thinking; None where nothing does."""
        thinking = self.facts.thinking
        if thinking.default == "off":
            return _AS_IT_IS
        possible = "none" in self.facts.effort.levels or thinking.off in {"disabled", "between_tools"}
        return Wish({"reasoning_effort": "none"}) if possible else None

    @property
    def usual(self) -> Wish:
        """Leaves it to the model whether it thinks."""
        return _AS_IT_IS

    @property
    def states(self) -> dict[str, Wish]:
        """Thinking and not thinking, as far as they can be had."""
        found = {"thinking on": self.thinking, "thinking off": self.off}
        return {name: wish for name, wish in found.items() if wish is not None}

    @cached_property
    def data(self) -> dict[str, Any]:
        """The facts as JSON-ready data."""
        return facts_data(self.facts)

    def value(self, fact: str) -> Any:
        """What the table says of a fact, as JSON-ready data."""
        node: Any = self.data
        for key in fact.split("."):
            node = node[key]
        return node

    def check(self, fact: str, questions: Sequence[Question], settle: Settle) -> Check:
        """The check of a fact."""
        return Check(
            fact=fact,
            value=self.value(fact),
            questions=tuple(questions),
            settle=settle,
            origin=self.target.origin(fact),
        )

    def flag(self, fact: str, wish: Wish, *, turned: bool = False, **about: Any) -> Check:
        """The check of a fact that is yes or no.

        Args:
            fact: Its path.
            wish: Asks for what it is about.
            turned: A yes says that the provider does not take it.
            about: What else the question says.
        """
        says = bool(self.value(fact)) is not turned
        grant = {fact: not turned, **about.pop("grant", {})}
        question = Question(says=says, wish=wish, grant=grant, **about)
        return self.check(fact, [question], lambda seen: {fact: taken(seen, question) is not turned})

    def members(self, fact: str, questions: Mapping[str, Question]) -> Check:
        """The check of a fact that lists what is taken.

        Args:
            fact: Its path.
            questions: One a possible member, in the order of the fact; ``says`` is filled in.
        """
        listed = list(self.value(fact))
        order = [*dict.fromkeys([*questions, *listed])] if set(listed) <= set(questions) else None

        def granted(member: str) -> dict[str, Any]:
            values = listed if member in listed else in_order([*listed, member], order)
            return {fact: values}

        asked = {
            member: replace(
                question,
                part=member,
                says=member in listed,
                grant={**granted(member), **question.grant},
            )
            for member, question in questions.items()
        }

        def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
            kept = [member for member in listed if member not in asked or taken(seen, asked[member])]
            new = [name for name, question in asked.items() if name not in listed and taken(seen, question)]
            return {fact: in_order([*kept, *new], order)}

        return replace(self.check(fact, list(asked.values()), settle), listed=True)


def taken(seen: Mapping[str, Seen], question: Question) -> bool:
    """Whether the provider takes a thing: as it was seen, else as the table says."""
    found = seen.get(question.part)
    return question.says if found is None or found.accepted is None else found.accepted


def in_order(members: Sequence[str], order: Sequence[str] | None) -> list[str]:
    """Members in the order of a fact; as they come where it has none."""
    return list(members) if order is None else [one for one in order if one in members]
