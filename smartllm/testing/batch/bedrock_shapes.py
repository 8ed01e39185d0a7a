"""AWS's calls as its SDK describes them: their fields, with every pattern and bound."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal


def shape_of(service: str, operation: str, which: Literal["input_shape", "output_shape"]) -> Any:
    """The shape of what a call is asked or answers, as botocore has it.

    Args:
        service: The SDK's name of the service.
        operation: The call.
        which: Of the two.
    """
    return getattr(_model(service).operation_model(operation), which)


@lru_cache(maxsize=2)
def _model(service: str) -> Any:
    from botocore.session import get_session  # noqa: PLC0415 - an extra, loaded on first use

    return get_session().get_service_model(service)
