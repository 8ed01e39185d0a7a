"""What a provider would refuse about calls, results and reasoning in a conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .check_tools import Judged, name_problems
from .heard import Heard, Piece, Refused

_MEDIA: Final = frozenset({"image", "document", "audio", "video"})
"""What some models refuse in a result; of the provider's own kinds none was seen to."""
_NINE: Final = re.compile(r"[A-Za-z0-9]{9}")


def conversations(said: Judged) -> Iterator[Refused]:
    """What is wrong with the turns."""
    calls = [piece for turn in said.turns for piece in turn.of("call")]
    results = [piece for turn in said.turns for piece in turn.of("result")]
    if (calls or results) and not said.declared and said.facts.calls.declared:
        yield from said.wire.refused("undeclared")
    if (calls or results) and said.facts.tools.functions == "never":
        yield from said.wire.refused("functions")
    yield from _matched(said) if said.wire.ordered else _answered(said, calls, results)
    yield from _ids(said, calls)
    for call in calls:
        yield from _call(call, said)
    for result in results:
        yield from _result(result, said)
    for turn in said.turns:
        yield from _beside(turn, said)


def _matched(said: Judged) -> Iterator[Refused]:
    """Each call is answered once, in the very next turn and before all else in it."""
    open_calls: list[Piece] = []
    for number, turn in enumerate(said.turns):
        results = turn.of("result")
        known = [call.id for call in open_calls]
        for result in results:
            where = {"place": result.place, "turn": turn.place, "id": result.id}
            if result.id not in known:
                yield from said.wire.refused("surplus", **where)
            elif [one.id for one in results].count(result.id) > 1:
                yield from said.wire.refused("answered-twice", **where)
        open_calls = turn.of("call")
        after = said.turns[number + 1] if number + 1 < len(said.turns) else None
        answers = after.of("result") if after else []
        first = list(after.pieces[: len(answers)]) if after else []
        missing = [call.id for call in open_calls if call.id not in {one.id for one in answers}]
        late = [] if first == answers else [call.id for call in open_calls]
        if missing or late:
            values = {"place": turn.place, "ids": ", ".join(missing or late), "next": after and after.place}
            yield from said.wire.refused("unanswered" if missing else "results-late", **values)


def _answered(said: Judged, calls: list[Piece], results: list[Piece]) -> Iterator[Refused]:
    """Each call is answered once, wherever."""
    answers = [result.id for result in results]
    for call in calls:
        if call.id not in answers:
            yield from said.wire.refused("unanswered", id=call.id)
    known = [piece.id for turn in said.turns for piece in turn.pieces if piece.kind in {"call", "other"}]
    earlier = said.body.get("previous_response_id") or said.body.get("conversation")
    for result in results:
        if result.id not in known and not earlier:
            yield from said.wire.refused("surplus", id=result.id)
        elif answers.count(result.id) > 1:
            yield from said.wire.refused("answered-twice", id=result.id)


def _ids(said: Judged, calls: list[Piece]) -> Iterator[Refused]:
    facts, wire, seen = said.facts.calls, said.wire, set[str]()
    for call in calls:
        parent = call.place.rpartition(".")[0]
        where = {"place": call.place, "parent": parent, "id": call.id, "length": len(call.id)}
        if call.id in seen:
            yield from wire.refused("same-id", **where)
        seen.add(call.id)
        if len(call.id) > facts.ids_max:
            yield from wire.refused("id-long", most=facts.ids_max, **where)
        if wire.ids and re.fullmatch(wire.ids, call.id, re.ASCII) is None:
            yield from wire.refused("id", **where)
        # The form ``counted`` is no demand: calls of another form confuse the model, and are accepted.
        if facts.ids == "nine" and _NINE.fullmatch(call.id) is None:
            yield from wire.refused("id-nine", **where)


def _call(call: Piece, said: Judged) -> Iterator[Refused]:
    yield from name_problems(call.name, call.place, said, "call-name")
    if not _is_object(call.arguments, text=said.wire.text_arguments):
        yield from said.wire.refused("arguments", place=call.place)


def _is_object(arguments: Any, *, text: bool) -> bool:
    if not text:
        return isinstance(arguments, Mapping)
    try:
        return isinstance(arguments, Mapping) or isinstance(json.loads(arguments), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def _result(result: Piece, said: Judged) -> Iterator[Refused]:
    facts, wire = said.facts.calls, said.wire
    if "status" in result.own and facts.errors == "text":
        yield from wire.refused("flag")
    if not result.kinds and not facts.empty_results:
        yield from wire.refused("empty-result", place=result.place)
    for kind in result.kinds:
        some = kind == "document" and facts.result_documents  # which, is seen with the document's type
        if kind in _MEDIA and kind not in facts.results and not some:
            timed = kind in {"audio", "video"} and "result-time" in wire.words
            yield from wire.refused("result-time" if timed else "result-kind", kind=kind, place=result.place)


def _beside(turn: Heard, said: Judged) -> Iterator[Refused]:
    facts, wire = said.facts.calls, said.wire
    texts = turn.of("text")
    if turn.of("call") and texts and not facts.text_beside:
        yield from wire.refused("text-beside")
    if turn.of("result") and texts and "text" not in facts.beside_results:
        yield from wire.refused("beside-results")
    for text in texts:
        # Beside a document, white space was seen to pass.
        if not text.text or not (text.text.strip() or turn.of("media")):
            yield from wire.refused("blank", place=text.place)
