"""Where a wire has what other rooms ask for, and what its words mean: one table a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from smartllm.words import ApiType, FinishReason

if TYPE_CHECKING:
    from smartllm.rules.vocabulary import Facts

HEADER: Final = "header "
"""How a place begins that is no path of the body, but the name of a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """One wire's places and words.

    Attributes:
        api_type: The caller's word for the API.
        telemetry: Whose API it is, in OpenTelemetry's conventions; empty where they have no words of its own.
        limits: Where the output limit may stand.
        effort: Where the effort may stand.
        places: Where the parameters stand that do not stand at the top under their own names; ``{place}`` is
            the parameter's own fact. Of those that stand at several, the first.
        thinking: Where Claude's thinking object stands, or an empty string.
        turns: Where the turns stand.
        tools: Where tools may stand.
        choice: Where a forced tool choice stands, with the key under which its kind stands.
        citation: The key by which citations are known that the wire takes back, or an empty string.
        beta: Where the names of betas stand, or an empty string.
        stop: The field that tells why an answer stopped, as people know it.
        finish: What the words of that field mean; a word that is not here means nothing that we know.
        paused: Words of an answer that goes on when it is sent back as a turn.
        withheld: Words that tell that somebody withheld the answer, and who.
        full: Words that tell that prompt and answer fill the context.
        empty: Words with which an answer may hold nothing.
    """

    api_type: ApiType
    telemetry: str = ""
    limits: tuple[str, ...]
    effort: tuple[str, ...]
    places: Mapping[str, str] = field(default_factory=dict)
    thinking: str = ""
    turns: str = "messages"
    tools: tuple[str, ...] = ("tools",)
    choice: str = "tool_choice"
    citation: str = ""
    beta: str = ""
    stop: str
    finish: Mapping[str, FinishReason]
    paused: frozenset[str] = frozenset()
    withheld: Mapping[str, str] = field(default_factory=dict)
    full: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    def place_of(self, name: str, facts: Facts) -> str:
        """Where a parameter stands for a model: a path of the body, or a header."""
        place = self.places.get(name, name)
        return place.format(place=getattr(facts, name).place) if "{" in place else place

    def found(self, body: Mapping[str, Any], *places: str) -> Any:
        """The first value that stands in a body at one of these paths, or None."""
        for place in places:
            node: Any = body
            for key in place.split("."):
                node = node.get(key) if isinstance(node, Mapping) else None
            if node is not None:
                return node
        return None

    def limit(self, body: Mapping[str, Any]) -> int:
        """The output limit that a body states, in tokens; 0 where it states none."""
        stated = self.found(body, *self.limits)
        return stated if isinstance(stated, int) and not isinstance(stated, bool) else 0
