"""Shapes on targets: what a model answers under the schema on the wire, read back."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema import ValidationError as Wrong
from jsonschema.validators import extend
from pydantic import ValidationError
from shape_cases import Shape
from wire_forms import DoesNotFitError, Drawer, fits_pattern, said

import smartllm
from smartllm import TextRequest
from smartllm.compiler.formats import format_of
from smartllm.compiler.plan import Step
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules
from smartllm.runtime.structure.reading import read_answer

_RULES: Final = load_rules()


def _pattern(_: Any, pattern: str, text: Any, __: Any) -> Iterator[Wrong]:
    if isinstance(text, str) and not fits_pattern(pattern, text):
        yield Wrong(f"{text!r} does not fit {pattern}")


Judge: Final = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
"""What says whether an answer fits a schema."""


class Target(NamedTuple):
    """A model as a request names it, and how its answers are bound."""

    model: str
    fields: dict[str, Any]


def _on(model: str, **fields: Any) -> Target:
    return Target(model, fields)


TARGETS: Final[dict[str, Target]] = {
    "gpt-5.4, Responses": _on("gpt-5.4"),
    "gpt-5.4, Chat": _on("gpt-5.4", api_type="chat_completions"),
    "gpt-4.1, Responses": _on("gpt-4.1"),
    "gpt-4.1, Chat": _on("gpt-4.1", api_type="chat_completions"),
    "gpt-4.1, tool": _on("gpt-4.1", structured_output="tool"),
    "Sonnet 4.6": _on("us.anthropic.claude-sonnet-4-6"),
    "Sonnet 4.6, native": _on("us.anthropic.claude-sonnet-4-6", structured_output="native"),
    "Opus 4.8": _on("us.anthropic.claude-opus-4-8"),
    "Opus 5.5": _on("us.anthropic.claude-opus-5-5"),
    "Haiku 4.5": _on("us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    "Nova Pro": _on("us.amazon.nova-pro-v1:0"),
    "Nova 2 Lite": _on("us.amazon.nova-2-lite-v1:0"),
    "Llama 3.3": _on("us.meta.llama3-3-70b-instruct-v1:0"),
    "Mistral Large": _on("mistral.mistral-large-2407-v1:0"),
    "Qwen3 32B": _on("qwen.qwen3-32b-v1:0"),
}
"""A target of each form that schemas take, and how they are bound there."""


@dataclass(frozen=True)
class Failure:
    """An answer that was not read as it was meant.

    Attributes:
        kind: In a word: ``unsaid``, ``illegal``, ``unread``, ``other``, or pydantic's type of error.
        detail: More of it.
    """

    kind: str
    detail: str


def bound(shape: Shape, target: Target) -> Step | str:
    """The step whose answer holds the structure, or why nothing can."""
    request: TextRequest[Any] = TextRequest(
        prompt="p", model=target.model, response_format=shape.given, **target.fields
    )
    try:
        return smartllm.compile(request, rules=_RULES, level="ignore").steps[-1]
    except UnsupportedError as error:
        return error.message


def given(answer: Any, step: Step) -> Any:
    """An answer as the wire of a step holds it: text where the format is native, data in a call."""
    assert step.output is not None
    return json.dumps(answer, ensure_ascii=False) if step.output.strategy == "native" else answer


def round_trip(shape: Shape, step: Step) -> Iterator[Failure | None]:
    """Each object of a shape through the wire of a step: whole, and without what is default."""
    assert step.output is not None
    assert step.output.lowered is not None
    wire = Judge(step.output.lowered.schema)
    for wanted, data in shape.answers():
        try:
            answer = said(data, step.output.lowered, step.output.properties)
        except DoesNotFitError as error:
            yield Failure("unsaid", f"{data}: {error}")
            continue
        wrong = next(wire.iter_errors(answer), None)
        if wrong is not None:
            yield Failure("illegal", f"{answer}: {wrong.message}")
            continue
        yield _read(shape, step, answer, wanted)


def _read(shape: Shape, step: Step, answer: Any, wanted: Any) -> Failure | None:
    try:
        found = read_answer([given(copy.deepcopy(answer), step)], step, format_of(shape.given))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return Failure("unread", f"{answer}: {type(error).__name__}: {error}")
    if found.data != wanted or type(found.data) is not type(wanted):
        return Failure("other", f"{answer}: {found.data!r} instead of {wanted!r}")
    return Failure("tolerant", f"{answer}: {found.notes}") if found.notes else None


@dataclass(frozen=True)
class Drawn:
    """A random answer that was read, or was not.

    Attributes:
        answer: As it was on the wire.
        kinds: Pydantic's types of error; empty where it was read.
        detail: What was said against it.
    """

    answer: Any
    kinds: tuple[str, ...] = ()
    detail: str = ""


def drawn(shape: Shape, step: Step, count: int, seed: int) -> Iterator[Drawn]:
    """Random answers that fit the schema on the wire, read."""
    assert step.output is not None
    assert step.output.lowered is not None
    drawer = Drawer(step.output.lowered, random.Random(seed))  # noqa: S311 - no secret
    wanted = format_of(shape.given)
    for _ in range(count):
        try:
            answer = drawer.answer()
        except DoesNotFitError:
            continue
        try:
            read_answer([given(answer, step)], step, wanted)
        except ValidationError as error:
            kinds = {item["type"] for item in error.errors(include_url=False)}
            yield Drawn(answer, tuple(sorted(kinds)), str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            yield Drawn(answer, (type(error).__name__,), str(error))
        else:
            yield Drawn(answer)
