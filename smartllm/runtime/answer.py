"""From what a dialect decoded to the response that the caller gets."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from pydantic import BaseModel

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import DIALECT_CODE, Decoded
from smartllm.compiler.schema_restore import restore
from smartllm.errors import RefusalError, ResponseError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.transport import Answer


def decode_answer(step: Step, answer: Answer) -> Decoded:
    """Read a provider's answer.

    Raises:
        ResponseError: The answer is JSON, but not of the shape that the wire promises.
    """
    try:
        return DIALECT_CODE[step.dialect].decode(answer.body, step.model)
    except ResponseError as error:
        error.request_id = error.request_id or answer.request_id
        raise
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        shown = json.dumps(answer.body, ensure_ascii=False)[:200]
        raise ResponseError(
            f"the provider's answer has an unexpected shape: {shown}",
            model=step.model,
            status=200,
            request_id=answer.request_id,
            hint="check that the endpoint speaks the API that was chosen",
        ) from None


def build_response(
    request: TextRequest[Any] | MessageRequest[Any],
    plan: Plan,
    decoded: Decoded,
    *,
    started: dt.datetime,
    elapsed: float,
) -> TextResponse[Any]:
    """The caller's response.

    Raises:
        RefusalError: Structured data was asked for and the model refused.
        ResponseError: Structured data was asked for and the answer holds none.
        pydantic.ValidationError: (a ``ValueError``) the data does not fit.
    """
    metadata: dict[str, Any] = {}
    if isinstance(request, TextRequest):
        metadata["prompt"] = request.prompt
    else:
        metadata["messages"] = [message.model_dump() for message in request.messages]
    if plan.output is not None:
        metadata["response_format"] = plan.output.schema
    if decoded.thinking:
        metadata["thinking"] = decoded.thinking
    structured = None
    if request.response_format is not None:
        structured = _structured(request.response_format, plan, decoded)
    usage = decoded.usage
    return TextResponse(
        text=decoded.text if structured is None or decoded.text else _text_of(structured),
        model=decoded.model or plan.model,
        stop_reason=decoded.stop_reason,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cached_tokens=usage.cached_tokens,
        timestamp=started.astimezone(dt.UTC).isoformat(),
        elapsed_seconds=elapsed,
        metadata=metadata,
        structured_data=structured,
        diagnostics=plan.diagnostics,
    )


def _structured(response_format: Any, plan: Plan, decoded: Decoded) -> Any:
    if decoded.refusal is not None:
        raise RefusalError("the model refused to answer", model=plan.model, refusal=decoded.refusal)
    value = decoded.structured if decoded.structured is not None else decoded.text
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ResponseError(
                f"the structured answer is not JSON (stop reason {decoded.stop_reason!r})", model=plan.model
            ) from None
    assert plan.output is not None
    assert plan.output.lowered is not None
    value = restore(value, plan.output.lowered)
    if isinstance(response_format, type) and issubclass(response_format, BaseModel):
        return response_format.model_validate(value)
    return value


def _text_of(structured: Any) -> str:
    if isinstance(structured, BaseModel):
        return structured.model_dump_json(by_alias=True)
    return json.dumps(structured, ensure_ascii=False)
