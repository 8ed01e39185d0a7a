"""Checks of how a model is called on its host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken


def checks(subject: Subject) -> Iterator[Check]:
    """The check of the name without a prefix, where some name has one."""
    fact, ids = "ids.bare", subject.facts.ids
    name = ids.name or subject.target.resolution.model
    if not ids.prefixes or name is None:
        return
    asked = Question(
        says=ids.bare == "accepted",
        wish=Wish(model=name),
        words=(
            "on-demand",
            "throughput",
            "inference profile",
            "model identifier",
            "model_not_found",
            "model",
        ),
    )

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        known = seen.get("", Seen(None)).accepted
        return {fact: ids.bare if known is None else "accepted" if taken(seen, asked) else "refused"}

    yield subject.check(fact, [asked], settle)
