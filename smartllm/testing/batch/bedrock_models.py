"""What the rules say of a model's batch work on AWS: whether it is done, how much, and in which bodies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from smartllm.testing.check_ids import id_refusal
from smartllm.testing.heard import Refused

from .bedrock_records import Quotas

if TYPE_CHECKING:
    from smartllm.testing.routes import Route


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
    """The error that AWS makes of a record's body, beside those that its call has online too."""
    return next(_problems(body, route), None)


def _problems(body: Mapping[str, Any], route: Route) -> Iterator[Refused]:
    for name in ("modelId", "model", "stream"):
        if name in body:
            yield Refused(f"{name}: Extra inputs are not permitted")
