"""What a host's calls give back: the JSON of a whole answer, or the events of a streamed one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from smartllm.errors import ResponseError
from smartllm.said import ADDRESS, said


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
        hint=said("check that {} points at the API itself", ADDRESS),
    )


def parsed(raw: bytes) -> Any:
    """The JSON value in ``raw``, with null for NaN and Infinity; None where there is none."""
    try:
        return _JSON.decode(raw.decode(json.detect_encoding(raw)))
    except (ValueError, RecursionError):
        return None
