"""What is told of models that were asked in vain: diagnostics, notes of an error, what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from smartllm.diagnostics import Diagnostic, Origin
from smartllm.errors import SmartLLMError
from smartllm.response import TextResponse
from smartllm.runtime.fallback.failures import why_over
from smartllm.runtime.structure.paid import paid_with, tell_response
from smartllm.said import said
from smartllm.tried import Tried
from smartllm.usage import Usage

KEY: Final = "tried"
"""Under which ``metadata`` tells of them."""

_SETTING: Final = Origin("setting", "fallback")


def with_tried(
    response: TextResponse[Any],
    tried: Sequence[Tried],
    answered: tuple[str, str],
    *,
    paid: Sequence[Tried],
    left_out: Sequence[str],
) -> TextResponse[Any]:
    """An answer that tells of the models before it, and counts what those cost.

    Args:
        response: The answer.
        tried: What was asked before, in order.
        answered: Provider and model of the answer.
        paid: Those of ``tried`` whose tokens are to be counted.
        left_out: Fields of the request that went to the client's own model alone.
    """
    if not tried and not left_out:
        return response
    notes = (*_notes(tried, answered), *_left_out(left_out, answered))
    told = {KEY: [one.as_dict() for one in tried]} if tried else {}
    response = replace(
        response,
        diagnostics=(*response.diagnostics, *notes),
        metadata=response.metadata | told,
    )
    return counted(response, _paid(paid))


def tell_tried(error: Exception, tried: Sequence[Tried], *, paid: Sequence[Tried]) -> None:
    """Tell the last error of the models that were asked before, and of what those of ``paid`` cost."""
    if not tried:
        return
    if isinstance(error, SmartLLMError):
        error.tried = tuple(tried)
    for one in tried:
        error.add_note(f"smartllm: fallback: before, {one}: {one.error.message}")
    earlier, last = _paid(paid), paid_with(error)
    if last is None and earlier:
        *earlier, last = earlier
    if last is not None:
        tell_response(error, counted(last, earlier))


def counted(response: TextResponse[Any], earlier: Sequence[TextResponse[Any]]) -> TextResponse[Any]:
    """An answer whose tokens and cost are also those of earlier ones, which have none before them."""
    if not earlier:
        return response
    usage = sum((one.usage for one in earlier), start=response.usage)
    return replace(
        response,
        **{name: getattr(usage, name) for name in Usage.__dataclass_fields__},
        _earlier=tuple(earlier),
    )


def _paid(tried: Sequence[Tried]) -> list[TextResponse[Any]]:
    found = (paid_with(one.error) for one in tried)
    return [response for response in found if response is not None]


def _notes(tried: Sequence[Tried], answered: tuple[str, str]) -> Iterator[Diagnostic]:
    """One of each switch, and of each model that was left out."""
    switched = [one for one in tried if why_over(one.error)]
    next_ones = [*((one.provider, one.model) for one in switched[1:]), answered]
    after = dict(zip(map(id, switched), next_ones, strict=True))
    for one in tried:
        name = f"{one.provider} {one.model}"
        if id(one) not in after:
            reason = said("{} was left out: {}", name, one.error.message)
            yield Diagnostic("fallback-skipped", "info", "model", "ignored", name, None, reason, _SETTING)
            continue
        other = " ".join(after[id(one)])
        reason = said("{}, since {}; {} was asked instead.", str(one), why_over(one.error), other)
        yield Diagnostic("fallback-used", "warning", "model", "changed", name, other, reason, _SETTING)


def _left_out(names: Sequence[str], answered: tuple[str, str]) -> Iterator[Diagnostic]:
    for name in names:
        reason = f"It is written for another provider or wire than that of {' '.join(answered)}."
        yield Diagnostic("fallback-field-dropped", "warning", name, "dropped", None, None, reason, _SETTING)
