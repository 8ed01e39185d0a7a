"""Names of a customer's deployments: aliases of the models that they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from smartllm.errors import ConfigError, UnknownModelError
from smartllm.rules.belonging import unlisted
from smartllm.rules.layer import Layer
from smartllm.rules.load import RuleSet, merge
from smartllm.said import Named, said

_NAME: Final = "deployments"
"""How messages name them, beside the names of rules files."""


def with_deployments(rules: RuleSet, deployments: Mapping[str, str]) -> RuleSet:
    """Rules in which each deployment has the facts of its model; equal deployments give the same object.

    Args:
        rules: The rules in force.
        deployments: Names of deployments, each with the id of its model.

    Raises:
        ConfigError: A model is not listed.
    """
    if not deployments:
        return rules
    return rules.remembered(_with_deployments, tuple(sorted(deployments.items())))


def deployment_unknown(error: UnknownModelError) -> UnknownModelError:
    """The error for an unknown id that may be a deployment's name; its hint says how to name the model."""
    if error.retired:
        return error
    told = f"LLMClient(deployments={{{error.model!r}: <listed model>}})"
    hint = said("a deployment's model is told by {}; else {}", Named("deployments", python=told), error.hint)
    return UnknownModelError(error.message, hint=hint, model=error.model, nearest=error.nearest)


def _with_deployments(deployments: tuple[tuple[str, str], ...], rules: RuleSet) -> RuleSet:
    for name, model in deployments:
        # What is gone elsewhere may be there still; a call tells.
        if model not in rules.table("retired") and (wrong := unlisted(model, rules)):
            raise ConfigError(
                f"deployments[{name!r}]: it is of {wrong}",
                hint="`smartllm models` lists the models; a rules overlay may add one",
            )
    rows = dict(deployments)
    lines = (f"{json.dumps(name)} = {json.dumps(model)}" for name, model in rows.items())
    layer = Layer(_NAME, "\n".join(["[alias]", *lines, ""]), {"alias": rows}, "overlay")
    return RuleSet((*rules.layers, layer), merge(rules.data, layer.data))
