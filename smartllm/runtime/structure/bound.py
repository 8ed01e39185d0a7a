"""A response and its structured data: put together, or the error that keeps the one without the other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler import Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.errors import ProviderError
from smartllm.model_errors import ModelMismatchError
from smartllm.response import TextResponse
from smartllm.runtime.answer_notes import ending_notes
from smartllm.runtime.structure.reading import Reading
from smartllm.runtime.structure.structured import written
from smartllm.said import Named, said
from smartllm.structure_errors import StructureError

if TYPE_CHECKING:
    from pydantic import ValidationError

_OK: Final = 200


def bound(response: TextResponse[Any], found: Reading, last: Decoded) -> TextResponse[Any]:
    """The response with its structured data; its text is that as JSON, on every wire.

    Args:
        response: The response without it.
        found: The data.
        last: The answer that holds it.
    """
    return replace(
        response,
        text=json.dumps(found.value, ensure_ascii=False),
        structured_data=found.data,
        diagnostics=(*response.diagnostics, *found.notes, *ending_notes(last)),
        _bound=True,
    )


def completed(
    error: ProviderError | ValidationError,
    step: Step,
    last: Decoded,
    response: TextResponse[Any],
    *,
    reasks: int,
) -> ProviderError:
    """The error of an answer that was paid for, with what it said.

    Args:
        error: Why it is not what was asked for.
        step: The step that asked for it.
        last: The answer to that step.
        response: The response without structured data.
        reasks: How often the model is asked again anyway.
    """
    if not isinstance(error, ProviderError):
        error = ModelMismatchError.of(error, model=step.model, status=_OK)
    error.response = response
    error.request_id = error.request_id or last.request_id
    if isinstance(error, StructureError):
        error.text = error.text or written(step, last)
        error.hint = error.hint or _hint(last, reasks)
    return error


def _hint(last: Decoded, reasks: int) -> str:
    if last.finish_reason is None:
        return f"it may have been cut: it ended with {last.stop_reason!r}, a word that is not known"
    asking = Named("reasks", "1", "reasks=1 in the request")
    again = "" if reasks else said("; {} would ask the model again", asking)
    return said("error.response keeps the answer{}", again)
