"""Prompt caching: marks where the target takes them, or the provider's own word for the whole request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from smartllm.compiler.intent import AnyTool, Intent, ToolPlan, Turn
from smartllm.compiler.marks import SYSTEM, Caching, Mark, Place, Point
from smartllm.compiler.own_tools import own_name
from smartllm.compiler.passes.cache_times import kept_for, lasting, tell_short
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.content import InputPart

_PDF: Final = "application/pdf"


def caching(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Keep, move or drop the caller's marks, place those that ``prompt_cache`` asks for, and say how long.

    Nothing of this changes what is answered: what cannot be had is told, never refused.
    """
    plan = intent.caching
    if plan is None or plan.settled:
        return intent
    bare = [turn._replace(parts=turn.said) if turn.points else turn for turn in intent.turns]
    said = intent._replace(turns=tuple(bare))
    asked = list(_asked(intent, plan, trace))
    points = _legal(asked, said, facts, trace) if facts.caching.points else _none(asked, facts, trace)
    points = _at_most(points, facts, trace)
    if plan.wish is not None and not facts.caching.breakpoints:
        points = _with_automatic(points, said, facts)
    points = lasting(points, plan.wish, facts, trace)
    tell_short(said, plan, points, facts, trace)
    kept = kept_for(plan, points, facts, trace)
    return _placed(said, points, plan._replace(key=_key(plan, facts, trace), kept=kept))


def _asked(intent: Intent, plan: Caching, trace: Trace) -> Iterator[Point]:
    """The caller's marks, in the order of the prompt."""
    declared = [tool.name if isinstance(tool, ToolPlan) else own_name(tool) for tool in intent.tools]
    for name, mark in plan.tools:
        if name in declared:
            yield Point((0, declared.index(name)), mark)
        else:
            reason = f"the tool {name} before it is not declared here"
            origin = Reason("derived", "tools")
            trace.changes.append(
                Change("cache-point-dropped", "info", "tools", "dropped", mark.ttl, None, reason, origin)
            )
    if plan.system is not None:
        yield Point(SYSTEM, plan.system)
    for number, turn in enumerate(intent.turns):
        behind = -1
        for part in turn.parts:
            if part.type == "cache_point":
                yield Point((2, number, behind), Mark(part.ttl))
            else:
                behind += 1


def _none(asked: list[Point], facts: Facts, trace: Trace) -> list[Point]:
    """No marks, for a target that refuses them."""
    if asked:
        implicit = facts.caching.implicit
        trace.changed(
            "cache-point-dropped",
            "messages",
            asked=len(asked),
            applied=None,
            reason="the model keeps long prompts without being asked, and takes no marks"
            if implicit
            else "the model has no prompt caching",
            fact="caching.points",
            action="dropped",
            severity="info" if implicit else "warning",
            whole=False,
        )
    return []


def _legal(asked: list[Point], intent: Intent, facts: Facts, trace: Trace) -> list[Point]:
    """Each mark where the target takes it: where it stands, or the nearest place before."""
    found: dict[Place, Mark] = {}
    for place, mark in asked:
        before = list(_before(place, intent))
        new = next((one for one in before if _refused_by(one, intent, facts) is None), None)
        if new is None or new != before[0]:
            _tell(place, new, intent, facts, trace)
        if new is None:
            continue
        if new in found:
            _tell_twice(new, intent, trace)
        if new not in found or mark.ttl == "1h":
            found[new] = mark
    return [Point(place, found[place]) for place in sorted(found)]


def _before(place: Place, intent: Intent) -> Iterator[Place]:
    """Places from this one backwards, as far as something stands there."""
    if place > SYSTEM:
        _, last, part = place
        for number in range(last, -1, -1):
            end = part if number == last else len(intent.turns[number].parts) - 1
            yield from ((2, number, one) for one in range(end, -1, -1))
    if place >= SYSTEM and intent.system is not None:
        yield SYSTEM
    end = place[1] if place[0] == 0 else len(intent.tools) - 1
    yield from ((0, number) for number in range(end, -1, -1))


def _refused_by(place: Place, intent: Intent, facts: Facts) -> str | None:
    """Path of the fact that refuses a mark at a place, or None."""
    takes = facts.caching
    if ("tools", "system", "messages")[place[0]] not in takes.where:
        return "caching.where"
    if place <= SYSTEM:
        return "caching.where" if place < SYSTEM and _is_deferred(intent.tools[place[1]]) else None
    turn = intent.turns[place[1]]
    if takes.breakpoints and turn.role != "user":
        return "caching.breakpoints"
    part = turn.parts[place[2]]
    quoted = part.type == "document" and (part.media_type == _PDF or part.citations)
    kinds = {part.type, "pdf"} if quoted else {part.type}
    return None if kinds & set(takes.after) else "caching.after"


def _is_deferred(tool: AnyTool) -> bool:
    """Whether a tool is no part of the prompt until the model asks for it."""
    return not isinstance(tool, ToolPlan) and bool(tool.get("defer_loading"))


