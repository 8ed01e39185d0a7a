"""Streams of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.openai_responses.decode import FAILED, text_of
from smartllm.compiler.dialects.openai_responses.items import CALLS, is_remark
from smartllm.compiler.dialects.reading import an_object, optional_objects, table, text, word
from smartllm.compiler.dialects.stream import DONE, SILENT, Delta, StreamReader
from smartllm.unicode import unicode_text

_NO_PROGRESS: Final = frozenset({"response.in_progress", "response.queued", "keepalive"})
_TERMINAL: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
_DELTAS: Final = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "thinking",
    "response.reasoning_text.delta": "thinking",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "arguments",
}
"""What the deltas say."""
_CONFIRMED: Final = {"response.output_text.done": "text", "response.refusal.done": "refusal"}


_Place = tuple[str, Any, Any]


class ResponsesReader(StreamReader):
    """Reads the events of the Responses API; the last one holds the whole answer, with most servers."""

    def __init__(self, dialect: Decoder, model: str) -> None:
        super().__init__(dialect, model)
        self._response: Mapping[str, Any] = {}
        self._items: dict[Any, Mapping[str, Any]] = {}
        self._open: dict[_Place, list[str]] = {}
        self._confirmed: list[str] = []
        self._calls: dict[str, _Call] = {}
        self._annotations: list[Any] = []
        self._numbers = _Numbers()
        self._remarks: set[Any] = set()

    def take(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        kind = event.get("type")
        if kind == "response.output_text.delta" and not self.over and "error" not in event:  # nearly all
            self._numbers.add(event.get("sequence_number"))
            return self._new(event, "text", text(event.get("delta"), "delta"))
        if event is DONE:
            self.over = True
            return None
        if kind == "error" or event.get("error"):
            raise self.reported(event.get("error") or event)
        self._numbers.add(event.get("sequence_number"))
        if not isinstance(kind, str) or kind in _NO_PROGRESS or not kind.startswith("response."):
            return None
        if self.over:
            raise self.after_the_end(event)
        if kind in _TERMINAL:
            return self._end(an_object(event.get("response"), "response"), kind)
        if kind in _DELTAS:
            return self._new(event, _DELTAS[kind], text(event.get("delta"), "delta"))
        if kind in _CONFIRMED:
            return self._confirm(event, _CONFIRMED[kind])
        return self._item(event, kind)

    def whole(self) -> Mapping[str, Any]:
        """The response object of the last event, with the output that the others confirmed if it has none."""
        return self._response

    def _new(self, event: Mapping[str, Any], spoken: str, delta: str) -> Delta:
        place = _place(event, spoken)
        if spoken == "thinking":
            return self.thought(delta, place)
        if spoken == "arguments":
            call = self._call(event)
            call.said = True
            return self.called(call.index, call.id, call.name, delta)
        self._open.setdefault(place, []).append(delta)
        if spoken != "text":
            return SILENT
        said = self.said(delta, place)
        # What a model remarks on its way is shown with its reasoning.
        return said._replace(thinking=True) if event.get("output_index") in self._remarks else said

    def _item(self, event: Mapping[str, Any], kind: str) -> Delta:
        """An item begins, or has ended; the rest is progress alone."""
        if kind == "response.output_item.done":
            place = event.get("output_index")
            key = place if isinstance(place, int) else len(self._items)
            item = self._items[key] = an_object(event.get("item"), "item")
            return self._call_item(event, item, whole=True)
        if kind == "response.output_item.added":
            if is_remark(table(event.get("item"))):
                self._remarks.add(event.get("output_index"))
            return self._call_item(event, table(event.get("item")), whole=False)
        if kind == "response.output_text.annotation.added":
            self._annotations.append(event.get("annotation"))
        return SILENT

    def _call(self, event: Mapping[str, Any]) -> _Call:
        """The call that an event is about, by its place or its item's id."""
        place = event.get("output_index")
        item = event.get("item_id") or table(event.get("item")).get("id")
        return self._calls.setdefault(str(item if place is None else place), _Call(len(self._calls)))

    def _call_item(self, event: Mapping[str, Any], item: Mapping[str, Any], *, whole: bool) -> Delta:
        """A call begins, or has ended; what had no deltas is said now."""
        kind = item.get("type")
        if not isinstance(kind, str) or kind not in CALLS:
            return SILENT
        call = self._call(event)
        known = bool(call.id or call.name)
        call.id = word(item.get("call_id")) or word(item.get("id")) or call.id
        call.name = word(item.get("name")) or call.name
        piece = (word(item.get(CALLS[kind])) or "") if whole and not call.said else ""
        call.said = call.said or bool(piece)
        return SILENT if known and not piece else self.called(call.index, call.id, call.name, piece)

    def _confirm(self, event: Mapping[str, Any], spoken: str) -> Delta:
        """Hold a finished text against its deltas; one that had none is said now."""
        whole, place = text(event.get(spoken), spoken), self._place_of(event, spoken)
        deltas = unicode_text("".join(self._open.pop(place, [])))
        if deltas not in {"", unicode_text(whole)}:
            raise self._lost()
        if spoken == "refusal":
            return SILENT
        self._confirmed.append(unicode_text(whole))
        return SILENT if deltas else self.said(whole, place)

    def _place_of(self, event: Mapping[str, Any], spoken: str) -> _Place:
        """Where a finished text had its deltas; some servers number the two differently."""
        place = _place(event, spoken)
        alike = [known for known in self._open if known[0] == spoken]
        return place if place in self._open or len(alike) != 1 else alike[0]

    def _end(self, response: Mapping[str, Any], kind: str) -> Delta:
        if kind.removeprefix("response.") in FAILED or word(response.get("status")) in FAILED:
            raise self.reported(response.get("error") or {})
        given = optional_objects(response.get("output"), "response.output")
        rest = self.end()
        output = next(self._outputs(given), None)
        if output is None:
            self.ended = False
            raise self._lost()
        self._response = {**response, "output": output}
        self.over = True
        return rest if self.text else self.said(unicode_text(text_of(output)))

    def _outputs(self, given: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The outputs that say what the deltas said: the last event's, the items, one made of texts."""
        items = [self._items[key] for key in sorted(self._items)]
        last, said = unicode_text(text_of(given)), self.text
        fits = last == said or not said
        if fits and len(given) >= len(items):
            yield [self._as_ended(index, item) for index, item in enumerate(given)]
        if not said.endswith(last):
            return
        if unicode_text(text_of(items)) == said or not said:
            yield items
        if fits:
            yield [*given, *(item for item in items if item.get("type") != "message" and item not in given)]
        if "".join(self._confirmed) == said or (self._numbers.prove_all and not last):
            part = {"type": "output_text", "text": said, "annotations": self._annotations}
            message = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
            yield [*(item for item in items if item.get("type") != "message"), message]

    def _as_ended(self, index: int, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """An item of the last event, with its cipher as the end of the item itself told it."""
        ended = self._items.get(index, {})
        if item.get("type") != "reasoning" or ended.get("id") != item.get("id"):
            return item
        sealed = ended.get("encrypted_content")
        return {**item, "encrypted_content": sealed} if sealed else item

    def _lost(self) -> Exception:
        message = f"the stream's pieces do not add up to the answer{self._numbers.gap}"
        return self.broken(message, retryable=True)


class _Call:
    """A call under way.

    Attributes:
        index: Which of the answer's calls it is.
        id: Its id, as far as it is known.
        name: The tool's name, as far as it is known.
        said: Whether its arguments have begun.
    """

    def __init__(self, index: int) -> None:
        self.index, self.id, self.name = index, "", ""
        self.said = False


class _Numbers:
    """The numbers of the events: a hint, since not every server counts, or counts rightly.

    Attributes:
        gap: The first gap, for a message.
        prove_all: Whether they prove that no event was lost.
    """

    def __init__(self) -> None:
        self.gap = ""
        self.prove_all = True
        self._last = -1

    def add(self, number: Any) -> None:
        if number == self._last + 1 or (self._last == -1 and number == 1):
            self._last = number
            return
        if isinstance(number, int) and self._last >= 0:
            self.gap = self.gap or f": number {number} follows {self._last}"
        if isinstance(number, int):
            self._last = number
        self.prove_all = False


def _place(event: Mapping[str, Any], spoken: str) -> _Place:
    at = event.get("summary_index") if spoken == "thinking" else event.get("content_index")
    item = event.get("output_index")
    # As text what some server has instead of a number.
    return (
        spoken,
        item if item is None or isinstance(item, int) else str(item),
        at if at is None or isinstance(at, int) else str(at),
    )
