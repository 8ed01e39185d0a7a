"""Entries of format 2: what a person reads, and what the provider said, from which a hit is made anew.

A hit is decoded and validated like the first answer, by the caller's own class, so it cannot differ from one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from smartllm.compiler import Plan
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.formats import dumped
from smartllm.errors import ProviderError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.answer import Fetched
from smartllm.runtime.cache.files import FORMAT, format_of
from smartllm.runtime.structure.structured import asks_for_calls, is_offered
from smartllm.runtime.structure.tries import tries_of

_CLEAN: Final = frozenset({"stop", "tool_calls"})
_READABLE: Final = (
    "text",
    "model",
    "stop_reason",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "timestamp",
    "elapsed_seconds",
)
# What reading an answer of another shape than the wire promises may raise.
_NO_ANSWER: Final = (ProviderError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def worth_keeping(plan: Plan, answers: Sequence[Decoded]) -> bool:
    """Whether answers ended cleanly: not cut, paused, refused or empty."""
    whole = len(answers) == len(plan.steps)
    early = len(answers) == 1 and (asks_for_calls(plan.steps[0], answers[0]) or is_offered(plan.steps[0]))
    return (whole or early) and all(
        answer.finish_reason in _CLEAN
        and answer.refusal is None
        and answer.incomplete is None
        and not answer.is_empty
        for answer in answers
    )


def entry_of(key: str, response: TextResponse[Any], fetched: Fetched) -> dict[str, Any] | None:
    """The entry for an answer.

    Args:
        key: Where it will be kept.
        response: A response that was made from the answers, validated.
        fetched: The answers, worth keeping.

    Returns:
        JSON data that shares objects with what it was made from; None for answers without their wire form.
    """
    answers, tries = fetched.answers, [one.kept for one in fetched.tries]
    replies = [dict(answer.raw) for answer in answers]
    if not all(replies) or not all(one["reply"] for one in tries):
        return None
    data: dict[str, Any] = {name: getattr(response, name) for name in _READABLE}
    data["structured_data"] = dumped(response.structured_data)
    if response.reasoning is not None:
        data["reasoning"] = asdict(response.reasoning)
    return {
        "format": FORMAT,
        "key": key,
        "metadata": response.metadata,
        "data": data,
        "replies": replies,
        "request_ids": [answer.request_id for answer in answers],
        "started": response.timestamp,
        "elapsed": response.elapsed_seconds,
        **({"tries": tries} if tries else {}),
        **({} if fetched.plan is None else {"native": False}),
    }


def fetched_of(entry: Mapping[str, Any], plan: Plan) -> Fetched | None:
    """What the provider answered, read again from an entry.

    Args:
        entry: An entry that a store gave.
        plan: The plan under whose key it was found.

    Returns:
        Objects of its own; None where the entry holds no clean answer to this plan.
    """
    replies = entry.get("replies")
    if format_of(entry, str(entry.get("key"))) != FORMAT or not isinstance(replies, list):
        return None
    if not 0 < len(replies) <= len(plan.steps) or not all(isinstance(reply, dict) for reply in replies):
        return None
    try:
        answers = [
            DECODERS[step.dialect].decode(reply, step.model, request_id)
            for step, reply, request_id in zip(
                plan.steps, replies, _request_ids(entry, replies), strict=False
            )
        ]
        started, elapsed = dt.datetime.fromisoformat(entry["started"]), entry["elapsed"]
        usable = started.tzinfo is not None and math.isfinite(elapsed) and not isinstance(elapsed, bool)
        if usable and worth_keeping(plan, answers):
            tries = tries_of(entry.get("tries"), plan.steps[len(answers) - 1])
            return Fetched(answers, started, elapsed, tries=tries)
    except (*_NO_ANSWER, RecursionError):
        pass
    return None


def _request_ids(entry: Mapping[str, Any], replies: Sequence[Any]) -> list[str | None]:
    """The ids of the calls, which most wires tell beside the answer; entries of older releases have none."""
    given = entry.get("request_ids")
    if not isinstance(given, list) or len(given) != len(replies):
        return [None] * len(replies)
    return [one if isinstance(one, str) else None for one in given]


def response_of(
    entry: Mapping[str, Any] | None, request: TextRequest[Any] | MessageRequest[Any], plan: Plan
) -> TextResponse[Any] | None:
    """The response that an entry holds for a request; None, which is a miss, when it does not fit.

    Args:
        entry: An entry that a store gave, or None.
        request: What the caller asks for.
        plan: Its plan, under whose key the entry was found.
    """
    fetched = None if entry is None else fetched_of(entry, plan)
    if fetched is None:
        return None
    try:
        return fetched.response(request, plan)
    except Exception:  # noqa: BLE001 - validators are the caller's code; the fresh answer will tell what they say
        return None
