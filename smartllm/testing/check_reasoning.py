"""What a provider would refuse about reasoning that goes back."""

from __future__ import annotations

from collections.abc import Iterator

from .check_tools import Judged
from .heard import Heard, Piece, Refused
from .signature import changed, moved


def reasonings(said: Judged) -> Iterator[Refused]:
    """What is wrong with the reasoning in the turns, or with its lack."""
    for turn in said.turns:
        for piece in turn.of("reasoning"):
            yield from _CHECKED[said.facts.carry.reasoning](piece, turn, said)
    if said.facts.carry.leads and said.budget:
        yield from _led(said)


def _never(piece: Piece, _turn: Heard, said: Judged) -> Iterator[Refused]:
    yield from said.wire.refused("reasoning", place=piece.place)


def _sealed(piece: Piece, _turn: Heard, said: Judged) -> Iterator[Refused]:
    if piece.own.get("type") == "thinking":
        yield from said.wire.refused("reasoning", place=piece.place)


def _signed(piece: Piece, _turn: Heard, said: Judged) -> Iterator[Refused]:
    if piece.own.get("type") != "thinking":
        return
    signed, text = piece.own.get("signature"), piece.own.get("thinking", piece.own.get("text", ""))
    if signed is None:
        yield from said.wire.refused("unsigned", place=piece.place)
    elif not signed:
        yield from said.wire.refused("signature", place=piece.place)
    elif changed(signed, text):
        yield from said.wire.refused("changed", place=piece.place)
    elif said.facts.carry.prefix and moved(signed, said.body, int(piece.place.split(".")[1])):
        yield from said.wire.refused("prefix", place=piece.place)


def _items(piece: Piece, turn: Heard, said: Judged) -> Iterator[Refused]:
    where = {"place": piece.place, "id": piece.own.get("id", "")}
    if "summary" not in piece.own:
        yield from said.wire.refused("summary", **where)
    if said.body.get("store") is False and not piece.own.get("encrypted_content"):
        yield from said.wire.refused("not-stored", **where)
    after = list(turn.pieces)[list(turn.pieces).index(piece) + 1 :]
    follower = next((one for one in after if one.kind != "reasoning"), None)
    if follower is None or not follower.own.get("id"):
        yield from said.wire.refused("not-followed", **where)


def _text(_piece: Piece, _turn: Heard, _said: Judged) -> Iterator[Refused]:
    yield from ()  # a text is a text


_CHECKED = {"never": _never, "sealed": _sealed, "signed": _signed, "items": _items, "text": _text}


def _led(said: Judged) -> Iterator[Refused]:
    """While thinking has a budget, the last turn with calls, or a prefill, begins with its reasoning."""
    turn = next((turn for turn in reversed(said.turns) if turn.role == "assistant"), None)
    if turn is None or turn.pieces[0].kind == "reasoning":
        return
    if turn.of("call") or turn is said.turns[-1]:
        first = turn.pieces[0]
        found = "tool_use" if first.kind == "call" else first.kind
        yield from said.wire.refused("leads", place=first.place, found=found)
