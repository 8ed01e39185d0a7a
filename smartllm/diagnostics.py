"""What the compiler changed and why: ``Diagnostic``, ``Origin`` and the catalogue of stable codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from smartllm.said import spoken
from smartllm.unicode import unicode_text

if TYPE_CHECKING:
    import datetime as dt

Level = Literal["ignore", "warn", "raise"]
"""What a caller wants done about changes: nothing, a logging warning and a record, or an error."""

LEVELS: Final[tuple[str, ...]] = get_args(Level)

Severity = Literal["info", "warning"]
"""``warning``: a wish was not met as written. ``info``: worth knowing, nothing was lost."""

Action = Literal["dropped", "ignored", "changed", "added", "inferred", "noted"]

OriginKind = Literal["request", "setting", "environment", "fact", "overlay", "default", "derived", "extra"]

CODES: Final[dict[str, str]] = {
    "answer-cut": "The answer was cut at its limit, or at the end of the context.",
    "answer-empty": "The answer was cut before it said anything: all its tokens went into reasoning.",
    "answer-paused": "The provider paused the answer; it goes on when it is sent back as a turn.",
    "answer-read": "A structured answer was not as asked to the letter; it was read as what it must mean.",
    "answer-unchecked": "A part of the caller's JSON Schema could not be checked on the answer.",
    "api-type-ignored": "The model is not served on OpenAI's APIs, so the requested api_type means nothing.",
    "asked-again": "An answer did not fit response_format; the model was asked again, as reasks allows.",
    "batch-recompiled": "A line is compiled to another body now than the one that the batch engine answered.",
    "batch-uncached": "A batch engine keeps no prompts, so marks for caching ask for nothing there.",
    "batch-unlisted": "Whether the batch engine runs this model is not known; its lines may all fail.",
    "budget-lowered": "The thinking budget was lowered so that it fits under the model's maximum output.",
    "budget-mapped": "The model takes an effort, not a budget; the nearest effort level was sent.",
    "budget-raised": "The thinking budget was below the model's minimum.",
    "cache-entry-too-large": "The answer is larger than an item of the shared cache may be.",
    "cache-point-dropped": "A cache point was left out: the model takes none there, or not so many.",
    "cache-point-moved": "A cache point stands before the part that it stood behind, where one is taken.",
    "cache-time-changed": "The model keeps prompts for other times than the one that was asked for.",
    "call-arguments-read": "A model wrote as text what a tool's schema wants as a value; it was read so.",
    "call-arguments-wrapped": "A call's arguments were no JSON object; they went as the text of a property.",
    "call-ids-changed": "Ids of calls have another form on the wire, the same in every turn.",
    "call-text-dropped": "The model takes no text beside calls in the conversation; it was left out.",
    "call-unfinished": "The answer was cut inside a call, or right behind it; the call should not be run.",
    "choices-dropped": "The answer had several choices; only the first one was read.",
    "citations-dropped": "What an earlier answer cited was left out: only its own wire takes it back.",
    "count-door": "Another door of the provider counted input tokens than the one that would answer.",
    "count-first-call": "Of a plan with two calls the input tokens of the first were counted.",
    "count-left-out": "Keys of the body that the endpoint which counts input tokens does not take.",
    "count-model-id": "Input tokens were counted by the model's own name, which has no prefix.",
    "count-unlisted": "Whether the host counts input tokens for this model is not known; it may refuse.",
    "detail-changed": "The model knows other details of pictures; the nearest was sent.",
    "detail-dropped": "The model cannot be told how closely to look; the detail was not sent.",
    "door-chosen": "Another door of the provider takes what its first one refuses or loses.",
    "document-as-text": "A document that is a text went as one.",
    "document-citations-dropped": "Documents cannot be cited here, or not all of them; none is.",
    "document-citations-widened": "All documents of a request are cited or none; now all are.",
    "document-pages-unseen": "A PDF is read as text alone here; with citations its pages are seen.",
    "document-text-added": "A text must stand in the turn of a document; a short one was added.",
    "documents-named": "Documents go by other names on the wire, where each needs one of its own.",
    "effort-clamped": "The model does not know the requested effort; the nearest level it knows was sent.",
    "effort-overridden": "Both an effort and a budget were given; one of them was not needed.",
    "end-unknown": "Why the answer ended is told by no word that is known; its structure fits all the same.",
    "extra-merged": "A value from extra={} was merged into the body verbatim.",
    "fallback-field-dropped": "A field is written for another provider or wire than that of the fallback.",
    "fallback-skipped": "A model of fallback was left out: the request cannot be compiled for it.",
    "fallback-used": "The model that was asked failed for good; the next one of fallback answered.",
    "fields-told": "The first of two steps was told the fields of the structure that its answer is put into.",
    "json-asked": "JSON mode needs somebody to ask for JSON; a sentence that does was added.",
    "lifecycle-ended": "The model is past its announced shutdown date.",
    "lifecycle-ending": "The model is within 90 days of its announced shutdown date.",
    "lifecycle-legacy": "The provider has declared the model legacy.",
    "markup-leaked": "A text of the answer holds markup of a call; other properties may be missing.",
    "malformed-repeated": "The provider called an answer malformed; the call was made again and both count.",
    "max-tokens-added": "No output limit was asked for, and one must be sent; it is the model's largest.",
    "max-tokens-clamped": "max_tokens was over the model's maximum output.",
    "max-tokens-dropped": "The model takes no output limit at the requested effort.",
    "max-tokens-grown": "max_tokens grew so that the thinking budget leaves the caller's to the answer.",
    "max-tokens-raised": "max_tokens was below the smallest value the API accepts.",
    "messages-merged": "Consecutive messages of one role were joined, as the wire needs alternating roles.",
    "model-id-bare": "The host takes the model's id only with a geographic prefix, or that is not known.",
    "model-id-door": "The provider's doors call the model differently; the id of this one was sent.",
    "model-id-prefixed": "The id has a prefix of another server or host, which is sent as it is.",
    "model-id-spelling": "The host has another name for the model.",
    "model-id-unknown-prefix": "No inference profile is known under this geographic prefix of the id.",
    "model-inferred": "The model is not listed; the facts of a listed relative or generation were taken.",
    "native-refused": "The provider's own schema mode cannot say the schema; a tool binds the answer.",
    "native-unsupported": "The provider refused its own schema mode for this model; a tool binds the answer.",
    "parameter-changed": "The model knows another value of this parameter; the nearest was sent.",
    "parameter-cut": "Some of this parameter's values are not taken here; the others were sent.",
    "parameter-dropped": "The model does not take this parameter here; it was not sent.",
    "part-dropped": "A part in the words of one wire was left out: this wire has no place for it.",
    "parts-unread": "The answer has parts that SmartLLM does not read; response.parts has them as sent.",
    "prefill-trimmed": "Trailing white space of a final assistant message was removed; the API refuses it.",
    "prompt-cache-dropped": "The model has no prompt caching, so prompt_cache asks for nothing.",
    "prompt-cache-key-dropped": "The model takes no key for its prompt cache.",
    "prompt-cache-short": "The prompt may be shorter than what the model keeps.",
    "reasoning-dropped": "Reasoning of an earlier answer was left out: only its model reads it, whole.",
    "reasoning-filled": "A turn with calls needs reasoning while the model thinks; an empty one was sent.",
    "result-media-moved": "A result cannot hold a picture or document here; it stands behind the result.",
    "results-apart": "Not all may stand beside results; a short turn of the assistant stands between them.",
    "sampling-dropped": "The model does not accept this sampling parameter here; it was not sent.",
    "sampling-exclusive": "The model accepts only one of two sampling parameters.",
    "sampling-lowered": "The sampling parameter was over the model's maximum.",
    "schema-changed": "The JSON Schema was rewritten to the subset that the target accepts.",
    "server-assumed": "A default port alone tells which server this is; compatible= says it for sure.",
    "system-turn-moved": "A system message was moved behind the user's messages, where the model takes it.",
    "tool-choice-dropped": "The model cannot be kept from calling tools here; the choice none was not sent.",
    "tool-choice-relaxed": "No tool can be forced here; the model may call one, or answer.",
    "tool-choice-required": "The answer is itself the call of a tool, so some tool must be called.",
    "tool-description-cut": "A tool's description was longer than the wire takes; its end was cut off.",
    "tool-error-as-text": "A result has no flag for errors here; its text says that the tool failed.",
    "tool-names-changed": "A tool goes by another name on the wire; answers have the caller's.",
    "tool-offered": "No tool can be forced; one is offered, and a second call made only if that is not used.",
    "tool-parallel-dropped": "There is no way to ask for one call at most here; several may come.",
    "tool-result-filled": "A blank result of a tool was changed to what the model takes.",
    "tool-schema-changed": "The JSON Schema of a tool was rewritten to what the target accepts.",
    "tool-strict-dropped": "The model takes no strict tools, or no more of them; this one is not bound.",
    "tool-thinking-skipped": "A forced tool is called without thinking, though thinking was asked for.",
    "tools-declared": "Tools that the conversation calls were declared, as the model demands.",
    "tools-narrowed": "Only the tools of the choice were declared; the wire cannot say a choice among more.",
    "tools-omitted": "The choice is none, so no tools were declared: the wire has no other way to say it.",
    "streaming-unavailable": "The model does not stream, or not with tools; the whole answer comes at once.",
    "thinking-in-limit": "The model thinks by itself within a max_tokens that is only the default.",
    "thinking-ignored": "The model cannot think; reasoning_effort or budget_tokens was not sent.",
    "thinking-left-off": "Calls or a prefill have no reasoning to go back, so this round does not think.",
    "thinking-off-impossible": "The model always thinks; the lowest effort was sent instead of none.",
    "verbosity-changed": "The model takes other verbosity levels; the nearest was sent.",
    "verbosity-dropped": "The model has no verbosity parameter.",
}
"""Every diagnostic code and what it means. Codes are stable; docs are generated from this table."""


@dataclass(frozen=True)
class Origin:
    """Where a value in the body, or the reason for a change, comes from.

    Attributes:
        kind: ``request`` (the caller said so), ``setting`` (the client's), ``environment`` (a variable),
            ``fact`` (the shipped rules), ``overlay`` (the user's rules), ``default``, ``derived`` (computed
            from others) or ``extra``.
        name: The request field, the setting, the variable, or the path of the fact, such as ``sampling``.
        file: Rules file, for facts and overlays.
        line: Line in that file.
        verified: Day on which the fact was last checked.
        source: Pages that state the fact.
        disputed: Where pages disagree: what each says, and what was chosen.
    """

    kind: OriginKind
    name: str
    file: str | None = None
    line: int | None = None
    verified: dt.date | None = None
    source: tuple[str, ...] = ()
    disputed: str | None = None

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}"
        if self.file is not None:
            text += f" {self.file}:{self.line}"
        told = [f"verified {self.verified.isoformat()}"] if self.verified else []
        told += ["disputed"] if self.disputed else []
        return f"{text} ({', '.join(told)})" if told else text

    def as_dict(self) -> dict[str, Any]:
        """The origin as JSON-ready data, without empty fields."""
        data: dict[str, Any] = {"kind": self.kind, "name": self.name}
        if self.file is not None:
            data |= {"file": self.file, "line": self.line}
        if self.verified is not None:
            data["verified"] = self.verified.isoformat()
        if self.source:
            data["source"] = list(self.source)
        if self.disputed:
            data["disputed"] = self.disputed
        return data


@dataclass(frozen=True)
class Diagnostic:
    """One change that the compiler made, or one thing that the caller should know.

    Attributes:
        code: Stable code, a key of ``CODES``.
        severity: ``warning`` where a wish was not met as written, else ``info``.
        path: The request field concerned.
        action: What was done.
        asked: The value that the caller (or a default) asked for.
        applied: The value that was sent, or None.
        reason: One sentence for people.
        origin: The fact that forced the change.
    """

    code: str
    severity: Severity
    path: str
    action: Action
    asked: Any
    applied: Any
    reason: str
    origin: Origin

    def __str__(self) -> str:
        return unicode_text(f"{self.severity} {self.code} {self.path}: {spoken(self.reason)} [{self.origin}]")

    def as_dict(self) -> dict[str, Any]:
        """The diagnostic as JSON-ready data."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "action": self.action,
            "asked": self.asked,
            "applied": self.applied,
            "reason": self.reason,
            "origin": self.origin.as_dict(),
        }
