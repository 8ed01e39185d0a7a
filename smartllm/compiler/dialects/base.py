"""What every dialect offers, and the few things that they spell alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.failure import reported
from smartllm.compiler.dialects.reading import ShapeError, shown, unicode_json, word
from smartllm.compiler.intent import Intent
from smartllm.compiler.report import Because, Report, fact
from smartllm.errors import ProviderError, ResponseError
from smartllm.rules.schema import Dialect, Facts
from smartllm.usage import Usage

DERIVED_MODEL = Because("request", "model")


@dataclass(frozen=True)
class Decoded:
    """A whole answer, read from the wire.

    Attributes:
        text: Answer text.
        stop_reason: The provider's word for why it stopped.
        usage: Token counts; zeros where the provider gave none.
        model: Model name in the answer, or None.
        thinking: Reasoning text, empty where none was shown.
        refusal: The model's own words of refusal, or None.
        structured: Input of the forced tool call, or None.
        request_id: The provider's id of the answer, or None.
        reasoning: The provider's reasoning blocks as they came, where it takes them back.
        raw: The answer as the wire sent it, with its texts made Unicode; of a stream, as the wire would have
            sent it in one piece.
        incomplete: The wire's reason why the answer is incomplete, or None.
        choices_dropped: Choices beside the first, which are not read.
    """

    text: str
    stop_reason: str
    usage: Usage
    model: str | None = None
    thinking: str = ""
    refusal: str | None = None
    structured: Any = None
    request_id: str | None = None
    reasoning: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    incomplete: str | None = None
    choices_dropped: int = 0


class DialectCode(ABC):
    """One wire format."""

    name: ClassVar[Dialect]
    operation: ClassVar[str]
    stream_operation: ClassVar[str]
    transport_keys: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def encode(self, intent: Intent, facts: Facts, report: Report) -> Body:
        """Spell a legal intent as a wire body."""

    def decode(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read an answer.

        Texts and structure must be what the wire promises; ids and counts of another type count as missing.

        Raises:
            ResponseError: The reply is JSON but not an answer, or holds nothing.
            ProviderError: It reports a failure.
        """
        reply = unicode_json(reply)
        try:
            if reply.get("error"):
                raise self.failed(reply, model, reply["error"])
            return self.read(reply, model)
        except ShapeError as error:
            raise unreadable(reply, model, f"has {error}") from None

    @abstractmethod
    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a reply that is no error object.

        Raises:
            ShapeError: A value is of another type than the wire promises.
            ResponseError: It is not an answer, or holds nothing.
            ProviderError: It reports a failure.
        """

    @abstractmethod
    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a reply.

        Raises:
            ShapeError: A value is of another type than the wire promises.
        """

    def failed(
        self,
        reply: Mapping[str, Any],
        model: str,
        error: Any,
        prefix: str = "the provider reported an error in its answer",
    ) -> ProviderError:
        """The error for a reply that reports a failure; it carries the text beside it."""
        try:
            partial = self.text_of(reply)
        except ShapeError:
            partial = ""
        return reported(error, model=model, prefix=prefix, request_id=word(reply.get("id")), partial=partial)

    @abstractmethod
    def curl(self, model: str, *, streamed: bool) -> tuple[str, tuple[str, ...]]:
        """URL and further curl arguments for a model, with secrets as shell variables."""


def reason(report: Report, name: str) -> Because:
    """Why an intent field has its value."""
    return report.because.get(name) or Because("derived", name)


def set_messages(
    body: Body, intent: Intent, facts: Facts, report: Report, *, path: str, kind: Mapping[str, str]
) -> None:
    """Spell the turns as OpenAI's wires do; system text comes first unless it has a field of its own.

    Args:
        body: Body under construction.
        intent: What is said.
        facts: Where system text goes.
        report: Why.
        path: Where the list of messages goes.
        kind: Further keys of each message.
    """
    turns = [
        {**kind, "role": str(turn.role), "content": text} for turn in intent.turns for text in turn.texts
    ]
    if intent.system is not None and facts.system != "instructions":
        turns.insert(0, {**kind, "role": facts.system, "content": intent.system})
        body.note((path, 0, "role"), fact("system"))
        body.note((path, 0, "content"), reason(report, "system_prompt"))
    body.set(path, turns, reason(report, "messages"))


def set_sampling(body: Body, intent: Intent, report: Report, paths: Mapping[str, str]) -> None:
    """Spell the sampling parameters that are left; ``paths`` says where each one goes."""
    for name, path in paths.items():
        value = getattr(intent, name)
        if value is not None:
            body.set(path, value, reason(report, name))


def set_limit(body: Body, intent: Intent, facts: Facts, report: Report) -> None:
    """Spell the output limit, where one may be sent."""
    if intent.max_tokens is not None:
        body.set(facts.limits.field, intent.max_tokens, reason(report, "max_tokens"))


def effort_reason(report: Report) -> Because:
    """Why the effort has its value: the caller's word, or the fact that changed it."""
    return report.because.get("reasoning_effort") or reason(report, "budget_tokens")


def not_an_answer(reply: Any, model: str, missing: str) -> ResponseError:
    """The error for a reply that lacks what makes it an answer."""
    return unreadable(reply, model, f"has no {missing}")


def unreadable(reply: Any, model: str, trouble: str) -> ResponseError:
    """The error for a reply that is not what the wire promises."""
    return ResponseError(
        f"the provider's reply {trouble}: {shown(reply)}",
        model=model,
        status=200,
        hint="check that the endpoint speaks the API that was chosen",
    )
