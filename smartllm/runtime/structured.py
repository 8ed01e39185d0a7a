"""Structured data: from the model's words to the caller's validated object, or an error that says why not."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.schema.restore import restore
from smartllm.errors import RefusalError, ResponseError, TruncatedError


def check_whole(plan: Plan, step: Step, decoded: Decoded) -> None:
    """Refuse an answer that was cut off or withheld before structured data is read from it.

    Raises:
        TruncatedError: (a ``ValueError``) the output limit was reached.
        RefusalError: The model refused, or a content filter withheld the answer.
    """
    reason = decoded.incomplete or decoded.stop_reason
    fields = FIELDS[step.dialect]
    if reason in fields.withheld:
        who = fields.withheld[reason]
        raise _refusal(f"the provider's {who} withheld the answer ({reason})", step, decoded)
    if decoded.finish_reason == "length":
        # The text is the one that users of the first SmartLLM match on.
        cut = f"{plan.host_row.title} truncated structured output ({fields.stop}={decoded.stop_reason})"
        raise TruncatedError(cut, model=step.model, request_id=decoded.request_id)
    if decoded.refusal is not None:
        raise _refusal("the model refused to answer", step, decoded)


def structured_data(response_format: Any, step: Step, decoded: Decoded) -> Any:
    """The caller's object; it shares nothing with ``decoded``.

    Args:
        response_format: A Pydantic model, or a JSON Schema.
        step: The step that asked for it.
        decoded: The answer to that step.

    Returns:
        An instance of the model, or JSON data that fits the schema.

    Raises:
        ResponseError: The answer is not JSON; NaN and Infinity are not.
        pydantic.ValidationError: (a ``ValueError``) it does not fit the model, read tolerantly too.
    """
    assert step.output is not None
    assert step.output.lowered is not None
    call = decoded.call_of(step.output.name)
    value = decoded.text if call is None else call.arguments
    try:
        # A call's input is copied: callers that wait for one answer get it too.
        value = unicode_json(json_of(value if isinstance(value, str) else json.dumps(value)))
        value = restore(value, step.output.lowered)
        if isinstance(response_format, type) and issubclass(response_format, BaseModel):
            return validated(response_format, value)
        json.dumps(value, allow_nan=False)  # a number may be so large that it is read as infinite
    except ValidationError:
        raise
    except (ValueError, RecursionError):
        shown = value if isinstance(value, str) else repr(value)
        raise ResponseError(
            f"the structured answer is not JSON (stop reason {decoded.stop_reason!r}): {shown[:200]!r}",
            model=step.model,
            status=200,
            request_id=decoded.request_id,
        ) from None
    return _checked(value, response_format, step)


def validated(model: type[BaseModel], value: Any) -> BaseModel:
    """Validate as it is, by the rules for JSON; only on failure, with JSON-encoded fields decoded.

    Some models give lists and objects inside a tool call as strings that hold JSON, most often on text that
    is not English. Only strings that validation complains about are decoded, so that a text field that
    happens to hold JSON stays text.

    Raises:
        pydantic.ValidationError: It fits neither way.
        ValueError: It is not JSON: it holds NaN or Infinity.
    """
    while True:  # each round decodes at least one more string, or gives up
        try:
            return model.model_validate_json(json.dumps(value, ensure_ascii=False, allow_nan=False))
        except ValidationError as error:
            wrong = {item["input"] for item in error.errors() if isinstance(item["input"], str)}
            value, found = _decoded(value, wrong)
            if not found:
                raise


def _decoded(value: Any, wrong: set[str]) -> tuple[Any, bool]:
    """The value with its strings decoded that are wrong and hold an array or object; whether any did."""
    if isinstance(value, str) and value in wrong and value.strip()[:1] in {"[", "{"}:
        try:
            return unicode_json(json_of(value)), True
        except (ValueError, RecursionError):
            return value, False
    if isinstance(value, list):
        items = [_decoded(item, wrong) for item in value]
        return [item for item, _ in items], any(found for _, found in items)
    if isinstance(value, dict):
        fields = {key: _decoded(item, wrong) for key, item in value.items()}
        return {key: item for key, (item, _) in fields.items()}, any(found for _, found in fields.values())
    return value, False


def _refusal(message: str, step: Step, decoded: Decoded) -> RefusalError:
    return RefusalError(
        message, model=step.model, refusal=decoded.refusal or "", request_id=decoded.request_id
    )


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
