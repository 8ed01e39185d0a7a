"""What AWS refuses of a job for its model's sake, and of a record for its body's sake."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from smartllm.rules.hosts import host_row, routes_of
from smartllm.testing.check_ids import id_refusal
from smartllm.testing.heard import Refused

from .bedrock_records import Quotas
from .bedrock_shapes import shape_of
from .refusals import ambient, batch_facts

if TYPE_CHECKING:
    from smartllm.rules.vocabulary.batch import Batch
    from smartllm.testing.routes import Route

_UNSUPPORTED: Final = "Batch inference is not supported for the requested model."
"""As accounts had it when they created jobs (2026-07 to 2026-09)."""
_ELSEWHERE: Final = ("model", "modelId", "stream")
"""What bodies of other APIs say, and a path says here (maximhq/bifrost#4516)."""


def quotas_for(route: Route) -> Quotas:
    """What a job of a host may hold, as the rules in force say."""
    engine = host_row(route.provider, ambient()).batch
    assert engine is not None
    return Quotas(
        minimum=engine.minimum, records=engine.lines, file_bytes=engine.bytes, job_bytes=engine.job_bytes
    )


def model_refusal(route: Route, known: Collection[str] = ()) -> Refused | None:
    """The error that AWS makes of a job's model; None where it runs jobs of it, or may.

    Args:
        route: Where a call of it goes online.
        known: Ids that are taken whatever the rules say.
    """
    problem = id_refusal(route.model, route, known)
    if problem is not None or route.model in known:
        return problem
    takes = batch_facts(route)
    if takes is None or takes.available != "no":
        return None
    return Refused(_UNSUPPORTED, "ValidationException", fact="batch.available")


def input_refusal(body: Mapping[str, Any], route: Route, takes: Batch | None) -> Refused | None:
    """The error that a record gets beside those of its call online; None for one that gets none.

    Args:
        body: Its body.
        route: Where its call goes online.
        takes: What the rules say of its model, where they know it.
    """
    return next(_problems(body, route, takes), None)


def _problems(body: Mapping[str, Any], route: Route, takes: Batch | None) -> Iterator[Refused]:
    taken, needed = _keys(route)
    for name in body:
        if taken and name not in taken:
            yield Refused(f"Malformed input request: #: extraneous key [{name}] is not permitted.")
        elif not taken and name in _ELSEWHERE:
            yield Refused(f"{name}: Extra inputs are not permitted")
    for name in needed:
        if name not in body:
            yield Refused(f"{name}: Field required")
    if takes is not None and route.wire is not None:
        try:
            asked = route.wire.read(dict(body), route.model)
        except (AttributeError, KeyError, TypeError, ValueError):
            return  # told of later, by what reads the body
        if asked.tools and not takes.tools:
            yield Refused("Tool use is not supported in batch inference.", fact="batch.tools")
        if asked.schema is not None and not takes.schemas:
            yield Refused("Structured output is not supported in batch inference.", fact="batch.schemas")


def _keys(route: Route) -> tuple[frozenset[str], tuple[str, ...]]:
    """The keys that a call's body may have, none where the model says which; and those that it needs."""
    assert route.dialect is not None
    return _members(route.operation), tuple(routes_of(route.provider, ambient())[route.dialect].adds)


@lru_cache(maxsize=4)
def _members(operation: str) -> frozenset[str]:
    shape = shape_of("bedrock-runtime", operation, "input_shape")
    if "payload" in shape.serialization:
        return frozenset()
    return frozenset(name for name, member in shape.members.items() if "location" not in member.serialization)