def _tell(place: Place, new: Place | None, intent: Intent, facts: Facts, trace: Trace) -> None:
    refused = next((_refused_by(one, intent, facts) for one in _before(place, intent)), None)
    trace.changed(
        "cache-point-dropped" if new is None else "cache-point-moved",
        "tools" if place[0] == 0 else "messages",
        asked=f"behind {_named(place, intent)}",
        applied=None if new is None else f"behind {_named(new, intent)}",
        reason="no mark may stand there, and nowhere before it"
        if new is None
        else "no mark may stand there; it keeps what is before the nearest place that takes one",
        fact=refused or "caching.where",
        action="dropped" if new is None else "changed",
        severity="info" if facts.caching.implicit else "warning",
        whole=False,
    )


def _tell_twice(place: Place, intent: Intent, trace: Trace) -> None:
    where, origin = f"behind {_named(place, intent)}", Reason("derived", "messages")
    reason = "another mark stands at the same place"
    trace.changes.append(
        Change("cache-point-dropped", "info", "messages", "dropped", where, None, reason, origin)
    )


def _named(place: Place, intent: Intent) -> str:
    """What stands at a place, for people."""
    if place[0] == 0:
        tool = intent.tools[place[1]]
        return f"the tool {tool.name if isinstance(tool, ToolPlan) else own_name(tool)}"
    if place == SYSTEM:
        return "the system text" if intent.system is not None else "nothing"
    parts = intent.turns[place[1]].parts
    kind = parts[place[2]].type.replace("_", " ") if place[2] >= 0 else "start"
    return f"the {kind} in turn {place[1] + 1}"


def _at_most(points: list[Point], facts: Facts, trace: Trace) -> list[Point]:
    """As many of the caller's marks as are taken: the last ones, which keep what is before them too."""
    most = facts.caching.points
    if len(points) <= most:
        return points
    trace.changed(
        "cache-point-dropped",
        "messages",
        asked=len(points),
        applied=most,
        reason=f"the model takes at most {most} marks; the first ones were left out",
        fact="caching.points",
        action="dropped",
        whole=False,
    )
    return points[-most:]


def _with_automatic(points: list[Point], intent: Intent, facts: Facts) -> list[Point]:
    """The marks, and as many of the compiler's as there is room for.

    In the order of their worth: the last turn of the user, whose end the next round finds; the system text
    and the tools, which other conversations share; and the user's turn before, for rounds with many blocks.
    """
    found = {point.place: point for point in points}
    users = (number for number in range(len(intent.turns) - 1, -1, -1) if intent.turns[number].role == "user")
    ends = filter(None, (_last((2, number), intent, facts) for number in users))
    last, earlier = next(ends, None), next(ends, None)
    system = SYSTEM if intent.system is not None and "system" in facts.caching.where else None
    for place in (last, system, _last((0,), intent, facts), earlier):
        if place is not None and len(found) < facts.caching.points:
            found.setdefault(place, Point(place, Mark(automatic=True)))
    return [found[place] for place in sorted(found)]


def _last(where: Place, intent: Intent, facts: Facts) -> Place | None:
    """The last place of a turn, or of the tools, that takes a mark."""
    count = len(intent.turns[where[1]].parts) if where > SYSTEM else len(intent.tools)
    places = ((*where, number) for number in range(count - 1, -1, -1))
    return next((place for place in places if _refused_by(place, intent, facts) is None), None)


def _key(plan: Caching, facts: Facts, trace: Trace) -> str | None:
    if plan.key is None or facts.caching.key:
        return plan.key
    trace.changed(
        "prompt-cache-key-dropped",
        "prompt_cache_key",
        asked=plan.key,
        applied=None,
        reason="the model takes no key for its prompt cache",
        fact="caching.key",
        action="dropped",
        severity="info",
    )
    return None


def _placed(intent: Intent, points: Iterable[Point], plan: Caching) -> Intent:
    """The intent with its marks."""
    from smartllm.content import CachePoint  # noqa: PLC0415 - plain requests have no use for it

    turns: dict[int, list[InputPart]] = {}
    tools: list[tuple[str, Mark]] = []
    system, placed, inserted = None, set[tuple[int, int]](), dict[int, int]()
    for place, mark in points:
        if place[0] == 0:
            tool = intent.tools[place[1]]
            tools.append((tool.name if isinstance(tool, ToolPlan) else own_name(tool), mark))
        elif place == SYSTEM:
            system = mark
        else:
            _, number, part = place
            parts = turns.setdefault(number, list(intent.turns[number].parts))
            count = inserted.get(number, 0)
            parts.insert(part + 1 + count, CachePoint(mark.ttl))
            inserted[number] = count + 1
            if mark.automatic:
                placed.add((number, count))
    new: tuple[Turn, ...] = tuple(
        turn._replace(parts=tuple(turns[number])) if number in turns else turn
        for number, turn in enumerate(intent.turns)
    )
    settled = plan._replace(tools=tuple(tools), system=system, placed=frozenset(placed), settled=True)
    return intent._replace(turns=new, caching=settled, texts_alone=intent.texts_alone and not turns)
