"""Calls in a stream, where the provider holds back what a call is made with until all of it is written."""

from __future__ import annotations

from smartllm.compiler.body import Body, reasons_in
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.intent import Intent
from smartllm.compiler.own_tools import is_hosted
from smartllm.compiler.trace import fact
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.host import Travel


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


def betas_in_header(body: Body, intent: Intent, travel: Travel, header: str) -> Travel:
    """Move the names of betas from a finished body into the header that a route has for them.

    What only makes calls come as they are written says nothing of the answer, and travels apart.

    Args:
        body: The body.
        intent: What it says.
        travel: How the call goes.
        header: The header's name.
    """
    place = FIELDS[intent.dialect].beta
    if not place or place not in body.data:
        return travel
    ours = unbuffered_at(body, intent)
    why = next(reason for _, _, reason in reasons_in({place: body.data[place]}, body.reasons))
    names = body.take(place)
    text = ",".join(map(str, names)) if isinstance(names, list) else str(names)
    if ours:
        return travel._replace(headers={**travel.headers, header: text})
    body.head(header, text, why)
    return travel


def is_buffered(body: Body, intent: Intent, facts: Facts) -> bool:
    """Whether a call in the stream that a finished body asks for may come after a long silence."""
    bound = intent.bound is not None and intent.bound.strategy != "native"
    if not (facts.tools.buffered and (intent.tools or bound)):
        return False
    fields = FIELDS[intent.dialect]
    said = fields.found(body.data, fields.beta) if fields.beta else None
    return not (isinstance(said, list) and facts.tools.unbuffered_by in said)
