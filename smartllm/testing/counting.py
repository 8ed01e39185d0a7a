"""Calls that count input tokens: the body inside them, what is answered, and what a host says of wrong ones.

The number is the one that an answer to the same body bills as its input.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Final

from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError, UnknownModelError
from smartllm.rules import load_rules, resolve, served_on, target_for
from smartllm.rules.hosts import routes_of
from smartllm.rules.names import parse
from smartllm.rules.vocabulary.host import ErrorShape

from .heard import Refused, dict_of, json_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from smartllm.rules import RuleSet
    from smartllm.rules.vocabulary.counting import CountRoute

    from .answer import JSON, Answer
    from .routes import Route

_UNCOUNTED: Final = "The provided model doesn't support counting tokens."
_INVALID: Final = "The provided model identifier is invalid."
_NOT_FOUND: Final = "The model `{id}` does not exist or you do not have access to it."
_FACT: Final = "count_tokens.available"
_UNKNOWN_KEY: Final[dict[ErrorShape, str]] = {
    "openai": "Unknown parameter: '{key}'.",
    "aws": (
        "Malformed input request: #: extraneous key [{key}] is not permitted, please reformat your input "
        "and try again."
    ),
}
_EXTRA: Final = "{key}: Extra inputs are not permitted"
_REQUIRED: Final = "{key}: Field required"


def body_in(raw: bytes, count: CountRoute) -> Any:
    """The body whose tokens are to be counted, as JSON.

    Args:
        raw: What was sent.
        count: Where the host has the body in it.

    Raises:
        ValueError: It is no JSON, or has no such body.
    """
    found = json_of(raw)
    for key in count.inside.split(".") if count.inside else ():
        if not isinstance(found, dict) or key not in found:
            raise ValueError(f"{count.inside} is missing")
        found = found[key]
    return json_of(base64.b64decode(found, validate=True)) if count.encoded else found


def holds(raw: bytes, count: CountRoute) -> bool:
    """Whether what was sent has a body where this way of counting wants it: two may have one path."""
    try:
        body_in(raw, count)
    except (TypeError, ValueError):
        return False
    return True


def counted(answer: Answer, count: CountRoute) -> JSON:
    """What is answered: the tokens that the answer bills as its input, however they are read."""
    return answer.usage({count.answer: answer.counts.whole_input}) or {}


def count_refusal(body: Any, model: str, route: Route, known: Collection[str] = ()) -> Refused | None:
    """What the host would refuse of the call itself; None where it counts.

    Args:
        body: The body inside it.
        model: The model's id.
        route: Where the call goes.
        known: Ids that are taken whatever the rules say.
    """
    count, dialect = route.count, route.dialect
    assert count is not None
    assert dialect is not None
    said = dict_of(body)
    for key in said if count.takes else ():
        if key not in count.takes:
            words = _UNKNOWN_KEY.get(route.host.errors, _EXTRA)
            return Refused(words.format(key=key), "unknown_parameter", key)
    rules = load_rules(ambient=ambient_rules(os.environ))
    if count.encoded:  # a whole body, which could be answered too
        for key in routes_of(route.provider, rules)[dialect].adds:
            if key not in said:
                return Refused(_REQUIRED.format(key=key))
    return None if model in known else _of_model(said, model, route, rules, bare=count.bare)


def _of_model(
    said: Mapping[str, Any], model: str, route: Route, rules: RuleSet, *, bare: bool
) -> Refused | None:
    name, host, dialect = parse(model), route.provider, route.dialect
    assert dialect is not None
    if bare and (name.geo is not None or name.opaque):
        return Refused(_UNCOUNTED, fact=_FACT)
    try:
        found = resolve(model, rules)
        if dialect not in served_on(found, host, rules):
            return Refused(_UNCOUNTED if bare else _NOT_FOUND.format(id=model), fact="endpoints")
        facts = target_for(found, host, dialect, rules).facts
    except UnknownModelError:
        missing = _NOT_FOUND.format(id=model)
        return Refused(_INVALID) if bare else Refused(missing, "model_not_found", status=404)
    except SmartLLMError:
        return None  # the rules themselves are broken
    if bare and facts.ids.name and name.name != facts.ids.name and found.how == "exact":
        return Refused(_INVALID, fact="ids.name")
    if facts.count_tokens.available == "no":
        return Refused(_UNCOUNTED, fact=_FACT)
    needed = route.count is not None and route.count.encoded and facts.limits.field
    return Refused(_REQUIRED.format(key=needed)) if needed and needed not in said else None
