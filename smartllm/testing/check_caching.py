"""What a provider would refuse of marks for its prompt cache, and of what is asked of it beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from smartllm.rules import Facts

from .heard import JSON, Refused, dict_of
from .prompt_blocks import (
    BREAKPOINT,
    Block,
    all_marks,
    chat_blocks,
    claude_blocks,
    converse_blocks,
    responses_blocks,
    ttl_of,
)

_UNSUPPORTED: Final = (
    "You invoked an unsupported model or your request did not allow prompt caching. See the documentation "
    "for more information."
)
_NO_PARAMETER: Final = "Unsupported parameter: '{name}' is not supported with this model."
_LONGEST_KEY: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptWire:
    """How one wire speaks of prompts that are kept.

    Attributes:
        read: Reads the blocks of a prompt, in the order in which a provider reads them.
        wrong: What is wrong with the marks of these, and with what stands beside the turns.
    """

    read: Callable[[JSON], Iterable[Block]]
    wrong: Callable[[JSON, list[Block], Facts], Iterator[Refused]]


def _marked(
    blocks: list[Block], facts: Facts, words: Callable[[Block, Facts], Iterator[Refused]]
) -> Iterator[Refused]:
    marks = all_marks(blocks)
    if marks and not facts.caching.points:
        yield Refused(_UNSUPPORTED, status=403)
    if len(marks) > facts.caching.points:
        most = facts.caching.points
        yield Refused(f"A maximum of {most} blocks with cache_control may be provided. Found {len(marks)}.")
    for block in blocks:
        if block.marks:
            yield from words(block, facts)
    yield from _order(marks, facts)


def _claudes(block: Block, facts: Facts) -> Iterator[Refused]:
    place = f"{block.place}.cache_control"
    if not _takes(block, facts):
        yield Refused(f"{place}: Extra inputs are not permitted")
    if block.kind == "text" and not dict_of(block.own).get("text"):
        yield Refused(f"{block.place}: cache_control cannot be set for empty text blocks")
    for mark in block.marks:
        if mark.get("type") != "ephemeral":
            yield Refused(f"{place}.type: Input should be 'ephemeral'")
        if "ttl" in mark and mark["ttl"] not in facts.caching.ttls:
            yield Refused(f"{place}.ephemeral.ttl: Extra inputs are not permitted")


def _points(block: Block, facts: Facts) -> Iterator[Refused]:
    if block.section not in facts.caching.where:
        yield Refused(
            f"Malformed input request: #/{block.place}: extraneous key [cachePoint] is not permitted, please "
            "reformat your input and try again."
        )
    elif not _takes(block, facts) or len(block.marks) > 1:
        yield Refused(f"The model returned the following errors: {block.place}: Invalid cachePoint block")
    for mark in block.marks:
        if mark.get("type") != "default" or ("ttl" in mark and mark["ttl"] not in facts.caching.ttls):
            yield Refused(f"Malformed input request: #/{block.place}/cachePoint: not a valid enum value")


def _takes(block: Block, facts: Facts) -> bool:
    if block.section not in facts.caching.where or block.own is None:
        return False
    kinds = {block.kind, "pdf"} if block.quoted else {block.kind}
    return block.section != "messages" or not kinds.isdisjoint(facts.caching.after)


def _order(marks: list[tuple[Block, Any]], facts: Facts) -> Iterator[Refused]:
    short = False
    for block, mark in marks:
        if short and facts.caching.ttls and ttl_of(mark) == "1h":
            yield Refused(
                f"{block.place}.cache_control.ttl: a ttl='1h' cache_control block must not come after a "
                "ttl='5m' cache_control block. Note that blocks are processed in the following order: "
                "`tools`, `system`, `messages`."
            )
        short = short or ttl_of(mark) == "5m"


def _openai(body: JSON, blocks: list[Block], facts: Facts) -> Iterator[Refused]:
    takes = facts.caching
    options, retention = body.get("prompt_cache_options"), body.get("prompt_cache_retention")
    key = body.get("prompt_cache_key")
    for block, mark in all_marks(blocks):
        name = f"{block.place}.{BREAKPOINT}"
        user = block.role == "user" or block.section != "messages"
        if not (takes.breakpoints and user and _takes(block, facts)):
            yield Refused(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        elif mark.get("mode") != "explicit":
            yield Refused(f"Invalid value for '{name}.mode'.", "invalid_value", name)
    if options is not None and not takes.breakpoints:
        yield _unsupported("prompt_cache_options")
    ttl = dict_of(options).get("ttl")
    if ttl is not None and ttl not in takes.options_ttls:
        yield _value("prompt_cache_options.ttl", ttl, takes.options_ttls)
    if retention is not None and not takes.retention:
        yield _unsupported("prompt_cache_retention")
    elif retention is not None and retention not in takes.retention:
        yield _value("prompt_cache_retention", retention, takes.retention)
    if isinstance(key, str) and len(key) > _LONGEST_KEY:
        yield Refused(
            "Invalid 'prompt_cache_key': string too long. Expected a string with maximum length "
            f"{_LONGEST_KEY}, but got a string with length {len(key)} instead.",
            "string_above_max_length",
            "prompt_cache_key",
        )
    if key is not None and not takes.key:
        yield _unsupported("prompt_cache_key")


def _unsupported(name: str) -> Refused:
    return Refused(_NO_PARAMETER.format(name=name), "unsupported_parameter", name)


CLAUDE: Final = PromptWire(
    read=claude_blocks, wrong=lambda _body, blocks, facts: _marked(blocks, facts, _claudes)
)
CONVERSE: Final = PromptWire(
    read=converse_blocks, wrong=lambda _body, blocks, facts: _marked(blocks, facts, _points)
)
RESPONSES: Final = PromptWire(read=responses_blocks, wrong=_openai)
CHAT: Final = PromptWire(read=chat_blocks, wrong=_openai)


def _value(name: str, value: Any, allowed: tuple[str, ...]) -> Refused:
    named = ", ".join(f"'{one}'" for one in allowed) or "none"
    return Refused(f"Invalid value: '{value}'. Supported values are: {named}.", "invalid_value", name)
