"""The checks of each group of facts: what is asked so that an answer shows whether a fact is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from smartllm.verify.asks import (
    caching,
    conversation,
    ids,
    limits,
    media,
    output,
    reasoning,
    sampling,
    service,
    tools,
)
from smartllm.verify.question import Check
from smartllm.verify.subject import Subject

_GROUPS: Final[tuple[Callable[[Subject], Iterator[Check]], ...]] = (
    sampling.checks,
    service.checks,
    reasoning.checks,
    limits.checks,
    output.checks,
    conversation.checks,
    media.checks,
    caching.checks,
    tools.checks,
    ids.checks,
)


def checks_of(subject: Subject) -> tuple[Check, ...]:
    """Every check that can be made of a target, in a fixed order."""
    return tuple(check for group in _GROUPS for check in group(subject))
