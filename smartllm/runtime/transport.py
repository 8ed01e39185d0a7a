"""The narrow interface between a plan and what sends it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Protocol

from smartllm.compiler import Step
from smartllm.errors import MissingExtraError, ResponseError


def _no_number(_: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them; some servers have them in counts."""


_JSON: Final = json.JSONDecoder(parse_constant=_no_number)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered to one step.

    Attributes:
        body: The JSON object as it came over the wire.
        request_id: The provider's id of the call, or None.
        address: Where it came from, or None.
        elsewhere: That is another server than the provider's own.
    """

    body: dict[str, Any]
    request_id: str | None = None
    address: str | None = None
    elsewhere: bool = False


def require(provider: str, *packages: str) -> None:
    """Check that packages of an extra are there, without loading them.

    Raises:
        MissingExtraError: One is not; the hint is the pip line.
    """
    for package in packages:
        try:
            found = sys.modules[package] if package in sys.modules else find_spec(package)
        except (ImportError, ValueError):
            found = None
        if found is None:
            raise MissingExtraError(
                f"provider={provider!r} needs {package}, which is not installed",
                hint=f'pip install "smartllm[{provider}]"',
            )


class EventSource(Protocol):
    """The events of a streamed answer, as JSON objects, in batches: what came together is read together.

    Attributes:
        request_id: The provider's id of the call, or None.
    """

    request_id: str | None

    def __aiter__(self) -> AsyncIterator[Iterable[Mapping[str, Any]]]:
        """The batches of events.

        Raises:
            ProviderError: The connection broke, or (from a batch) an event cannot be read.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection, read to its end or not."""
        ...


class Transport(Protocol):
    """Sends the bytes of a step and gives back the provider's JSON."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat, as far as it is known by now."""
        ...

    async def send(self, step: Step) -> Answer:
        """Send one step.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: The transport cannot be used as it is configured, or is closed.
        """
        ...

    async def stream(self, step: Step) -> EventSource:
        """Send one step whose answer comes as a stream; returns when it begins.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: As ``send``.
        """
        ...

    async def models(self) -> list[dict[str, Any]]:
        """The models that the account can call, each with its ``id``.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: As ``send``.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the transport cannot be used afterwards."""
        ...


def read_answer(
    raw: bytes,
    model: str,
    *,
    status: int,
    request_id: str | None,
    address: str | None = None,
    elsewhere: bool = False,
) -> Answer:
    """Parse an answer's bytes.

    Raises:
        ResponseError: Not a JSON object; the message shows the first 200 bytes. It may be retried if it is
            no JSON at all: an answer may have been cut on its way.
    """
    data = parsed(raw)
    if isinstance(data, dict):
        return Answer(data, request_id, address, elsewhere)
    raise ResponseError(
        f"the provider's answer is not a JSON object: {raw[:200]!r}",
        model=model,
        status=status,
        request_id=request_id,
        retryable=data is None and raw.strip() != b"null",
        hint="check that base_url or endpoint_url points at the API itself",
    )


def parsed(raw: bytes) -> Any:
    """The JSON value in ``raw``, with null for NaN and Infinity; None where there is none."""
    try:
        return _JSON.decode(raw.decode(json.detect_encoding(raw)))
    except (ValueError, RecursionError):
        return None


def json_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in ``raw``, or None."""
    data = parsed(raw)
    return data if isinstance(data, dict) else None
