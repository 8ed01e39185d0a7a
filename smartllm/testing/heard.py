"""What a request says of tools and of their calls, read from the body of any wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

JSON = Mapping[str, Any]
_DEEPEST: Final = 500
"""Levels of what is read; every provider's own bound is lower."""


def json_of(data: bytes) -> Any:
    """A body as JSON.

    Raises:
        ValueError: It is none, or nested so deeply that nothing here could walk through it.
    """
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level, depth = [found], 0
    while level:
        if (depth := depth + 1) > _DEEPEST:
            raise ValueError("nested too deeply")
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, (dict, list))]
    return found


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An error of the provider.

    Attributes:
        message: Its text.
        code: Its code, where the wire has one.
        param: The parameter that it names, where the wire does.
        status: The HTTP status.
        fact: The path of the fact behind it, where the check knows it.
    """

    message: str
    code: str | None = None
    param: str | None = None
    status: int = 400
    fact: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Its text."""
        return self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A declared tool.

    Attributes:
        place: Where it stands, in the wire's own way of naming places.
        kind: ``function``, ``custom``, or the wire's word for one of the provider's own.
        own: Its declaration; of a function what its name stands in.
        name: Its name; empty where it has none.
        schema: Of its input; None where there is none.
    """

    place: str
    kind: str
    own: JSON
    name: str = ""
    schema: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice among tools.

    Attributes:
        said: There is one at all.
        forces: It forces a call: of any tool, or of those that are named.
        names: The tools that it names.
        some: It names some of several.
        parallel: Whether several calls may come at once; None where nothing is said.
        wrong: Words for a choice that this wire, or any model on it, cannot take.
    """

    said: bool = False
    forces: bool = False
    names: Sequence[str] = ()
    some: bool = False
    parallel: bool | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a turn.

    Attributes:
        kind: What it is.
        place: Where it stands, in the wire's own way of naming places.
        own: As it stands in the body.
        id: Of a call, or of the call that a result answers.
        name: Of the called tool.
        arguments: Of a call.
        kinds: Of what a result holds.
        text: The text, of a text.
    """

    kind: Literal["text", "call", "result", "reasoning", "media", "other"]
    place: str
    own: Any = None
    id: str = ""
    name: str = ""
    arguments: Any = None
    kinds: Sequence[str] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A turn: all that one side says until the other does; ``place`` is that of its last message."""

    role: str
    place: str
    pieces: Sequence[Piece]

    def of(self, kind: str) -> list[Piece]:
        """Its parts of a kind."""
        return [piece for piece in self.pieces if piece.kind == kind]


Words = Mapping[str, Refused]
"""What a wire says of each problem that it refuses, with the names of values in braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWire:
    """How one wire speaks of tools.

    Attributes:
        declared: Reads the tools.
        chosen: Reads the choice.
        turns: Reads the turns.
        bound: Reads the schema that binds the answer, as the wire itself has it; None where there is none.
        words: Its errors; a problem that is not here is none on this wire.
        ids: Pattern of a call's id; empty for any.
        ordered: Results must stand in the turn after their calls, before all else.
        text_arguments: Arguments are the text of an object, not one.
        known_keys: Keys of a function's declaration; empty where others are no error.
    """

    declared: Callable[[JSON], list[Declared]]
    chosen: Callable[[JSON], Chosen]
    turns: Callable[[JSON], list[Heard]]
    bound: Callable[[JSON], Any]
    words: Words
    ids: str = ""
    ordered: bool = True
    text_arguments: bool = False
    known_keys: frozenset[str] = field(default_factory=frozenset)

    def refused(self, problem: str, **values: object) -> Iterator[Refused]:
        """The error for a problem, if the wire makes one of it."""
        yield from told(self.words, problem, **values)


def told(words: Words, problem: str, /, **values: object) -> Iterator[Refused]:
    """The error that a wire makes of a problem; none where it has no words for it."""
    known = words.get(problem)
    if known is None:
        return
    param = None if known.param is None else known.param.format(**values)
    yield Refused(known.message.format(**values), known.code, param, known.status)


def joined(turns: Sequence[Heard]) -> list[Heard]:
    """The turns, with neighbours of one role as one."""
    found: list[Heard] = []
    for turn in turns:
        if found and found[-1].role == turn.role:
            pieces = (*found.pop().pieces, *turn.pieces)
            found.append(Heard(role=turn.role, place=turn.place, pieces=pieces))
        else:
            found.append(turn)
    return found


def said(place: str, content: Any, own: Any = None) -> list[Piece]:
    """The pieces of what a message says on OpenAI's wires: a text, or a list of parts.

    Args:
        place: Where it stands.
        content: It.
        own: As ``Piece.own``.
    """
    if isinstance(content, str):
        return [Piece(kind="text", place=place, own=own, text=content)]
    parts = (dict_of(part) for _, part in listed(content))
    return [
        Piece(
            kind="text" if "text" in part else "media",
            place=place,
            own=own,
            text=str(part.get("text", "")),
        )
        for part in parts
    ]


def listed(value: Any) -> list[tuple[int, Any]]:
    """The items of a list with their numbers; none of what is no list."""
    return list(enumerate(value)) if isinstance(value, list) else []


def dict_of(value: Any) -> JSON:
    """An object; an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}
