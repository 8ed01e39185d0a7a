"""What a caller should know about the spelling of a model's id before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from smartllm.diagnostics import Diagnostic, Origin, Severity
from smartllm.errors import UnknownModelError
from smartllm.rules.hosts import doors_of
from smartllm.rules.ids import IdProblem, Kind, id_problem
from smartllm.rules.names import parse
from smartllm.rules.target import Target
from smartllm.said import id_named, said

_MODEL: Final = "{model}"
_REASONS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "prefixed": "{host} knows no such prefix, and the id is sent as it is; use {use}",
        "bare": "{host} takes no calls on demand of an id without a geographic prefix; use {use}",
        "bare-unknown": "whether {host} takes the id without a geographic prefix is not known; use {use}",
        "unknown-prefix": "no inference profile with this geographic prefix is known on {host}; use {use}",
        "spelling": "{host} has another name for the model; use {use}",
    }
)
_CODES: Final[Mapping[Kind, str]] = MappingProxyType({"bare-unknown": "bare"})


def id_notes(target: Target) -> tuple[Diagnostic, ...]:
    """A note where the host is known not to take the id as it is written.

    Args:
        target: Of a host itself, not of another server that speaks its API.

    Raises:
        UnknownModelError: The id stands in the path of the call and cannot be right there.
    """
    found, in_path = target.resolution, _MODEL in target.route.path
    if in_path:
        _check_path(found.asked)
    if found.how != "exact" or found.model is None:
        return ()  # the caller has said what it stands for, or it is somebody's guess
    problem = id_problem(found.asked, found.model, target.facts.ids, target.host)
    if problem is None:
        return ()
    if problem.kind == "prefixed" and in_path:
        raise UnknownModelError(
            f"model {found.asked!r} is no id of {target.host}, which knows no such prefix",
            hint=said("pass {}", id_named(problem.use)),
            model=found.asked,
            nearest=[problem.use],
        )
    return (_note(target, problem),)


def is_another_doors(target: Target) -> bool:
    """Whether an id is the name that another door of the provider has for the model.

    Not where a geographic prefix differs too: where a model may answer is the caller's to say.

    Args:
        target: On the provider's first host.
    """
    found, ids, rows = target.resolution, target.facts.ids, target.rules.table("on")
    if found.model is None or ids.bare != "accepted":
        return False
    name = parse(found.asked).name
    doors = (rows.get(door, {}).get("model", {}) for door in doors_of(target.host, target.rules))
    names = {door.get(found.model, {}).get("ids", {}).get("name") for door in doors}
    return name != ids.name and name in names


def door_id(target: Target) -> tuple[str, tuple[Diagnostic, ...]]:
    """The id that a door of a provider is called with, and a note where it is another than the one asked for.

    Ids of one provider's doors differ, and which door is taken is not the caller's to know.

    Args:
        target: On a host that is not the provider's first, or is not the one that the id is spelled for.
    """
    found = target.resolution
    if found.how != "exact" or found.model is None:
        return found.asked, ()
    problem = id_problem(found.asked, found.model, target.facts.ids, target.host)
    if problem is None or problem.kind == "bare-unknown":
        return found.asked, ()
    title = target.host_row.title or target.host
    origin = target.origin(problem.fact) if problem.fact else Origin("request", "model")
    reason = f"{title} calls the model so"
    note = Diagnostic("model-id-door", "info", "model", "changed", found.asked, problem.use, reason, origin)
    return problem.use, (note,)


def _note(target: Target, problem: IdProblem) -> Diagnostic:
    severity: Severity = "info" if problem.kind == "bare-unknown" else "warning"
    return Diagnostic(
        f"model-id-{_CODES.get(problem.kind, problem.kind)}",
        severity,
        "model",
        "noted",
        target.resolution.asked,
        target.resolution.asked,
        _REASONS[problem.kind].format(host=target.host, use=problem.use),
        target.origin(problem.fact) if problem.fact else Origin("request", "model"),
    )


def _check_path(model: str) -> None:
    """Refuse what would lead the path of a call elsewhere.

    Raises:
        UnknownModelError: A part of it is a step in a path.
    """
    if not {".", ".."}.isdisjoint(model.split("/")):
        raise UnknownModelError(
            f"model {model!r} would lead the path of the call elsewhere",
            hint="pass the model's id, or an ARN",
            model=model,
        )
