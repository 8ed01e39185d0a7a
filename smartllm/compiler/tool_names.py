"""Names of tools on the wire: the same for the same conversation, and told back by the plan."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Final

from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.compiler.own_tools import own_name
from smartllm.rules.vocabulary import Facts

_FORMS: Final = {"dashed": re.compile(r"[A-Za-z0-9_-]+"), "word": re.compile(r"[A-Za-z][A-Za-z0-9_]*")}
_NOT_IN: Final = {"dashed": re.compile(r"[^A-Za-z0-9_-]"), "word": re.compile(r"[^A-Za-z0-9_]")}
_LETTER: Final = re.compile(r"[A-Za-z]")


def called_in(intent: Intent) -> tuple[str, ...]:
    """The caller's names of the tools that the conversation calls, each once, in order."""
    if intent.texts_alone:
        return ()
    return tuple(dict.fromkeys(call.name for turn in intent.turns for call in turn.calls))


def wire_names(intent: Intent, facts: Facts) -> dict[str, str]:
    """Names on the wire by the caller's, of the tools that cannot go by their own: declared or only called.

    Declared tools come before those that the conversation calls, and those before later ones, so that a name
    stays what it is however long the conversation becomes. A declared name that is legal is nobody else's,
    nor is that of a tool in the words of the wire, which goes as it is written.
    """
    declared = [tool.name for tool in intent.tools if isinstance(tool, ToolPlan)]
    legal = {name for name in declared if _is_legal(name, facts)}
    legal |= {own_name(tool) for tool in intent.tools if not isinstance(tool, ToolPlan)}
    taken, found = set(legal), dict[str, str]()
    for name in dict.fromkeys([*declared, *called_in(intent)]):
        if name in legal:
            continue
        if name not in taken and _is_legal(name, facts):
            taken.add(name)
        else:
            found[name] = _free(name, facts, taken)
    return found


def wire_name(intent: Intent, name: str) -> str:
    """The name of a tool on the wire, after the tools pass."""
    return (intent.names or {}).get(name, name)


def free_name(intent: Intent, name: str, facts: Facts) -> str:
    """A legal name near to this one that no tool has: none of those declared, and none that was called."""
    declared = (tool.name if isinstance(tool, ToolPlan) else own_name(tool) for tool in intent.tools)
    taken = {wire_name(intent, other) for other in (*declared, *called_in(intent))}
    return name if name not in taken and _is_legal(name, facts) else _free(name, facts, taken)


def _is_legal(name: str, facts: Facts) -> bool:
    return len(name) <= facts.tools.name_max and _FORMS[facts.tools.name].fullmatch(name) is not None


def _free(name: str, facts: Facts, taken: set[str]) -> str:
    """A legal name near to this one that nobody has; it is taken from now on."""
    stem = _NOT_IN[facts.tools.name].sub("_", name) or "tool"
    if facts.tools.name == "word" and not _LETTER.match(stem):
        stem = f"tool_{stem}"
    found = next(filter(lambda one: one not in taken, _likely(stem, facts.tools.name_max)))
    taken.add(found)
    return found


def _likely(stem: str, most: int) -> Iterable[str]:
    ends = map("_{}".format, itertools.count(2))
    return itertools.chain([stem[:most]], (stem[: most - len(end)] + end for end in ends))
