"""Facts that contradict each other, or the wire they are stated for.

Lint reports them all. Of a user's file, those that no legal body comes out of stop the compilation too: the
shipped rules have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from smartllm.rules.contradictions.facts import FACT_CONTRADICTIONS
from smartllm.rules.contradictions.found import Contradiction, Found, facts_read
from smartllm.rules.contradictions.input import INPUT_CONTRADICTIONS
from smartllm.rules.contradictions.reasoning import budgets, ladder
from smartllm.rules.contradictions.tools import TOOL_CONTRADICTIONS
from smartllm.rules.vocabulary import DIALECTS, Dialect, Facts
from smartllm.rules.vocabulary.wire import PLACES, SOURCE_PLACES

__all__ = ["Found", "contradictions"]

_ALL: Final[tuple[Contradiction, ...]] = (*FACT_CONTRADICTIONS, *TOOL_CONTRADICTIONS, *INPUT_CONTRADICTIONS)
_SOURCES: Final = {f"input.{kind}.sources": places for kind, places in SOURCE_PLACES.items()}


def contradictions(facts: Facts, dialect: Dialect) -> Iterator[Found]:
    """What the facts of a model on a wire may not say."""
    yield from ladder(facts)
    yield from budgets(facts)
    for one in _ALL:
        if dialect in one.dialects and one.wrong(facts):
            paths = (one.path, *facts_read(one.wrong, facts))
            yield Found("R011", paths, one.message, one.breaks)
    for table, breaks in ((PLACES, True), (_SOURCES, False)):
        for path, dialects in table.items():
            value = attrgetter(path)(facts)
            for item in value if isinstance(value, tuple) else (value,):
                if dialect not in dialects.get(item, DIALECTS):
                    message = f"{path} = {item!r} has no place on this wire"
                    yield Found("R021", (path, "endpoints"), message, breaks)
