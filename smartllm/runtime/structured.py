"""Structured data: from the model's words to the caller's validated object, or an error that says why not."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from smartllm.compiler import Step
from smartllm.compiler.dialects import Decoded
from smartllm.compiler.schema_restore import restore
from smartllm.errors import RefusalError, ResponseError, TruncatedError

# The texts are those that users of the first SmartLLM match on.
_TRUNCATED: Final = {
    ("openai_responses", "incomplete"): "OpenAI truncated structured output (status=incomplete)",
    ("openai_chat", "length"): "OpenAI truncated structured output (finish_reason=length)",
    ("bedrock_invoke", "max_tokens"): "Bedrock truncated structured output (stop_reason=max_tokens)",
    ("bedrock_converse", "max_tokens"): "Bedrock truncated structured output (stop_reason=max_tokens)",
}


def check_whole(step: Step, decoded: Decoded) -> None:
    """Refuse an answer that was cut off or withheld before structured data is read from it.

    Raises:
        TruncatedError: (a ``ValueError``) the output limit was reached.
        RefusalError: The model refused.
    """
    cut = _TRUNCATED.get((step.dialect, decoded.stop_reason))
    if cut is not None:
        raise TruncatedError(cut, model=step.model, request_id=decoded.request_id)
    if decoded.refusal is not None:
        raise RefusalError("the model refused to answer", model=step.model, refusal=decoded.refusal)


def structured_data(response_format: Any, step: Step, decoded: Decoded) -> Any:
    """The caller's object.

    Args:
        response_format: A Pydantic model, or a JSON Schema.
        step: The step that asked for it.
        decoded: The answer to that step.

    Returns:
        An instance of the model, or JSON data that fits the schema.

    Raises:
        ResponseError: The answer is not JSON.
        pydantic.ValidationError: (a ``ValueError``) it does not fit the model, read tolerantly too.
    """
    assert step.output is not None
    assert step.output.lowered is not None
    value = decoded.structured if decoded.structured is not None else decoded.text
    if isinstance(value, str):
        value = _parsed(value, step, decoded)
    value = restore(value, step.output.lowered)
    if isinstance(response_format, type) and issubclass(response_format, BaseModel):
        return validated(response_format, value)
    return _checked(value, response_format, step)


def validated(model: type[BaseModel], value: Any) -> BaseModel:
    """Validate as it is; only on failure, with JSON-encoded fields decoded.

    Some models give lists and objects inside a tool call as strings that hold JSON, most often on text that
    is not English. Only strings that validation complains about are decoded, so that a text field that
    happens to hold JSON stays text.

    Raises:
        pydantic.ValidationError: It fits neither way.
    """
    while True:  # each round decodes at least one more string, or gives up
        try:
            return model.model_validate(value)
        except ValidationError as error:
            wrong = {item["input"] for item in error.errors() if isinstance(item["input"], str)}
            decoded = _decoded(value, wrong)
            if decoded == value:
                raise
            value = decoded


def _decoded(value: Any, wrong: set[str]) -> Any:
    """The value with those of its strings replaced that are wrong and hold a JSON array or object."""
    if isinstance(value, str) and value in wrong and value.strip()[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, list):
        return [_decoded(item, wrong) for item in value]
    if isinstance(value, dict):
        return {key: _decoded(item, wrong) for key, item in value.items()}
    return value


def _parsed(text: str, step: Step, decoded: Decoded) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ResponseError(
            f"the structured answer is not JSON (stop reason {decoded.stop_reason!r}): {text[:200]!r}",
            model=step.model,
            status=200,
            request_id=decoded.request_id,
        ) from None


def _checked(value: Any, schema: dict[str, Any], step: Step) -> Any:
    # Loaded here: only callers with hand-written schemas need it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    for error in Draft202012Validator(schema).iter_errors(value):
        place = "/".join(str(part) for part in error.absolute_path) or "the root"
        raise SchemaMismatchError(
            f"the structured answer does not fit the schema at {place}: {error.message[:200]}",
            model=step.model,
        )
    return value


class SchemaMismatchError(ResponseError, ValueError):
    """The answer is JSON, but does not fit the JSON Schema that was given."""
