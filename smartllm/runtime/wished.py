"""A request as the called method and the client's settings mean it."""

from __future__ import annotations

from typing import Any, TypeVar

from smartllm.request import MessageRequest, TextRequest

AnyRequest = TypeVar("AnyRequest", bound=TextRequest[Any] | MessageRequest[Any])


def wished(request: AnyRequest, *, reasks: int | None, stream: bool) -> AnyRequest:
    """A request as it is meant.

    Args:
        request: The caller's.
        reasks: The client's own number, where the request names none.
        stream: What the called method does, whatever the request's ``stream`` says.
    """
    meant: dict[str, Any] = {}
    if reasks is not None and "reasks" not in request.model_fields_set:
        meant["reasks"] = reasks
    if request.stream is not stream:
        meant["stream"] = stream
    if not meant:
        return request
    asked: AnyRequest = request.model_copy(update=meant)  # type: ignore[assignment]
    return asked
