"""What batch engines of a sandbox refuse with: the provider's error, and what the rules say of a model."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError
from smartllm.rules import load_rules, resolve, target_for
from smartllm.testing.reply import Reply
from smartllm.testing.speaking import Spoken, spoken

if TYPE_CHECKING:
    from smartllm.rules.load import RuleSet
    from smartllm.rules.vocabulary.batch import Batch
    from smartllm.testing.heard import Refused
    from smartllm.testing.routes import Route


def refusing(route: Route, problem: Refused, serial: int) -> Spoken:
    """An error as the provider says it."""
    reply = Reply(
        status=problem.status,
        error_message=problem.message,
        error_code=problem.code,
        error_param=problem.param,
    )
    return replace(spoken(route, b"", reply, serial, models=()), refused=problem)


def batch_facts(route: Route) -> Batch | None:
    """What the rules say of the batch work of a model; None where they do not know it there.

    Args:
        route: Where a call of it goes online.
    """
    assert route.dialect is not None
    rules = ambient()
    try:
        return target_for(resolve(route.model, rules), route.provider, route.dialect, rules).facts.batch
    except SmartLLMError:
        return None


def ambient() -> RuleSet:
    """The rules in force."""
    return load_rules(ambient=ambient_rules(os.environ))
