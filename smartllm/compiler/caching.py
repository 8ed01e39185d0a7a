"""From what a caller asks of the provider's prompt cache to the values of an intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from smartllm.compiler.intent import Turn
from smartllm.compiler.marks import Caching, Mark
from smartllm.compiler.own_tools import own_name
from smartllm.errors import UnsupportedError

if TYPE_CHECKING:
    from smartllm.content import CachePoint, InputPart


def caching_of(
    wishes: Mapping[str, Any], turns: tuple[Turn, ...], *, pointed: bool
) -> tuple[Caching | None, tuple[Turn, ...]]:
    """What is asked of the prompt cache, None for nothing, and the turns with each cache point behind a part.

    A cache point keeps what stands before it: at the start of a turn, the turn before; at the start of the
    conversation, the system text and the tools.

    Args:
        wishes: The request's fields.
        turns: Its turns.
        pointed: They may hold cache points.

    Raises:
        UnsupportedError: The turns hold nothing but cache points.
    """
    wish, key = wishes["prompt_cache"], wishes["prompt_cache_key"]
    tools = _behind_tools(wishes["tools"]) if wishes["tools"] else ()
    points = pointed and any(part.type == "cache_point" for turn in turns for part in turn.parts)
    if not (points or tools or wish is not None or key is not None):
        return None, turns
    first, turns = led(turns) if points else ((), turns)
    if not turns:
        raise UnsupportedError(
            "messages: cache points stand behind what is to be kept, and there is nothing before them",
            field="messages",
            hint="put a CachePoint behind a text or another part",
        )
    long = any(point.ttl == "1h" for point in first)
    return Caching(wish, key, tools, Mark("1h" if long else "5m") if first else None), turns


def led(turns: Iterable[Turn]) -> tuple[tuple[CachePoint, ...], tuple[Turn, ...]]:
    """The cache points before all turns; and the turns, each with those that the next one begins with.

    A turn that holds nothing else is none.
    """
    first: list[Any] = []
    found: list[Turn] = []
    for turn in turns:
        said = next((place for place, part in enumerate(turn.parts) if part.type != "cache_point"), None)
        leading = turn.parts[:said]
        if not found:
            first += leading
        elif leading:
            found[-1] = found[-1]._replace(parts=found[-1].parts + leading)
        if said is not None:
            found.append(turn._replace(parts=turn.parts[said:]) if leading else turn)
    return tuple(first), tuple(found)


def calls_last(parts: Iterable[InputPart]) -> list[InputPart]:
    """Parts with calls behind all others; a cache point stays with the part before it."""
    found: dict[bool, list[InputPart]] = {False: [], True: []}
    called = False
    for part in parts:
        called = called if is_point(part) else part.type == "tool_call"
        found[called].append(part)
    return found[False] + found[True]


def is_point(part: InputPart) -> bool:
    """Whether a part is a cache point."""
    return part.type == "cache_point"


def _behind_tools(tools: Iterable[Any]) -> tuple[tuple[str, Mark], ...]:
    """The marks behind tools, with the names of these."""
    found: list[tuple[str, Mark]] = []
    name = ""
    for tool in tools:
        if isinstance(tool, Mapping):
            name = own_name(tool)
        elif getattr(tool, "type", None) == "cache_point":
            found.append((name, Mark(tool.ttl)))
        else:
            name = tool.name
    return tuple(found)
