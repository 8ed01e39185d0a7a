"""Calls in a conversation and their results: complete, in order, and in the form that the target takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.caching import calls_last, is_point
from smartllm.compiler.call_ids import CallIds
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.carry import joined, told_alone
from smartllm.compiler.tool_names import wire_names
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.input import MEDIA
from smartllm.rules.vocabulary.wire import KEPT_TURNS
from smartllm.text_parts import Text, parts_of

if TYPE_CHECKING:
    from smartllm.content import InputPart, ToolCall, ToolResult

_IN_PLACE: Final = ("reasoning", "other")
_SEPARATOR: Final = Turn("assistant", (Text("."),))
_EMPTY: Final = "(empty)"
_FAILED: Final = "Error: "


def calls(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Put each result where it belongs, and calls, ids, results and texts into a form that is taken.

    Raises:
        UnsupportedError: A call has no result, or a result no call; names the place and the call.
    """
    if intent.texts_alone or not any(turn.calls or turn.results for turn in intent.turns):
        return intent
    conversation = _Conversation(intent, facts, trace)
    turns = conversation.turns()
    custom = frozenset(conversation.custom)
    if (turns, custom) == (intent.turns, intent.custom):
        return intent
    return intent._replace(turns=turns, custom=custom)


class _Conversation:
    """Reads the turns once, from the first to the last."""

    def __init__(self, intent: Intent, facts: Facts, trace: Trace) -> None:
        self.given, self.facts, self.trace = intent.turns, facts, trace
        self.kept = any(intent.extra.get(key) for key in KEPT_TURNS.get(intent.dialect, ()))
        self.names = wire_names(intent, facts)
        self.ids = CallIds(facts)
        self.custom: set[str] = set()
        self.moved: tuple[InputPart, ...] = ()
        self.files = 0

    def turns(self) -> tuple[Turn, ...]:
        found: list[Turn] = []
        index = 0
        while index < len(self.given):
            turn = self.given[index]
            if not turn.calls:
                found += self._answered_elsewhere(turn, index) if turn.results else [turn]
                index += 1
                continue
            after = index + 1
            while after < len(self.given) and self.given[after].role == "user":
                after += 1
            while found and found[-1].role == "assistant" and self._joins:
                turn = joined(found.pop(), turn, self.trace)
            found += self._round(turn, index, after)
            index = after
        return tuple(found)

    def _answered_elsewhere(self, turn: Turn, index: int) -> list[Turn]:
        """A turn with results of calls that are not here: the provider has them, with all that was before."""
        if not self.kept or any(before.role == "assistant" for before in self.given[:index]):
            raise self._surplus(index, turn.results[0])
        return self._answers(tuple(self._result(one, one.call_id) for one in turn.results), (turn,))

    @property
    def _joins(self) -> bool:
        """Whether a text before a turn with calls would be joined with it, and may not stand there."""
        return self.facts.messages.alternate and not self.facts.calls.text_beside

    def _round(self, turn: Turn, index: int, after: int) -> list[Turn]:
        """A turn with calls, and the user's turns behind it that hold their results."""
        answers = self.given[index + 1 : after]
        asked = turn.calls
        results: dict[str, ToolResult] = {}
        known = [call.id for call in asked]
        for number, answer in enumerate(answers, index + 1):
            for result in answer.results:
                if result.call_id not in known or result.call_id in results:
                    raise self._surplus(number, result)
                results[result.call_id] = result
        for call in asked:
            if call.id not in results or known.count(call.id) > 1:
                raise self._missing(index, call, twice=known.count(call.id) > 1)
        ids = {call.id: self.ids.of(call.id, self.names.get(call.name, call.name)) for call in asked}
        if self._tell_ids(ids) and self._is_whole(turn):
            reason = "it goes back only with the very calls that follow it, whose ids had to change"
            turn = told_alone(turn, self.facts, self.trace, reason, "calls.ids")
        caller = self._caller(turn, [self._call(call, ids[call.id]) for call in asked])
        told = tuple(self._result(results[call.id], ids[call.id]) for call in asked)
        return [caller, *self._answers(told, answers)]

    def _caller(self, turn: Turn, asked: list[ToolCall]) -> Turn:
        """The turn with calls as they are taken; texts stand before calls, behind what keeps its place."""
        if self._is_whole(turn):
            return turn
        beside = self.facts.calls.text_beside
        texts = [part for part in turn.parts if isinstance(part, Text)]
        lost = [text for text in texts if not (beside and text.text.strip())]
        if lost:
            said = any(text.text.strip() for text in lost)
            self._changed(
                "call-text-dropped",
                asked="".join(text.text for text in lost),
                applied=None,
                reason="the model takes no text beside calls" if said else "a blank text was left out",
                fact="calls.text_beside",
                severity="warning" if said else "info",
            )
        new = iter(asked)
        parts = [next(new) if part.type == "tool_call" else part for part in turn.parts if part not in lost]
        led = max((place for place, part in enumerate(parts) if part.type in _IN_PLACE), default=0)
        return turn._replace(parts=(*parts[:led], *calls_last(parts[led:])))

    def _is_whole(self, turn: Turn) -> bool:
        """Whether the turn goes back as the very items of its answer."""
        return self.facts.carry.reasoning == "items" and bool(turn.blocks)

    def _answers(self, told: tuple[InputPart, ...], answers: tuple[Turn, ...]) -> list[Turn]:
        rests: list[tuple[InputPart, ...]] = [
            tuple(part for part in turn.parts if part.type != "tool_result") for turn in answers
        ]
        told = (*told, *(point for rest in rests for point in takewhile(is_point, rest)))
        head, *others = [tuple(dropwhile(is_point, rest)) for rest in rests]
        first: tuple[InputPart, ...] = (*self.moved, *head)
        self.moved = ()
        left = [Turn("user", rest) for rest in others if rest]
        if not first and not left:
            return [Turn("user", told)]
        apart = [part for rest in (first, *others) for part in rest if not self._beside(part)]
        if not apart:
            return [Turn("user", (*told, *first)), *left]
        self._changed(
            "results-apart",
            asked=None,
            applied=_SEPARATOR.texts[0],
            reason=f"no {_kind(apart[0])[0]} may stand beside results; "
            "a turn of the assistant stands between them",
            fact="calls.beside_results",
            severity="info",
        )
        behind = [Turn("user", first)] if first else []
        return [Turn("user", told), _SEPARATOR, *behind, *left]

    def _call(self, call: ToolCall, new: str) -> ToolCall:
        from smartllm.content import ToolCall  # noqa: PLC0415 - whoever has calls has loaded it

        free = call.custom and isinstance(call.arguments, str)
        if free and self.facts.tools.custom:
            self.custom.add(new)
            return ToolCall(new, call.name, call.arguments, custom=True)
        arguments = None if free else _object(call.arguments)
        if arguments is None:
            arguments = {"arguments": call.arguments}
            reason = "the arguments are no JSON object; they go as the text of a property"
            code, origin = "call-arguments-wrapped", Reason("derived", "messages")
            self.trace.changes.append(
                Change(code, "warning", "messages", "changed", call.arguments, arguments, reason, origin)
            )
        return ToolCall(new, call.name, arguments, own=call.own)

    def _result(self, result: ToolResult, new: str) -> ToolResult:
        from smartllm.content import ToolResult  # noqa: PLC0415 - see _call

        takes = self.facts.calls
        content, failed = result.content, result.error
        if result.parts:
            content = _content(self._without_moved(parts_of(content)))
        elif not isinstance(content, str) and not (isinstance(content, Mapping) and "json" in takes.results):
            content = json.dumps(content, ensure_ascii=False)
        if failed and takes.errors == "text":
            content = _failed(content)
            failed = False
            self._changed(
                "tool-error-as-text",
                asked=True,
                applied=_FAILED.strip(),
                reason="a result has no flag for errors here; its text says so",
                fact="calls.errors",
                severity="info",
            )
        if isinstance(content, str) and not content.strip() and not (takes.empty_results and not content):
            blank, content = content, "" if takes.empty_results else _EMPTY
            self._changed(
                "tool-result-filled",
                asked=blank,
                applied=content or None,
                reason="a result may not be blank",
                fact="calls.empty_results",
                severity="info",
            )
        return ToolResult(new, content, failed)

    def _without_moved(self, parts: tuple[InputPart, ...]) -> tuple[InputPart, ...]:
        """The parts of a result, with a word in place of each that must stand behind it."""
        found: list[InputPart] = []
        for part in parts:
            if part.type not in MEDIA or self.facts.calls.inside(*_kind(part)):
                found.append(part)
                continue
            self.files += 1
            found.append(Text(f"See file {self.files} below."))
            labelled = self.facts.calls.beside("text") or not self._beside(part)
            self.moved += (Text(f"File {self.files}:"), part) if labelled else (part,)
            self._changed(
                "result-media-moved",
                asked=part.type,
                applied="text",
                reason=f"a result holds no {part.type} here; it stands behind the result, which tells so",
                fact="calls.results",
                severity="info",
            )
        return tuple(found)

    def _beside(self, part: InputPart) -> bool:
        """Whether a part may follow results."""
        return part.type == "cache_point" or self.facts.calls.beside(*_kind(part))

    def _tell_ids(self, ids: Mapping[str, str]) -> bool:
        """Tell of changed ids; whether there are any."""
        changed = {asked: new for asked, new in ids.items() if asked != new}
        if changed:
            self._changed(
                "call-ids-changed",
                asked=list(changed),
                applied=list(changed.values()),
                reason="the model takes ids of another form, each once; they are the same in every turn",
                fact="calls.ids",
                severity="info",
            )
        return bool(changed)

    def _changed(self, code: str, **said: Any) -> None:
        self.trace.changed(code, "messages", whole=False, **said)

    def _missing(self, index: int, call: ToolCall, *, twice: bool) -> UnsupportedError:
        problem = "has the id of another" if twice else "has no result in the user's next turn"
        return UnsupportedError(
            f"messages[{index}]: the call {call.id!r} of {call.name} {problem}",
            field="messages",
            hint="give each call an id of its own"
            if twice
            else "answer each call with ToolResult(call_id, ...); error=True where it was not run",
        )

    def _surplus(self, index: int, result: ToolResult) -> UnsupportedError:
        return UnsupportedError(
            f"messages[{index}]: the result for {result.call_id!r} answers no open call of the turn before",
            field="messages",
            hint="keep each result in the turn after its call, once",
        )


def _kind(part: InputPart) -> tuple[str, str | None]:
    """What a part is beside results, or inside one; what is in the wire's words counts as text."""
    return (part.type, part.media_type) if part.type in MEDIA else ("text", None)  # type: ignore[union-attr]


def _content(parts: tuple[InputPart, ...]) -> str | list[InputPart]:
    """A result's texts as one; beside parts in the wire's words each stays in its place."""
    if all(isinstance(part, Text) for part in parts):
        return "\n\n".join(part.text for part in parts if isinstance(part, Text))
    return [part for part in parts if not isinstance(part, Text) or part.text.strip()]


def _failed(content: Any) -> Any:
    """What a result says that has no flag for errors."""
    if isinstance(content, list):
        return [Text(_FAILED.strip()), *content]
    return _FAILED + (content if isinstance(content, str) else json.dumps(content))


def _object(given: dict[str, Any] | str) -> dict[str, Any] | None:
    """The arguments of a call; an empty text is an empty object, and None is no object."""
    if not isinstance(given, str):
        return given
    try:
        found = json.loads(given) if given.strip() else {}
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
