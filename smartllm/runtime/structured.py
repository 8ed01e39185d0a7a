"""Structured data: from the model's words to the caller's validated object, or an error that says why not."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.intent import OutputPlan
from smartllm.compiler.schema.restore import restore
from smartllm.content import ToolCall
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


def own_calls(step: Step, decoded: Decoded) -> tuple[ToolCall, ...]:
    """The calls that hold the structured answer.

    Some servers rename tools: where ours is the only one declared, it is the only call of an answer without
    text.
    """
    output, calls = step.output, decoded.tool_calls
    if output is None or (output.strategy == "native" and step.tools):
        return ()
    ours = tuple(call for call in calls if call.name == output.name)
    if not ours and not step.tools and len(calls) == 1 and not decoded.text:
        return calls
    return ours


def asks_for_calls(step: Step, decoded: Decoded) -> bool:
    """Whether an answer calls tools of the caller: it is none yet, whatever else it holds."""
    others = len(decoded.tool_calls) > len(own_calls(step, decoded))
    return others and (step.output is None or bool(step.tools))


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
        SchemaMismatchError: (a ``ValueError``) it does not fit the schema, or there are several answers.
        pydantic.ValidationError: (a ``ValueError``) it does not fit the model, read tolerantly too.
    """
    assert step.output is not None
    given: list[Any] = [call.arguments for call in own_calls(step, decoded)] or [decoded.text]
    value = given[0]
    try:
        value = _one([_read(answer, step.output) for answer in given], step)
        if isinstance(response_format, type) and issubclass(response_format, BaseModel):
            return validated(response_format, value)
        json.dumps(value, allow_nan=False)  # a number may be so large that it is read as infinite
    except (ValidationError, SchemaMismatchError):
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


def _read(answer: Any, output: OutputPlan) -> Any:
    """An answer as data of its own, in the caller's form: callers that wait for one answer get it too."""
    assert output.lowered is not None
    value = unicode_json(json_of(answer if isinstance(answer, str) else json.dumps(answer)))
    return restore(value, output.lowered, output.properties)


def _one(found: list[Any], step: Step) -> Any:
    """The answer, where the model gave it in several calls: the same one again, or more items of a list.

    Raises:
        SchemaMismatchError: Each call says something else.
    """
    first, *others = found
    if all(other == first for other in others):
        return first
    if all(isinstance(one, list) for one in found):
        return [item for one in found for item in one]
    assert step.output is not None
    raise SchemaMismatchError(
        f"the model gave {len(found)} structured answers that differ, in calls of {step.output.name}; "
        "one was asked for",
        model=step.model,
        hint="ask for a list of them, or for one in the prompt",
    )


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
