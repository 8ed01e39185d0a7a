"""OpenTelemetry's objects, whose errors end no call: a paid answer is worth more than its span."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from smartllm.log import announce, logger


class Quiet:
    """An object of an application's telemetry; what its methods raise is logged once, and they give None.

    A processor, sampler or provider of the application's own runs inside these methods.

    Args:
        of: The object.
    """

    __slots__ = ("of",)

    def __init__(self, of: Any) -> None:
        self.of = of

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            return getattr(self.of, name)(*args, **named)

        return partial(quietly, called)


def quietly(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What a call gives back, or None where it raises."""
    try:
        return call(*args, **named)
    except Exception as error:  # noqa: BLE001 - whatever it is: see above
        kind = type(error).__name__
        if announce.first("telemetry", kind):
            logger.warning("OpenTelemetry raised %s; calls go on without their spans and metrics", kind)
        return None


def begun(tracer: Quiet, name: str, **named: Any) -> Quiet | None:
    """A span that begins, or None."""
    span = tracer.start_span(name, **named)
    return None if span is None else Quiet(span)


def inside(tracing: Any, span: Quiet) -> AbstractContextManager[Any]:
    """What happens in it lies in the span, which goes on behind it.

    Args:
        tracing: The module ``opentelemetry.trace``.
        span: The span.
    """
    found: AbstractContextManager[Any] = tracing.use_span(
        span.of, end_on_exit=False, record_exception=False, set_status_on_exception=False
    )
    return found
