"""How long the provider keeps the beginning of a prompt, and whether it is long enough to be kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.compiler.marks import Caching, Mark, Place, Point
from smartllm.compiler.trace import Trace
from smartllm.diagnostics import Severity
from smartllm.rules.vocabulary import Facts
from smartllm.text_parts import Text
from smartllm.words import PromptCache

if TYPE_CHECKING:
    from smartllm.content import InputPart

_MINUTES: Final = {"5m": 5, "30m": 30, "1h": 60, "12h": 720, "24h": 1440}
_BYTES_A_TOKEN: Final = 4
_ALL: Final = (3,)
"""A place behind all others."""


def lasting(points: list[Point], wish: PromptCache | None, facts: Facts, trace: Trace) -> list[Point]:
    """The marks with times that the target takes, in an order that it takes: an hour before five minutes.

    Where they carry no time at all, ``kept_for`` says the longest.
    """
    takes = facts.caching
    if takes.breakpoints:
        return points
    hour = "1h" in takes.ttls
    if any(mark.automatic for _, mark in points):
        ours = Mark("1h" if wish != "5m" and hour else "5m", automatic=True)
        if ours.ttl != wish:
            reason = "the model keeps prompts for no longer time"
            _tell(trace, "prompt_cache", wish, ours.ttl, reason, "caching.ttls")
        points = [Point(place, ours if mark.automatic else mark) for place, mark in points]
    if not hour and any(mark.ttl == "1h" for _, mark in points):
        reason = "the model takes no marks for an hour"
        _tell(trace, "messages", "1h", "5m", reason, "caching.ttls", severity="warning")
        return [Point(place, mark._replace(ttl="5m")) for place, mark in points]
    last = max((place for place, mark in points if mark.ttl == "1h"), default=())
    if any(mark.ttl == "5m" and place < last for place, mark in points):
        reason = "before a mark for an hour there may be none for five minutes"
        _tell(trace, "messages", "5m", "1h", reason, "caching.ttls")
        return [Point(place, mark._replace(ttl="1h") if place < last else mark) for place, mark in points]
    return points


def kept_for(plan: Caching, points: Iterable[Point], facts: Facts, trace: Trace) -> str | None:
    """The provider's word for how long the whole prompt is kept; None leaves it to the provider.

    Never longer than the caller says: a longer time may cost more, and keeps data for longer.
    """
    takes = facts.caching
    if takes.points and not takes.breakpoints:
        return None  # each mark says it
    asked = [*([plan.wish] if plan.wish else []), *(mark.ttl for _, mark in points)]
    if not asked:
        return None
    longest = max(asked, key=_MINUTES.__getitem__)
    path = "prompt_cache" if plan.wish else "messages"
    if takes.options_ttls:
        shortest, *longer = sorted(takes.options_ttls, key=_MINUTES.__getitem__)
        said = next((one for one in reversed(longer) if _MINUTES[one] <= _MINUTES[longest]), None)
        if _MINUTES[said or shortest] < _MINUTES[longest]:
            reason = "the model takes other times; this is the longest that is not longer"
            _tell(trace, path, longest, said or shortest, reason, "caching.options_ttls")
        return said
    if takes.retention:
        if longest != "1h" or "in_memory" not in takes.retention:
            return "24h" if longest == "24h" else None
        reason = "the model keeps prompts in memory, from five minutes to an hour"
        _tell(trace, path, longest, None, reason, "caching.retention")
    elif not takes.implicit:
        trace.changed(
            "prompt-cache-dropped",
            path,
            asked=longest,
            applied=None,
            reason="the model has no prompt caching",
            fact="caching.implicit",
            action="dropped",
            severity="info",
        )
    elif longest != "5m":
        _tell(
            trace,
            path,
            longest,
            None,
            "the model itself decides how long it keeps prompts",
            "caching.retention",
        )
    return None


def tell_short(intent: Intent, plan: Caching, points: list[Point], facts: Facts, trace: Trace) -> None:
    """Tell of a prompt that is too short to be kept, by an estimate; not where it holds more than text."""
    least, implicit = facts.caching.min_tokens, plan.wish is not None and facts.caching.implicit
    if least is None or not (points or implicit):
        return
    end = _ALL if implicit and not points else points[-1].place
    texts = list(_texts(intent, end))
    tokens = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text) // _BYTES_A_TOKEN
    if None in texts or tokens >= least:
        return
    trace.changed(
        "prompt-cache-short",
        "messages" if plan.wish is None else "prompt_cache",
        asked=tokens,
        applied=least,
        reason=f"about {tokens} tokens are to be kept, and the model keeps {least} or more",
        fact="caching.min_tokens",
        action="noted",
        severity="info",
        whole=False,
    )


def _texts(intent: Intent, end: Place) -> Iterator[str | None]:
    """What stands in the prompt up to a place; None for what is no text."""
    for number, tool in enumerate(intent.tools):
        if (0, number) <= end:
            yield tool.description + tool.text if isinstance(tool, ToolPlan) else json.dumps(tool)
    if end >= (1,):
        yield intent.system or ""
    for number, turn in enumerate(intent.turns):
        for place, part in enumerate(turn.parts):
            if (2, number, place) <= end:
                yield _text(part)


def _text(part: InputPart) -> str | None:
    if isinstance(part, Text):
        return part.text
    if part.type == "reasoning":
        return part.text
    if part.type == "tool_call":
        return part.name + json.dumps(part.arguments)
    if part.type == "tool_result" and not part.parts:
        return part.content if isinstance(part.content, str) else json.dumps(part.content)
    return None


def _tell(
    trace: Trace,
    path: str,
    asked: Any,
    applied: Any,
    reason: str,
    fact: str,
    *,
    severity: Severity = "info",
) -> None:
    trace.changed(
        "cache-time-changed",
        path,
        asked=asked,
        applied=applied,
        reason=reason,
        fact=fact,
        severity=severity,
        whole=path == "prompt_cache",
    )
