"""What a host says of an id that it does not take, in its own words."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError, UnknownModelError
from smartllm.providers import row_of
from smartllm.rules import load_rules, resolve, served_on
from smartllm.rules.ids import id_problem
from smartllm.rules.names import parse
from smartllm.rules.target import stated_target

from .heard import Refused

if TYPE_CHECKING:
    from .routes import Route

_INVALID: Final = Refused("The provided model identifier is invalid.")
_ON_DEMAND: Final = Refused(
    "Invocation of model ID {id} with on-demand throughput isn\u2019t supported. Retry your request with the "
    "ID or ARN of an inference profile that contains this model."
)
_ENDED: Final = Refused(
    "This model version has reached the end of its life. Please refer to the AWS documentation for more "
    "details.",
    status=404,
)
_AMAZON: Final = {"": _INVALID, "bare": _ON_DEMAND, "retired": _ENDED}
_MISSING: Final = Refused("The model '{id}' does not exist", status=404)
_ELSEWHERE: Final = Refused("The model '{id}' does not support the '{path}' API")
_WORDS: Final[Mapping[str, Mapping[str, Refused]]] = {
    "openai": {
        "": Refused(
            "The model `{id}` does not exist or you do not have access to it.", "model_not_found", status=404
        ),
        "wire": Refused("The model `{id}` is not supported in {path}.", param="model", status=404),
    },
    "anthropic": {"": Refused("model: {id}", status=404)},
    "bedrock": _AMAZON,
    # What a door of the same address says in another's shape, nobody tells.
    "bedrock-openai": {**_AMAZON, "wire": _ELSEWHERE},
    "bedrock-anthropic": _AMAZON,
    # Answers that users show: anomalyco/opencode#43514, mnfst/llm-gateway#2657, posit-dev/chatlas#411;
    # 2026-11-27.
    "bedrock-mantle": {"": _MISSING, "wire": _ELSEWHERE, "base": _ELSEWHERE},
}
"""What a host says of an id, by what is wrong with it."""


def id_refusal(model: str, route: Route, known: Collection[str] = ()) -> Refused | None:
    """The error that a host would make of an id; None for one that it takes, or may take.

    Args:
        model: The id.
        route: Where the call goes.
        known: Ids that are taken whatever the rules say.
    """
    if model in known or parse(model).opaque:
        return None  # of an account's own nobody else knows
    if row_of(route.provider).resource is not None:
        return None  # and the names of a resource's deployments are its owner's
    wrong = _wrong(model, route)
    if wrong is None:
        return None
    kind, fact = wrong
    words = _WORDS.get(route.provider, _WORDS["openai"])
    said = words.get(kind, words[""])
    path = route.base + route.its.path.replace("{base}", "")
    return replace(said, message=said.message.format(id=model, path=path), fact=fact)


def _wrong(model: str, route: Route) -> tuple[str, str] | None:
    """What is wrong with an id, as the rules in force see it, and the path of the fact that says so."""
    rules, host, dialect = load_rules(ambient=ambient_rules(os.environ)), route.provider, route.dialect
    assert dialect is not None
    try:
        found = resolve(model, rules)
        exact = found.how == "exact" and found.model is not None
        wires = served_on(found, host, rules)
        if not wires:
            # A host that serves what its rows name may serve what is newer than they.
            return ("unknown", "endpoints") if exact or not route.host.stated_only else None
        if not exact or found.model is None:
            return None
        ids = stated_target(found, host, wires[0], rules).facts.ids
        problem = id_problem(model, found.model, ids, host)
        if problem is None and dialect not in wires:
            return "wire", "endpoints"
        if problem is None and "{base}" in route.its.path and route.base != ids.base:
            return "base", "ids.base"
    except UnknownModelError as error:
        return ("retired", f"retired.{parse(model).name}") if error.retired else ("unknown", "")
    except SmartLLMError:
        return None  # the rules themselves are broken
    return None if problem is None or problem.kind == "bare-unknown" else (problem.kind, problem.fact)
