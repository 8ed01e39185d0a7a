"""From wishes to bodies: compiled by the table, and under an overlay that grants what the table refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.compiler.body import leaves
from smartllm.compiler.plan import Step
from smartllm.compiler.target import api_word
from smartllm.content import InputPart
from smartllm.errors import CompileError, RulesError
from smartllm.request import Message, MessageRequest
from smartllm.rules import RuleSet, Target
from smartllm.rules.ids import id_problem
from smartllm.rules.layer import Layer
from smartllm.rules.load import merge
from smartllm.verify.question import Facts, Question, Wish
from smartllm.words import ApiType

PROMPT: Final = "Reply with the word ok."
_INDEX: Final = "*"

Leaf = tuple[tuple[str, ...], str]
"""A place in a call, whatever the indexes in it, and what stands there."""


@dataclass(frozen=True)
class Call:
    """One call, compiled.

    Attributes:
        step: What is sent.
    """

    step: Step

    @cached_property
    def identity(self) -> tuple[str, bytes, tuple[tuple[str, str], ...]]:
        """Equal calls have equal ones."""
        return self.step.path, self.step.payload, tuple(sorted(self.step.headers.items()))

    @cached_property
    def leaves(self) -> frozenset[Leaf]:
        """All that it says."""
        said = [(tuple(map(_plain, path)), repr(value)) for path, value in leaves(self.step.body)]
        said += [(("header", name), value) for name, value in self.step.headers.items()]
        return frozenset([*said, (("path",), self.step.path)])


def _plain(key: str | int) -> str:
    return _INDEX if isinstance(key, int) else key


class Unsayable(Exception):  # noqa: N818 - no error of a caller's
    """The compiler has no body for a wish, or none that differs from that of its control."""


@dataclass(frozen=True)
class Bodies:
    """Compiles wishes for one target.

    Attributes:
        target: The target.
        model: The model's id as given.
        compatible: It is served by another server that speaks OpenAI's API: its name, or True.
    """

    target: Target
    model: str
    compatible: bool | str = False
    _made: dict[str, RuleSet] = field(default_factory=dict, repr=False)

    @property
    def rules(self) -> RuleSet:
        """The table."""
        return self.target.rules

    def call(self, wish: Wish, grant: Facts) -> Call:
        """The call for a wish.

        Args:
            wish: What is asked for.
            grant: Facts that hold instead of the table's.

        Raises:
            Unsayable: There is no body for it, or it would take two calls.
        """
        try:
            plan = self._plan(wish, self._granting(grant))
        except (CompileError, RulesError, ValueError) as error:
            raise Unsayable(str(error).partition("\n")[0]) from None
        if len(plan.steps) > 1:
            raise Unsayable("it would take two calls")
        return Call(plan.steps[0])

    def asked(self, question: Question) -> tuple[Call, Call]:
        """The call that a question makes, and its control.

        Raises:
            Unsayable: As ``call``; or both are the same.
        """
        made, control = self.call(question.wish, question.grant), self.control(question)
        if made.identity == control.identity:
            raise Unsayable("the wire has no words for it")
        return made, control

    def control(self, question: Question) -> Call:
        """The same without what a question asks for, by the table.

        Raises:
            Unsayable: As ``call``.
        """
        return self.call(question.control, {})

    def _plan(self, wish: Wish, rules: RuleSet) -> Plan:
        least = self.target.facts.limits.min_output
        fields = {"temperature": None, "max_tokens": least, **wish.fields}
        content: list[str | InputPart] = [*wish.parts, PROMPT]
        turns = [*wish.before, Message("user", content if wish.parts else PROMPT), *wish.after]
        api = api_word(self.target.host, self.target.dialect, self.target.rules)
        request = MessageRequest(messages=turns, api_type=cast("ApiType", api), **fields)
        return compile_request(
            request,
            provider=self.target.host,
            model=wish.model or self.model,
            rules=rules,
            level="ignore",
            compatible=self.compatible,
        )

    def _granting(self, grant: Facts) -> RuleSet:
        """The table with other facts for this very target."""
        if not grant:
            return self.rules
        key = repr(sorted(grant.items()))
        if key not in self._made:
            data = overlay(self.target, {f"wire.{self.target.dialect}.{path}": grant[path] for path in grant})
            layer = Layer("<granted>", "", data, "overlay")
            self._made[key] = RuleSet((*self.rules.layers, layer), merge(self.rules.data, data))
        return self._made[key]


def overlay(target: Target, facts: Mapping[str, Any]) -> dict[str, Any]:
    """An overlay that states facts of one target, by dotted path.

    Of a model that no row lists it makes one.
    """
    data: dict[str, Any] = {}
    found = target.resolution
    key = row_key(target)
    if found.model != key:
        data["model"] = {key: {"profile": found.profile}}
    row: dict[str, Any] = {}
    for path, value in facts.items():
        node = row
        *above, last = path.split(".")
        for name in above:
            node = node.setdefault(name, {})
        node[last] = value
    data["on"] = {target.host: {"model": {key: row}}}
    return data


def callable_id(target: Target, model: str) -> str:
    """The id with which a target's host is called: the given one, or the one that is known to be taken."""
    found = target.resolution
    if found.how != "exact" or found.model is None:
        return model
    problem = id_problem(model, found.model, target.facts.ids, target.host)
    return model if problem is None else problem.use


def row_key(target: Target) -> str:
    """The key of the row that states a target's facts."""
    found = target.resolution
    return found.model if found.model is not None and target.listed else found.key


def differing(call: Call, control: Call) -> frozenset[Leaf]:
    """What a call says and its control does not."""
    return call.leaves - control.leaves


def keys_in(said: frozenset[Leaf]) -> Iterator[str]:
    """The keys that stand in some leaves."""
    for path, _ in said:
        yield from (key for key in path if key != _INDEX)
