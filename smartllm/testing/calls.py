"""Tool calls of an answer: scripted ones, and the one that a request forces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartllm.content import ToolCall

from .sample import sample

if TYPE_CHECKING:
    from .answer import Asked
    from .reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        name: The tool's name on the wire.
        arguments: Their text as it is sent, which need not be JSON.
        id: The scripted id; empty takes one of the answer's.
        custom: The tool takes free text.
    """

    name: str
    arguments: str
    id: str = ""
    custom: bool = False

    @property
    def input(self) -> Any:
        """The arguments where a wire has them as data; what is no JSON stays text."""
        try:
            return json.loads(self.arguments) if self.arguments else {}
        except (ValueError, RecursionError):
            return self.arguments


def calls_of(asked: Asked, reply: Reply, *, explicit: bool) -> tuple[Call, ...]:
    """The calls of the answer to a request.

    Args:
        asked: What the request asks for.
        reply: What is scripted.
        explicit: The answer's text is scripted, and nothing else.
    """
    if reply.refusal is not None:
        return ()
    if reply.tool_calls is not None:
        return tuple(_scripted(given, asked) for given in reply.tool_calls)
    wanted = asked.forced and not explicit
    offered = reply.structured is not None and asked.schema is None
    if not (asked.tools or asked.custom) or not (reply.tool or wanted or offered):
        return ()
    name = reply.tool or asked.forced_tool or next(iter((*asked.tools, *asked.custom)))
    if name in asked.custom:
        return (Call(name=name, arguments="echo", custom=True),)
    given = reply.structured
    data = sample(asked.tools.get(name, {})) if given is None else given
    return (Call(name=name, arguments=json.dumps(data)),)


def _scripted(call: ToolCall | Mapping[str, Any], asked: Asked) -> Call:
    assert isinstance(call, ToolCall)
    text = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
    return Call(name=call.name, arguments=text, id=call.id, custom=call.name in asked.custom)
