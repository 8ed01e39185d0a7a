"""What a host says of an id that it does not take, in its own words."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError, UnknownModelError
from smartllm.rules import load_rules, resolve, served_on
from smartllm.rules.hosts import HostRow
from smartllm.rules.ids import id_problem
from smartllm.rules.names import parse
from smartllm.rules.target import stated_target

from .heard import Refused

_INVALID: Final = Refused("The provided model identifier is invalid.")
_ON_DEMAND: Final = (
    "Invocation of model ID {id} with on-demand throughput isn\u2019t supported. Retry your request with the "
    "ID or ARN of an inference profile that contains this model."
)
_ENDED: Final = Refused(
    "This model version has reached the end of its life. Please refer to the AWS documentation for more "
    "details.",
    status=404,
)
_NOT_FOUND: Final = "The model `{id}` does not exist or you do not have access to it."


def id_refusal(model: str, host: str, row: HostRow, known: Collection[str] = ()) -> Refused | None:
    """The error that a host would make of an id; None for one that it takes, or may take.

    Args:
        model: The id.
        host: The host.
        row: Its row.
        known: Ids that are taken whatever the rules say.
    """
    if model in known or parse(model).opaque:
        return None  # of an account's own nobody else knows
    wrong = _wrong(model, host)
    if wrong is None:
        return None
    kind, fact = wrong
    if row.errors != "aws":
        return Refused(_NOT_FOUND.format(id=model), "model_not_found", status=404, fact=fact)
    said = {"bare": Refused(_ON_DEMAND.format(id=model)), "retired": _ENDED}.get(kind, _INVALID)
    return replace(said, fact=fact)


def _wrong(model: str, host: str) -> tuple[str, str] | None:
    """What is wrong with an id, as the rules in force see it, and the path of the fact that says so."""
    rules = load_rules(ambient=ambient_rules(os.environ))
    try:
        found = resolve(model, rules)
        wires = served_on(found, host, rules)
        if not wires:
            return "unknown", "endpoints"
        if found.how != "exact" or found.model is None:
            return None
        ids = stated_target(found, host, wires[0], rules).facts.ids
        problem = id_problem(model, found.model, ids, host)
    except UnknownModelError as error:
        return ("retired", f"retired.{parse(model).name}") if error.retired else ("unknown", "")
    except SmartLLMError:
        return None  # the rules themselves are broken
    return None if problem is None or problem.kind == "bare-unknown" else (problem.kind, problem.fact)
