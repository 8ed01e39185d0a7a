"""How a host is called for a listed model: the spelling of its id, and what is wrong with another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from smartllm.errors import SmartLLMError
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.resolve import resolve
from smartllm.rules.target import served_on, target_for
from smartllm.rules.vocabulary import Host
from smartllm.rules.vocabulary.ids import Ids

Kind = Literal["prefixed", "bare", "bare-unknown", "unknown-prefix", "spelling"]

_OWN: Final = "custom-model"
"""ARNs of models that customers made; a host knows them by these alone."""


@dataclass(frozen=True)
class IdProblem:
    """Why a host would not take an id of a listed model.

    Attributes:
        kind: ``prefixed`` for the prefix of another server or host; ``bare`` where a geographic prefix is
            needed, and ``bare-unknown`` where nobody knows whether it is; ``unknown-prefix`` for one under
            which no inference profile is known; ``spelling`` where the host has another name for the model.
        use: The id to use.
        fact: Path of the fact that says so; empty where none is needed.
    """

    kind: Kind
    use: str
    fact: str = ""


def ids_on(model: str, host: Host, rules: RuleSet) -> Ids | None:
    """What is known of the ids of a model on a host; None for one that the rules do not list there."""
    try:
        found = resolve(model, rules)
        wires = served_on(found, host, rules)
        if not wires or found.how == "inferred":
            return None
        return target_for(found, host, wires[0], rules).facts.ids
    except SmartLLMError:
        return None


def usual_id(key: str, ids: Ids) -> str:
    """The id with which to call a host for a listed model.

    Args:
        key: The model's key.
        ids: What is known of its ids on the host.
    """
    name = ids.name or key
    return f"{ids.prefixes[0]}.{name}" if ids.prefixes and ids.bare != "accepted" else name


def usual_ids(key: str, ids: Ids) -> tuple[str, ...]:
    """All ids with which a host may be called for a listed model, the usual one first."""
    name = ids.name or key
    prefixed = [f"{prefix}.{name}" for prefix in ids.prefixes]
    bare = [name] if ids.bare == "accepted" or not prefixed else []
    return (*bare, *prefixed)


def id_problem(asked: str, key: str, ids: Ids, host: Host) -> IdProblem | None:
    """What is wrong with the id of a listed model, if anything is known to be.

    Args:
        asked: The id as given.
        key: The model's key.
        ids: What is known of its ids on the host.
        host: The host.
    """
    name = parse(asked)
    if name.fine_tuned or name.resource == _OWN:
        return None
    if name.route:
        own = id_problem(name.text, key, ids, host)
        return IdProblem("prefixed", own.use if own else name.text)
    if name.vendor is not None and name.host != host and not ids.name:
        return IdProblem("prefixed", name.dated)  # another host calls it so
    other = bool(ids.name) and name.name != ids.name and not name.name.startswith(f"{ids.name}:")
    if name.geo is None:
        return _bare(key, ids, other=other)
    if name.geo not in ids.prefixes and (ids.prefixes or ids.bare == "accepted"):
        return IdProblem("unknown-prefix", usual_id(key, ids), "ids.prefixes")
    return IdProblem("spelling", f"{name.geo}.{ids.name}", "ids.name") if other else None


def _bare(key: str, ids: Ids, *, other: bool) -> IdProblem | None:
    use = usual_id(key, ids)
    if ids.bare == "refused":
        return IdProblem("bare", use, "ids.bare")
    if other:
        return IdProblem("spelling", use, "ids.name")
    return IdProblem("bare-unknown", use, "ids.prefixes") if ids.bare == "unknown" and ids.prefixes else None
