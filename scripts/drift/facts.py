"""The facts that are compared: what the rules say, when a claim agrees, how a claim is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartllm.rules import Facts, Target
from smartllm.rules.names import parse
from smartllm.words import EFFORTS

Written = dict[str, Any]
"""Facts as a row states them, by dotted path."""


@dataclass(frozen=True)
class Ours:
    """What the rules say of a model at one host.

    Attributes:
        key: Its row.
        host: The host.
        target: It on its first wire there.
        wires: Its wires there.
        today: The day on which it is asked.
    """

    key: str
    host: str
    target: Target
    wires: tuple[str, ...]
    today: dt.date

    @property
    def facts(self) -> Facts:
        """Its facts."""
        return self.target.facts


def _equal(mine: Any, theirs: Any, _ours: Ours) -> bool:
    return bool(mine == theirs)


def _as_is(path: str) -> Callable[[Any, Ours], Written]:
    return lambda theirs, _ours: {path: theirs}


def _unsaid(_theirs: Any, _ours: Ours) -> Written:
    """A claim that does not say which of several values a row should have."""
    return {}


@dataclass(frozen=True)
class Compared:
    """A fact that is compared.

    Attributes:
        ours: What the rules say, in the words of the claims.
        written: The facts that state the claim in a row; none where the claim leaves that open.
        agree: Whether a claim is what the rules say.
        shown: A claim that differs as it is reported: of many values in one those in dispute.
    """

    ours: Callable[[Ours], Any]
    written: Callable[[Any, Ours], Written]
    agree: Callable[[Any, Any, Ours], bool] = _equal
    shown: Callable[[Any, Any], Any] = lambda theirs, _mine: theirs


def _window(mine: Any, theirs: Any, ours: Ours) -> bool:
    """Some catalogues state the window, some the window less the output."""
    return theirs in {mine, (mine or 0) - (ours.facts.limits.max_output or 0)}


def _levels_agree(mine: Any, theirs: Any, _ours: Ours) -> bool:
    return all((level in mine) == accepted for level, accepted in theirs.items())


def _levels_shown(theirs: Any, mine: Any) -> list[str]:
    """Those in dispute, with a sign."""
    return [("+" if yes else "-") + level for level, yes in theirs.items() if (level in mine) != yes]


def _levels_written(theirs: Any, ours: Ours) -> Written:
    """All levels, where a claim or its report gives some of them."""
    mine = ours.facts.effort.levels
    if isinstance(theirs, list):
        theirs = {level[1:]: level[0] == "+" for level in theirs}
    levels = [level for level in EFFORTS if theirs.get(level, level in mine)]
    return {"effort.levels": levels}


def _life(theirs: dt.date, ours: Ours) -> Written:
    state = "retired" if theirs <= ours.today else "legacy"
    return {"lifecycle.state": state, "lifecycle.shutdown": theirs}


def _successor(mine: Any, theirs: Any, ours: Ours) -> bool:
    """A model that is gone needs none."""
    return parse(str(theirs)).key == mine or (mine is None and ours.facts.lifecycle.state == "retired")


def _sampled(mine: Any, theirs: Any, _ours: Ours) -> bool:
    """A catalogue says yes or no, and may mean either where it depends on the effort."""
    return bool(mine != "never" if theirs else mine != "always")


def _never(*paths: str) -> Callable[[Any, Ours], Written]:
    return lambda theirs, _ours: {} if theirs else dict.fromkeys(paths, "never")


def _native(theirs: bool, _ours: Ours) -> Written:
    return {"structured.native": theirs, "structured.prefer": "native" if theirs else "tool"}


def _within(mine: Any, theirs: Any, _ours: Ours) -> bool:
    """A catalogue lists some of the prefixes."""
    return set(theirs) <= set(mine)


def _spelled(mine: Any, theirs: Any, _ours: Ours) -> bool:
    """A catalogue may list several spellings."""
    return mine in theirs


def _prefixes(theirs: Any, ours: Ours) -> Written:
    """All that are known, in the order of the table: us first, global last."""
    known = {*theirs, *ours.facts.ids.prefixes}
    return {"ids.prefixes": sorted(known, key=lambda prefix: (prefix != "us", prefix == "global", prefix))}


def _prefixes_shown(theirs: Any, mine: Any) -> list[str]:
    """Those that the rules lack."""
    return [prefix for prefix in theirs if prefix not in mine]


COMPARED: Final[Mapping[str, Compared]] = {
    "limits.max_output": Compared(lambda our: our.facts.limits.max_output, _as_is("limits.max_output")),
    "limits.context": Compared(lambda our: our.facts.limits.context, _as_is("limits.context")),
    "limits.input": Compared(lambda our: our.facts.limits.context, _as_is("limits.context"), _window),
    "effort.levels": Compared(
        lambda our: list(our.facts.effort.levels), _levels_written, _levels_agree, _levels_shown
    ),
    "effort.default": Compared(lambda our: our.facts.effort.default, _as_is("effort.default")),
    "endpoints": Compared(lambda our: sorted(our.wires), _as_is("endpoints")),
    "lifecycle.shutdown": Compared(lambda our: our.facts.lifecycle.shutdown, _life),
    "lifecycle.end": Compared(
        lambda our: our.facts.lifecycle.shutdown or our.facts.lifecycle.not_before, _unsaid
    ),
    "lifecycle.ended": Compared(lambda our: our.facts.lifecycle.state in {"legacy", "retired"}, _unsaid),
    "lifecycle.successor": Compared(
        lambda our: our.facts.lifecycle.successor,
        lambda theirs, _our: {"lifecycle.successor": parse(str(theirs)).key},
        _successor,
        lambda theirs, _mine: parse(str(theirs)).key,
    ),
    "streaming": Compared(lambda our: our.facts.streaming, _as_is("streaming")),
    "structured.native": Compared(lambda our: our.facts.structured.native, _native),
    "tools.functions": Compared(
        lambda our: our.facts.tools.functions != "never", _never("tools.functions", "tools.forced")
    ),
    "tools.forced": Compared(lambda our: our.facts.tools.forced != "never", _never("tools.forced")),
    "messages.prefill": Compared(lambda our: our.facts.messages.prefill, _as_is("messages.prefill")),
    "sampling": Compared(lambda our: our.facts.sampling, _never("sampling"), _sampled),
    "thinking": Compared(lambda our: bool(our.facts.thinking.modes or our.facts.effort.levels), _unsaid),
    "thinking.always": Compared(lambda our: our.facts.thinking.default == "always", _unsaid),
    "input.image": Compared(lambda our: "image" in our.facts.input.kinds, _unsaid),
    "input.document": Compared(lambda our: "document" in our.facts.input.kinds, _unsaid),
    "caching": Compared(lambda our: bool(our.facts.caching.ways), _unsaid),
    "caching.min_tokens": Compared(lambda our: our.facts.caching.min_tokens, _as_is("caching.min_tokens")),
    "ids.prefixes": Compared(lambda our: list(our.facts.ids.prefixes), _prefixes, _within, _prefixes_shown),
    "ids.name": Compared(
        lambda our: our.facts.ids.name or our.key, lambda theirs, _our: {"ids.name": theirs[0]}, _spelled
    ),
}

LIFE: Final = ("lifecycle.shutdown", "lifecycle.ended", "lifecycle.successor")
"""What is asked of a model that is gone."""
