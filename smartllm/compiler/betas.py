"""Betas that a host wants to be asked for by name, for what a body says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.intent import Intent
from smartllm.compiler.trace import Reason
from smartllm.rules.target import Target


def set_betas(body: Body, intent: Intent, target: Target) -> None:
    """Name the betas that a finished body needs, beside those that it names already.

    Args:
        body: The body.
        intent: What it says.
        target: Whose route tells what needs which.
    """
    place, needs = FIELDS[intent.dialect].beta, target.route.betas
    if not needs or not place:
        return
    words = set(_words(body.data))
    named = body.data.get(place, [])
    if not isinstance(named, list):
        return  # the caller's own words, which the host judges
    missing = dict.fromkeys(beta for word, beta in needs.items() if word in words and beta not in named)
    if missing and place in body.data:
        body.data[place] = [*named]  # which may be the caller's
    because = Reason("fact", f"host.{target.host}.route.{target.dialect}.betas")
    for beta in missing:
        body.append(place, beta, because)


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    """What a body of Claude's Messages says that may need a beta: keys of fields, and types."""
    yield from body
    for name in ("output_config", "container"):
        inner = body.get(name)
        yield from (f"{name}.{key}" for key in (inner if isinstance(inner, Mapping) else ()))
    yield from _types(body.get("tools"))
    edits = body.get("context_management")
    yield from _types(edits.get("edits") if isinstance(edits, Mapping) else None)
    for turn in _objects(body.get("messages")):
        yield from _in_blocks(turn.get("content"))


def _in_blocks(content: Any) -> Iterator[str]:
    """The types of blocks, of what they come from, and of what stands in results."""
    for block in _objects(content):
        yield from _types([block, block.get("source")])
        yield from _in_blocks(block.get("content"))


def _types(values: Any) -> Iterator[str]:
    for value in _objects(values):
        if isinstance(kind := value.get("type"), str):
            yield kind


def _objects(values: Any) -> Iterable[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else ()
