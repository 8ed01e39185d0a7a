"""What a caller should know of an answer beside what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from smartllm.compiler import Step
from smartllm.compiler.answered_calls import Heard
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.diagnostics import Action, Diagnostic, Origin, Severity
from smartllm.said import Named, said

_ANSWER: Final = Origin("derived", "response")


def notes_on(heard: Sequence[Heard], steps: Sequence[Step]) -> tuple[Diagnostic, ...]:
    """The diagnostics of the answers to a plan.

    Args:
        heard: One a step that was made.
        steps: The steps.
    """
    answers = [one.answer for one in heard]
    return (
        *_cut(answers[0]),
        *_paused(answers[-1], steps[len(answers) - 1]),
        *_unfinished(answers),
        *_read([place for one in heard for place in one.read]),
        *_choices(sum(answer.choices_dropped for answer in answers)),
        *_unread(answers),
    )


def ending_notes(answer: Decoded) -> Iterator[Diagnostic]:
    """What structured data that fits is still to be doubted for.

    Args:
        answer: The answer that holds it.
    """
    if answer.finish_reason is None:
        word = (
            f"the word {answer.stop_reason!r}, which is not known"
            if answer.stop_reason
            else "no word for why"
        )
        severity: Severity = "warning" if answer.stop_reason else "info"
        reason = f"The answer ended with {word}: it fits, but may have been cut."
        yield _note("end-unknown", severity, "noted", answer.stop_reason, reason)


def _cut(answer: Decoded) -> Iterator[Diagnostic]:
    """An answer that was cut, perhaps before it said anything."""
    if answer.finish_reason != "length":
        return
    usage = answer.usage
    if not answer.is_empty:
        reason = said("The answer was cut before its end; raise {} for all of it.", Named("max_tokens"))
        yield _note("answer-cut", "info", "noted", usage.output_tokens, reason)
        return
    if usage.reasoning_tokens or answer.thoughts:
        spent = f"all {usage.output_tokens} output tokens" if usage.output_tokens else "all output tokens"
        reason = said(
            "The answer is empty: {} went into reasoning; raise {}, or ask for less effort.",
            spent,
            Named("max_tokens"),
        )
    else:
        reason = said("The answer is empty: it was cut before its first word; raise {}.", Named("max_tokens"))
    yield _note("answer-empty", "warning", "noted", usage.output_tokens, reason)


def _paused(answer: Decoded, step: Step) -> Iterator[Diagnostic]:
    if answer.stop_reason in FIELDS[step.dialect].paused:
        reason = "The provider paused the answer; send it back with response.as_message() to go on."
        yield _note("answer-paused", "info", "noted", answer.stop_reason, reason)


def _unfinished(answers: Sequence[Decoded]) -> Iterator[Diagnostic]:
    for call in [call for answer in answers for call in answer.tool_calls if call.unfinished]:
        reason = f"The answer ended before the call of {call.name} was whole; it should not be run."
        yield _note("call-unfinished", "warning", "noted", call.name, reason)


def _read(places: Sequence[str]) -> Iterator[Diagnostic]:
    if places:
        reason = f"The model wrote as text what the schema wants as a value: {', '.join(places)}."
        yield _note("call-arguments-read", "info", "changed", places, reason)


def _choices(dropped: int) -> Iterator[Diagnostic]:
    if dropped:
        reason = f"The provider gave {dropped} more choices, as extra asked for; only the first one is read."
        extra = Origin("extra", "extra")
        yield Diagnostic("choices-dropped", "warning", "extra", "dropped", dropped + 1, 1, reason, extra)


def _unread(answers: Sequence[Decoded]) -> Iterator[Diagnostic]:
    unread = Counter(part.kind for answer in answers for part in answer.unread)
    if unread:
        kinds = ", ".join(f"{number} {kind}" for kind, number in unread.items())
        reason = f"SmartLLM does not read these parts; response.parts has them as they were sent: {kinds}."
        yield _note("parts-unread", "info", "noted", dict(unread), reason)


def _note(code: str, severity: Severity, action: Action, asked: Any, reason: str) -> Diagnostic:
    return Diagnostic(code, severity, "response", action, asked, None, reason, _ANSWER)
