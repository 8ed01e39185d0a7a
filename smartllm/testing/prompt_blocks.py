"""The prompt of a request as its blocks in order, each with the mark that it carries, on any wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from .heard import JSON, dict_of, listed

CONTROL: Final = "cache_control"
POINT: Final = "cachePoint"
BREAKPOINT: Final = "prompt_cache_breakpoint"
_MARKED: Final = frozenset({"text", "image", "document", "tool_call", "tool_result"})
"""What a mark of a whole body may stand at."""

Section = Literal["tools", "system", "messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a prompt.

    Attributes:
        section: Where it stands.
        place: The same, in the wire's own way of naming places.
        role: Whose turn it is in; empty outside of turns.
        kind: What it is, in our word where we have one: ``text image document tool_call tool_result``.
        own: As it stands in the body, without marks.
        marks: The marks that stand at it or, on Converse, right behind it.
        quoted: Of a document: it is a PDF, or may be cited.
    """

    section: Section
    place: str
    role: str
    kind: str
    own: Any
    marks: tuple[JSON, ...] = ()
    quoted: bool = False


_KINDS: Final = {
    "tool_use": "tool_call",
    "toolUse": "tool_call",
    "toolResult": "tool_result",
    "reasoningContent": "reasoning",
    "input_text": "text",
    "output_text": "text",
    "input_image": "image",
    "image_url": "image",
    "input_file": "document",
    "file": "document",
}


def claude_blocks(body: JSON) -> Iterator[Block]:
    """The blocks of Claude's Messages, in the order in which a provider reads them.

    A mark of the whole body is one of its last block that may have one
    (platform.claude.com/docs/en/build-with-claude/prompt-caching, 2026-11-27).
    """
    found = list(_of_claude(body))
    mark = body.get(CONTROL)
    last = next((at for at in reversed(range(len(found))) if found[at].kind in _MARKED), None)
    if isinstance(mark, Mapping) and last is not None and not found[last].marks:
        found[last] = replace(found[last], marks=(mark,))
    yield from found


def _of_claude(body: JSON) -> Iterator[Block]:
    for number, tool in listed(body.get("tools")):
        yield _marked("tools", f"tools.{number}", "", dict_of(tool), CONTROL)
    yield from _claudes("system", "system", "", body.get("system"))
    for number, turn in listed(body.get("messages")):
        message, place = dict_of(turn), f"messages.{number}"
        yield from _claudes("messages", f"{place}.content", str(message.get("role")), message.get("content"))


def _claudes(section: Section, place: str, role: str, content: Any) -> Iterator[Block]:
    for number, block in _as_list(content, "text"):
        yield _marked(section, f"{place}.{number}", role, block, CONTROL)


def converse_blocks(body: JSON) -> Iterator[Block]:
    """The blocks of Converse, as ``claude_blocks``."""
    tools = dict_of(body.get("toolConfig")).get("tools")
    yield from _pointed("tools", "toolConfig/tools", "", tools)
    yield from _pointed("system", "system", "", body.get("system"))
    for number, turn in listed(body.get("messages")):
        message = dict_of(turn)
        place = f"messages/{number}/content"
        yield from _pointed("messages", place, str(message.get("role")), message.get("content"))


def _pointed(section: Section, place: str, role: str, content: Any) -> Iterator[Block]:
    """Blocks with the marks that follow them; a mark that follows none is a block of its own."""
    last: tuple[int, JSON] | None = None
    marks: list[JSON] = []
    for number, one in [*listed(content), (-1, {})]:
        block = dict_of(one)
        if POINT in block:
            marks.append(dict_of(block[POINT]))
            continue
        if last is not None:
            yield _block(section, f"{place}/{last[0]}", role, last[1], tuple(marks))
        elif marks:
            yield Block(section=section, place=f"{place}/0", role=role, kind="", own=None, marks=tuple(marks))
        last, marks = (number, block), []


def responses_blocks(body: JSON) -> Iterator[Block]:
    """The blocks of OpenAI's Responses, as ``claude_blocks``."""
    return _openai(body, "input", "input_text")


def chat_blocks(body: JSON) -> Iterator[Block]:
    """The blocks of Chat Completions, as ``claude_blocks``."""
    return _openai(body, "messages", "text")


def _openai(body: JSON, turns: str, texts: str) -> Iterator[Block]:
    for number, tool in listed(body.get("tools")):
        yield _marked("tools", f"tools[{number}]", "", dict_of(tool), BREAKPOINT)
    if "instructions" in body:
        yield Block(section="system", place="instructions", role="", kind="text", own=body["instructions"])
    for number, turn in _as_list(body.get(turns), texts):
        place, role = f"{turns}[{number}]", str(turn.get("role", ""))
        section: Section = "system" if role in {"system", "developer"} else "messages"
        if "content" not in turn or turn["content"] is None:
            kind = "tool_result" if "output" in turn else "tool_call"
            yield Block(section=section, place=place, role=role, kind=kind, own=turn)
            continue
        for index, part in _as_list(turn["content"], texts):
            yield _marked(section, f"{place}.content[{index}]", role, part, BREAKPOINT)
        calls = turn.get("tool_calls")
        if calls:
            yield Block(section=section, place=f"{place}.tool_calls", role=role, kind="tool_call", own=calls)


def _as_list(content: Any, text: str) -> list[tuple[int, JSON]]:
    if isinstance(content, str):
        return [(0, {"type": text, "text": content})]
    return [(number, dict_of(one)) for number, one in listed(content)]


def _marked(section: Section, place: str, role: str, block: JSON, key: str) -> Block:
    own = {name: value for name, value in block.items() if name != key}
    marks = (dict_of(block[key]),) if key in block else ()
    return _block(section, place, role, own, marks)


def _block(section: Section, place: str, role: str, own: JSON, marks: tuple[JSON, ...]) -> Block:
    kind = str(own.get("type") or next(iter(own), ""))
    document = dict_of(own.get("document", own))
    cited = bool(dict_of(document.get("citations")).get("enabled"))
    return Block(
        section=section,
        place=place,
        role=role,
        kind=_KINDS.get(kind, kind),
        own=own,
        marks=marks,
        quoted=cited or document.get("format") == "pdf",
    )


def ttl_of(mark: JSON) -> str:
    """How long a mark asks for."""
    return str(mark.get("ttl", "5m"))


def written(own: Any) -> str:
    """A block as text that is the same for the same block."""
    return json.dumps(own, sort_keys=True)


def all_marks(blocks: Iterable[Block]) -> list[tuple[Block, Mapping[str, Any]]]:
    """The marks in order, each with its block."""
    return [(block, mark) for block in blocks for mark in block.marks]
