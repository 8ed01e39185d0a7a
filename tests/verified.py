"""A table that lies, a provider that does not, and what ``smartllm verify`` sees of both."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from smartllm.compiler.target import choose_target
from smartllm.errors import ProviderError
from smartllm.request import TextRequest
from smartllm.rules import RuleSet, Target, load_rules
from smartllm.rules.facts import stated_facts
from smartllm.rules.load import merge
from smartllm.rules.vocabulary import facts_from
from smartllm.runtime.transport import Transport
from smartllm.testing import FakeTransport, Reply
from smartllm.verify import (
    Bodies,
    Choice,
    ProbePlan,
    Report,
    Sender,
    callable_id,
    config_of,
    probe_plan,
    verified,
)
from smartllm.verify.asks import checks_of
from smartllm.verify.question import Check, Question, Seen
from smartllm.verify.subject import Subject
from smartllm.words import ApiType

SHIPPED = load_rules()
TODAY = dt.datetime.now(dt.UTC).date()

To = tuple[str, ApiType]
WIRES: tuple[To, ...] = (
    ("gpt-5.4", "responses"),
    ("gpt-5.4", "chat_completions"),
    ("us.anthropic.claude-sonnet-4-6", "invoke"),
    ("us.amazon.nova-pro-v1:0", "converse"),
)
"""A model on each wire."""
ALL = Choice(today=TODAY, everything=True)


def target_of(to: To, rules: RuleSet = SHIPPED) -> Target:
    return choose_target(TextRequest(prompt="-", api_type=to[1]), None, to[0], rules)[0]


def row(to: To, facts: Mapping[str, Any], *about: str) -> str:
    """An overlay that states facts of a model on its host and wire."""
    target = target_of(to)
    lines = [f'[on.{target.host}.model."{target.resolution.model}"]', *about]
    lines += [f"wire.{target.dialect}.{path} = {_toml(value)}" for path, value in facts.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


@dataclass
class Provider:
    """What the provider of the tests takes: the shipped rules, but for what it is told."""

    folder: Path
    patch: pytest.MonkeyPatch
    count: int = 0

    def file(self, text: str) -> Path:
        self.count += 1
        path = self.folder / f"{self.count}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def takes(self, text: str) -> None:
        self.patch.setenv("SMARTLLM_RULES", str(self.file(text)))

    def table(self, *texts: str) -> RuleSet:
        """The shipped rules with what a table says instead."""
        return load_rules([self.file(text) for text in texts])


def planned(to: To, choice: Choice = ALL, rules: RuleSet = SHIPPED) -> ProbePlan:
    return whole_plan(to) if (choice, rules) == (ALL, SHIPPED) else _planned(to, choice, rules)


@cache
def whole_plan(to: To) -> ProbePlan:
    """All that can be asked; plans are values that nobody changes."""
    return _planned(to, ALL, SHIPPED)


def _planned(to: To, choice: Choice, rules: RuleSet) -> ProbePlan:
    target = target_of(to, rules)
    return probe_plan(Bodies(target, callable_id(target, to[0])), choice)


def seen(
    to: To,
    choice: Choice = ALL,
    rules: RuleSet = SHIPPED,
    transport: Transport | None = None,
    *,
    most: int = 1000,
) -> Report:
    """What is seen of a model."""
    return asked(planned(to, choice, rules), transport or FakeTransport(check=True), most=most)


def asked(plan: ProbePlan, transport: Transport, *, most: int = 1000) -> Report:
    keys = {"api_key": "sk-of-nobody"} if plan.bodies.target.host == "openai" else AWS
    sender = Sender(config_of(plan.bodies.target.host, retry_delay=0.001, **keys), transport)
    return asyncio.run(verified(plan, sender, most=most))


AWS = {"aws_access_key_id": "AKIAOFNOBODY00000000", "aws_secret_access_key": "secret-of-nobody"}


def by_fact(report: Report, verdict: str) -> dict[str, Any]:
    """Facts of a verdict, as they were seen; what is listed in no order, in order."""
    return {one.check.fact: ordered(one.value) for one in report.results if one.verdict == verdict}


def ordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) and value and isinstance(value[0], str) else value


def fact_of(target: Target, path: str) -> Any:
    """What a target's row states at a path."""
    return next(ordered(fact.value) for fact in stated_facts(target) if fact.path == path)


def failing(*replies: Reply | ProviderError) -> FakeTransport:
    return FakeTransport(*replies, check=True)


def flips(to: To) -> Iterator[tuple[Check, Question, dict[str, Any]]]:
    """Each question that a call can ask, with facts under which its answer is the other one."""
    bodies = Bodies(target_of(to), to[0])
    for check in checks_of(Subject(bodies.target)):
        for question in check.questions:
            told = {one.part: Seen(one.says) for one in check.questions}
            told[question.part] = Seen(not question.says)
            facts = dict(check.settle(told))
            if question.behind or facts.get(check.fact, check.value) == check.value:
                continue
            yield check, question, facts


FACTS: Final[dict[To, dict[str, Any]]] = {
    WIRES[0]: {
        "endpoints": ["openai_responses", "openai_chat"],
        "thinking": {"modes": ["effort"], "default": "on"},
        "effort.levels": ["none", "low", "high"],
    },
    WIRES[2]: {
        "endpoints": ["anthropic_messages", "bedrock_converse"],
        "thinking": {"modes": ["budget"], "default": "off", "min_budget": 1024},
        "effort": {"levels": ["low", "high"], "budgets": {"low": 1024, "high": 4096}},
    },
    WIRES[3]: {"endpoints": ["bedrock_converse"]},
}
FACTS[WIRES[1]] = FACTS[WIRES[0]]
"""Made facts of a model on each wire."""


def made_checks(to: To, **changes: Any) -> dict[str, Check]:
    """The checks of these facts, changed, by fact; ``__`` stands for a dot."""
    data: dict[str, Any] = {}
    for path, value in {
        **FACTS[to],
        **{name.replace("__", "."): value for name, value in changes.items()},
    }.items():
        for name in reversed(path.split(".")):
            value = {name: value}  # noqa: PLW2901 - from the inside out
        data = merge(data, value)
    found = checks_of(Subject(replace(target_of(to), facts=facts_from(data))))
    assert len({check.fact for check in found}) == len(found)
    return {check.fact: check for check in found}
