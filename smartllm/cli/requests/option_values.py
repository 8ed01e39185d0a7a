"""Options of the shell that stand for more than one value: pairs, headers, a guardrail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

from smartllm.errors import RequestFileError
from smartllm.guardrail import Trace

_TRACES: Final = get_args(Trace)


def pairs_of(given: Iterable[str], option: str, between: str) -> dict[str, str]:
    """Names and values.

    Args:
        given: What was typed, a pair each.
        option: The option, for messages.
        between: What stands between name and value.

    Raises:
        RequestFileError: One is no pair, or a name is there twice.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, found, value = text.partition(between)
        name = name.strip()
        if not found or not name:
            # A header may be secret, whatever is wrong with it.
            raise RequestFileError(
                f"{option}: a pair is NAME{between}VALUE; one that was given has no {between!r}"
            )
        if name in pairs:
            raise RequestFileError(f"{option} {name}: it is given twice")
        pairs[name] = value.strip() if between == ":" else value
    return pairs


def guardrail_of(given: str, option: str) -> dict[str, str]:
    """The fields of a guardrail, whose id may be an ARN with colons in it.

    Raises:
        RequestFileError: There is no version.
    """
    id_, _, last = given.rpartition(":")
    trace = {}
    if last in _TRACES:
        trace = {"trace": last}
        id_, _, last = id_.rpartition(":")
    if not id_:
        raise RequestFileError(f"{option} {given}: a guardrail is ID:VERSION, such as gr12345678:1")
    return {"id": id_, "version": last, **trace}
