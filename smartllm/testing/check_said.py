"""What a provider refuses of roles, of how an answer comes and how long it is, and of calls kept off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from .check_service import Served
from .heard import Refused, dict_of, listed

_UNSUPPORTED: Final = "Unsupported parameter: '{name}' is not supported with this model."
_UNKNOWN: Final = "Malformed input request: #: extraneous key [{name}] is not permitted."
_ADDED: Final = "additionalModelRequestFields"
_ROLES: Final = frozenset({"user", "assistant"})


def sayings(served: Served) -> Iterator[Refused]:
    """The errors that a request would get."""
    for check in (_streamed, _verbosity, _user, _roles, _no_calls, _budget):
        yield from check(served)


def _refused(served: Served, name: str) -> Refused:
    """The error for a key that the model does not take."""
    if served.openai:
        return Refused(_UNSUPPORTED.format(name=name), "unsupported_parameter", name)
    return Refused(_UNKNOWN.format(name=name.partition(".")[0]))


def _streamed(served: Served) -> Iterator[Refused]:
    if not served.streamed or served.facts.streaming:
        return
    if served.openai:
        words = (
            "Unsupported value: 'stream' does not support true with this model. Supported values are: false."
        )
        yield Refused(words, "unsupported_value", "stream")
    else:
        yield Refused("The model is unsupported for streaming.")


def _verbosity(served: Served) -> Iterator[Refused]:
    body = served.body
    place = "text.verbosity" if "input" in body else "verbosity"
    asked, levels = served.fields.found(body, place), served.facts.verbosity.levels
    if asked is None or asked in levels:
        return
    if not levels:
        yield _refused(served, place)
    else:
        taken = ", ".join(f"'{level}'" for level in levels)
        words = (
            f"Unsupported value: '{asked}' is not supported with this model. Supported values are: {taken}."
        )
        yield Refused(words, "unsupported_value", place)


def _user(served: Served) -> Iterator[Refused]:
    if served.said("user") is not None and not served.facts.user.accepted:
        yield _refused(served, "user" if served.openai else "metadata")


def _roles(served: Served) -> Iterator[Refused]:
    takes = served.facts.messages
    turns = [dict_of(turn).get("role") for _, turn in listed(served.body.get(served.fields.turns))]
    roles = [role for role in turns if role in _ROLES]
    if roles[:1] == ["assistant"] and not takes.leading_assistant:
        yield Refused(
            "A conversation must start with a user message. Try again with a conversation that starts with a "
            "user message."
        )
    twice = next((role for role, after in pairwise(turns) if role == after), None)
    if twice in _ROLES and takes.alternate:
        yield Refused(
            'messages: roles must alternate between "user" and "assistant", but found multiple '
            f'"{twice}" roles in a row'
        )


def _no_calls(served: Served) -> Iterator[Refused]:
    """A choice that keeps calls off, where only leaving the tools out does."""
    if served.facts.tools.none != "omit":
        return
    body = served.body
    said: Any = dict_of(body.get(_ADDED)).get("tool_choice") or body.get("tool_choice")
    if "none" in (said, dict_of(said).get("type")):
        yield _refused(served, "tool_choice")


def _budget(served: Served) -> Iterator[Refused]:
    thinking = (
        dict_of(served.fields.found(served.body, served.fields.thinking)) if served.fields.thinking else {}
    )
    budget, least = thinking.get("budget_tokens"), served.facts.thinking.min_budget
    if isinstance(budget, int) and budget < least:
        yield Refused(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {least}")
