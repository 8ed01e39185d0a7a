"""Calls in a stream, where the provider holds back what a call is made with until all of it is written."""

from __future__ import annotations

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.intent import Intent
from smartllm.compiler.own_tools import is_hosted
from smartllm.compiler.trace import fact
from smartllm.rules.vocabulary import Facts


def set_unbuffered(body: Body, intent: Intent, facts: Facts) -> None:
    """Ask that calls come as they are written, where the provider has a beta for it.

    It has no place beside the provider's own tools, of which some refuse it.
    """
    place, beta = FIELDS[intent.dialect].beta, facts.tools.unbuffered_by
    if not (intent.stream and intent.tools and beta and place):
        return
    if not any(is_hosted(tool, intent.dialect) for tool in intent.tools):
        body.set(place, [beta], fact("tools.unbuffered_by"))


def unbuffered_at(body: Body, intent: Intent) -> str | None:
    """Where a finished body asks so, if the rules and not the caller say it."""
    place = FIELDS[intent.dialect].beta
    ours = place and body.reasons.get(tuple(place.split("."))) == fact("tools.unbuffered_by")
    return place if ours else None


def is_buffered(body: Body, intent: Intent, facts: Facts) -> bool:
    """Whether a call in the stream that a finished body asks for may come after a long silence."""
    bound = intent.bound is not None and intent.bound.strategy != "native"
    if not (facts.tools.buffered and (intent.tools or bound)):
        return False
    fields = FIELDS[intent.dialect]
    said = fields.found(body.data, fields.beta) if fields.beta else None
    return not (isinstance(said, list) and facts.tools.unbuffered_by in said)
