"""OpenTelemetry's API, where it is installed: what makes spans and metrics; without it nothing is done."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import smartllm
from smartllm.log import logger
from smartllm.runtime.observe.quiet import Quiet, quietly

# The boundaries that the conventions name (1.41, docs/gen-ai/gen-ai-metrics.md, 2026-11-26).
_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(4**power for power in range(14))


class Meters(NamedTuple):
    """The instruments; each name and unit as the conventions have it.

    Attributes:
        duration: How long a call of a model took, in seconds.
        tokens: Tokens of a call, by ``gen_ai.token.type``.
        first_chunk: Seconds until a stream brought something.
        tool_duration: How long the function of a tool took, in seconds.
        answers: What callers asked for, by where the answer came from; of ours, as the conventions have none.
    """

    duration: Any
    tokens: Any
    first_chunk: Any
    tool_duration: Any
    answers: Any


def tracing() -> Any:
    """The module ``opentelemetry.trace``, or None."""
    return _module("trace", "get_tracer_provider") if _installed() else None


def tracer() -> Quiet | None:
    """What starts spans, or None where nobody has set up what takes them."""
    found = tracing()
    provider = None if found is None else quietly(found.get_tracer_provider)
    if provider is None or isinstance(provider, getattr(found, "ProxyTracerProvider", ())):
        return None  # the latter stands for one that is still to come
    known: Quiet | None = quietly(_tracer_of, provider)
    return known


def meters() -> Meters | None:
    """The instruments, or None."""
    found = _module("metrics", "get_meter_provider") if _installed() else None
    provider = None if found is None else quietly(found.get_meter_provider)
    return None if provider is None else quietly(_meters_of, provider)


@cache
def _installed() -> bool:
    return importlib.util.find_spec("opentelemetry") is not None


@cache
def _module(name: str, needed: str) -> Any:
    """A module of the API, or None: any folder of that name, or another of its packages, is found too."""
    try:
        found = importlib.import_module(f"opentelemetry.{name}")
    except Exception as error:  # noqa: BLE001 - whatever it is, a paid answer is worth more than its span
        logger.debug("no telemetry: opentelemetry.%s cannot be loaded (%s)", name, type(error).__name__)
        return None
    return found if hasattr(found, needed) else None


@lru_cache(maxsize=1)
def _tracer_of(provider: Any) -> Quiet | None:
    found = quietly(provider.get_tracer, "smartllm", smartllm.__version__)
    return None if found is None else Quiet(found)


@lru_cache(maxsize=1)
def _meters_of(provider: Any) -> Meters:
    meter = provider.get_meter("smartllm", smartllm.__version__)

    def histogram(name: str, unit: str, description: str, bounds: tuple[float, ...]) -> Any:
        return Quiet(
            meter.create_histogram(
                name, unit=unit, description=description, explicit_bucket_boundaries_advisory=bounds
            )
        )

    return Meters(
        histogram("gen_ai.client.operation.duration", "s", "GenAI operation duration.", _SECONDS),
        histogram("gen_ai.client.token.usage", "{token}", "Number of tokens used.", _TOKENS),
        histogram(
            "gen_ai.client.operation.time_to_first_chunk", "s", "Time to receive the first chunk.", _SECONDS
        ),
        histogram("gen_ai.execute_tool.duration", "s", "Duration of a tool's execution.", _SECONDS),
        Quiet(
            meter.create_counter("smartllm.answers", unit="{answer}", description="Answers by their source.")
        ),
    )
