"""What the facts of input beside text and of caching may not say together; rows of R011."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from smartllm.rules.contradictions.found import Contradiction
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.input import KINDS, is_among
from smartllm.rules.vocabulary.wire import OPENAI_WIRES


def _formless(kind: str) -> Callable[[Facts], bool]:
    def wrong(facts: Facts) -> bool:
        found: Any = getattr(facts.input, kind)
        return bool(found.sources) and not found.formats

    return wrong


def _results_hold_more(facts: Facts) -> bool:
    held = {*KINDS}.intersection(facts.calls.results) | (
        {"document"} if facts.calls.result_documents else set()
    )
    return not held <= {*facts.input.kinds}


def _foreign(facts: Facts, name: str) -> bool:
    document = facts.input.document
    return not all(is_among(one, document.formats) for one in getattr(document, name))


INPUT_CONTRADICTIONS: Final[list[Contradiction]] = [
    *(
        Contradiction(f"input.{kind}.formats", f"{kind} is taken, but in no format", _formless(kind))
        for kind in KINDS
    ),
    Contradiction(
        "input.image.many_pixels",
        "many and many_pixels are stated together",
        lambda facts: (facts.input.image.many is None) != (facts.input.image.many_pixels is None),
    ),
    Contradiction(
        "input.image.many_pixels",
        "the longest side in a request of many is above the longest of all",
        lambda facts: (facts.input.image.many_pixels or 0) > (facts.input.image.max_pixels or float("inf")),
    ),
    Contradiction(
        "input.document.max_total",
        "all documents together may be smaller than one",
        lambda facts: (
            (facts.input.document.max_total or float("inf")) < (facts.input.document.max_bytes or 0)
        ),
    ),
    Contradiction(
        "input.document.cited",
        "citations and what can be cited are stated together",
        lambda facts: facts.input.document.citations != bool(facts.input.document.cited),
    ),
    Contradiction(
        "input.document.cited",
        "what can be cited is not taken",
        lambda facts: bool(facts.input.document.sources) and _foreign(facts, "cited"),
    ),
    Contradiction(
        "input.document.seen",
        "pages are seen of what is not taken",
        lambda facts: bool(facts.input.document.sources) and _foreign(facts, "seen"),
    ),
    Contradiction(
        "input.document.seen_if_cited",
        "pages are seen where they are cited, but none can be cited or none is seen",
        lambda facts: (
            facts.input.document.seen_if_cited
            and not (facts.input.document.cited and facts.input.document.seen)
        ),
    ),
    Contradiction(
        "calls.results",
        "a result holds what no turn of the user may hold",
        _results_hold_more,
    ),
    Contradiction(
        "caching.where",
        "marks and their places are stated together",
        lambda facts: bool(facts.caching.points) != bool(facts.caching.where),
    ),
    Contradiction(
        "caching.where",
        "a mark stands among tools, but function tools are never accepted",
        lambda facts: "tools" in facts.caching.where and facts.tools.functions == "never",
    ),
    Contradiction(
        "caching.after",
        "a mark stands in turns, but behind nothing",
        lambda facts: "messages" in facts.caching.where and not facts.caching.after,
    ),
    Contradiction(
        "caching.ttls",
        "a mark asks for a time, but no mark is taken",
        lambda facts: bool(facts.caching.ttls) and not facts.caching.points,
    ),
    Contradiction(
        "caching.breakpoints",
        "breakpoints are taken, but no mark is",
        lambda facts: facts.caching.breakpoints and not facts.caching.points,
    ),
    Contradiction(
        "caching.points",
        "a mark is taken, but no breakpoints are, which marks are on this wire",
        lambda facts: bool(facts.caching.points) and not facts.caching.breakpoints,
        breaks=True,
        dialects=OPENAI_WIRES,
    ),
    Contradiction(
        "caching.options_ttls",
        "options take a time, but no options are taken",
        lambda facts: bool(facts.caching.options_ttls) and not facts.caching.breakpoints,
        breaks=True,
    ),
    Contradiction(
        "caching.retention",
        "a prompt is retained by a request's word, but none is kept",
        lambda facts: bool(facts.caching.retention) and not facts.caching.implicit,
    ),
]
