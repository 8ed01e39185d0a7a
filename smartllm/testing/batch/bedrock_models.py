"""What AWS refuses of a job for its model's sake, and of a record for its body's sake."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from smartllm.rules import load_rules
from smartllm.rules.hosts import routes_of
from smartllm.testing.check_ids import id_refusal
from smartllm.testing.heard import Refused

from .bedrock_records import Quotas
from .bedrock_shapes import shape_of

if TYPE_CHECKING:
    from smartllm.testing.routes import Route

_ELSEWHERE: Final = ("model", "modelId", "stream")
"""What bodies of other APIs say, and a path says here (maximhq/bifrost#4516)."""


def quotas_for(route: Route) -> Quotas:
    """What a job of a host may hold, as the rules in force say."""
    return Quotas()


def model_refusal(model: str, route: Route, known: Collection[str] = ()) -> Refused | None:
    """The error that AWS makes of a job's model; None where it runs jobs of it, or may.

    Args:
        model: The id.
        route: The host.
        known: Ids that are taken whatever the rules say.
    """
    return id_refusal(model, route.provider, route.host, known)


def input_refusal(body: Mapping[str, Any], route: Route) -> Refused | None:
    """The error that AWS makes of a record whose body is another call's; None for one that fits its call."""
    return next(_problems(body, route), None)


def _problems(body: Mapping[str, Any], route: Route) -> Iterator[Refused]:
    taken, needed = _keys(route)
    for name in body:
        if taken and name not in taken:
            yield Refused(f"Malformed input request: #: extraneous key [{name}] is not permitted.")
        elif not taken and name in _ELSEWHERE:
            yield Refused(f"{name}: Extra inputs are not permitted")
    for name in needed:
        if name not in body:
            yield Refused(f"{name}: Field required")


def _keys(route: Route) -> tuple[frozenset[str], tuple[str, ...]]:
    """The keys that a call's body may have, none where the model says which; and those that it needs."""
    needed = (
        () if route.dialect is None else tuple(routes_of(route.provider, load_rules())[route.dialect].adds)
    )
    return _members(route.operation), needed


@lru_cache(maxsize=4)
def _members(operation: str) -> frozenset[str]:
    shape = shape_of("bedrock-runtime", operation, "input_shape")
    if "payload" in shape.serialization:
        return frozenset()
    return frozenset(name for name, member in shape.members.items() if "location" not in member.serialization)
