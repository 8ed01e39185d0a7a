"""What a provider would refuse about the form that an answer is asked to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .check_schemas import faults
from .check_tools import Judged
from .heard import JSON, Refused, dict_of

_WORD: Final = "json"


def formats(said: Judged) -> Iterator[Refused]:
    """What is wrong with the schema that binds the answer, or with JSON mode."""
    if _kind(said.body) == "json_object":
        yield from _json_mode(said)
    schema = said.bound
    if not isinstance(schema, Mapping) or not _is_strict(said.body):
        return
    for problem, values in faults(schema, said.facts):
        yield from said.wire.refused(f"format-{problem}", name=_name(said.body), **values)


def _json_mode(said: Judged) -> Iterator[Refused]:
    if not said.facts.structured.json_object:
        yield from said.wire.refused("json-mode")
    texts = (piece.text for turn in said.turns if turn.role != "assistant" for piece in turn.pieces)
    if not any(_WORD in text.lower() for text in texts):
        yield from said.wire.refused("json-word")


def _format(body: JSON) -> JSON:
    """The format on OpenAI's wires; an empty one on others."""
    return dict_of(dict_of(body.get("text")).get("format") or body.get("response_format"))


def _kind(body: JSON) -> Any:
    return _format(body).get("type")


def _inner(body: JSON) -> JSON:
    form = _format(body)
    return dict_of(form.get("json_schema")) or form


def _name(body: JSON) -> str:
    return str(_inner(body).get("name", ""))


def _is_strict(body: JSON) -> bool:
    """Whether the schema binds: on OpenAI's wires by a key, elsewhere always."""
    return not _format(body) or _inner(body).get("strict") is True
