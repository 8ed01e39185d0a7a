"""Spelling what is asked of prompt caches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.body import Body, Path, wire_text
from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.compiler.marks import Mark
from smartllm.compiler.own_tools import own_name
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.content import CachePoint

CONTROL: Final = "cache_control"
"""Where Claude has the mark of a block."""

POINT: Final = "cachePoint"
"""What Converse calls the block that is a mark."""

BREAKPOINT: Final = "prompt_cache_breakpoint"
"""Where OpenAI has the mark of a part."""


def timed(kind: str, mark: Mark | CachePoint) -> dict[str, str]:
    """A mark as Claude and Converse spell it; five minutes go without saying, and some models take no time.

    Args:
        kind: What it is of type.
        mark: The mark.
    """
    return {"type": kind, "ttl": mark.ttl} if mark.ttl != "5m" else {"type": kind}


def break_behind(parts: list[dict[str, Any]]) -> None:
    """Mark the last of the parts of a message on OpenAI's wires."""
    parts[-1] = {**parts[-1], BREAKPOINT: {"mode": "explicit"}}


def note_placed(body: Body, intent: Intent, trace: Trace, key: str) -> None:
    """Tell of the marks in the turns that the compiler placed.

    Args:
        body: Body under construction, with its messages.
        intent: What is said.
        trace: Why.
        key: Where a block has its mark.
    """
    placed = () if intent.caching is None else intent.caching.placed
    for turn, count in placed:
        content = body.data["messages"][turn]["content"]
        marked = [index for index, block in enumerate(content) if key in block]
        body.note(("messages", turn, "content", marked[count], key), trace.reason("prompt_cache"))


def mark_tools(
    body: Body,
    intent: Intent,
    trace: Trace,
    *,
    path: str,
    marked: Callable[[Mapping[str, Any], Mark], list[Mapping[str, Any]]],
) -> None:
    """Mark tools that are spelled.

    Args:
        body: Body under construction, with its tools.
        intent: What is said.
        trace: Why.
        path: Where the list stands.
        marked: Spells a tool with the mark behind it; the mark stands in the last object, under its last key.
    """
    marks = () if intent.caching is None else intent.caching.tools
    if not marks:
        return
    here = tuple(path.split("."))
    node: Any = body.data
    for key in here[:-1]:
        node = node[key]
    by_name, depth = dict(marks), len(here)
    found: list[Mapping[str, Any]] = []
    places: list[int] = []
    ours: list[Path] = []
    for tool, spelled in zip(intent.tools, node[here[-1]], strict=True):
        mark = by_name.get(tool.name if isinstance(tool, ToolPlan) else own_name(tool))
        places.append(len(found))
        found += [spelled] if mark is None else marked(spelled, mark)
        if mark is not None and mark.automatic:
            ours.append((*here, len(found) - 1, [*found[-1]][-1]))
    moved: dict[Path, Path] = {(*here, old): (*here, new) for old, new in enumerate(places)}
    body.reasons = {
        moved.get(at[: depth + 1], at[: depth + 1]) + at[depth + 1 :]: why for at, why in body.reasons.items()
    }
    for at in ours:
        body.note(at, trace.reason("prompt_cache"))
    node[here[-1]] = found
    body.texts[here] = wire_text(found)


def set_prompt_cache(
    body: Body, intent: Intent, facts: Facts, trace: Trace, *, turns: str, text: Mapping[str, str]
) -> None:
    """Spell on OpenAI's wires what requests have in common, and how long their beginning is kept.

    Args:
        body: Body under construction, with its messages.
        intent: What is said.
        facts: Under which name the time stands.
        trace: Why.
        turns: Where the messages stand; the first one is that of the system text where this is marked.
        text: Further keys of a text in a list.
    """
    plan = intent.caching
    if plan is None:
        return
    if plan.system is not None:
        first = body.data[turns][0]
        first["content"] = content = [{**text, "text": first["content"]}]
        break_behind(content)
        body.note((turns, 0, "content", 0, BREAKPOINT), trace.reason("messages"))
    if plan.key is not None:
        body.set("prompt_cache_key", plan.key, trace.reason("prompt_cache_key"))
    if plan.kept is not None:
        place = "prompt_cache_retention" if facts.caching.retention else "prompt_cache_options.ttl"
        body.set(place, plan.kept, trace.reason("messages" if plan.wish is None else "prompt_cache"))
