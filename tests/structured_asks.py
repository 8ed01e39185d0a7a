"""Asking for a structure: an answer of a scripted provider, or the error that it ends in."""

from __future__ import annotations

from typing import Any

import pytest
from part_transport import client_of
from pydantic import BaseModel
from wires import Wire

from smartllm.errors import ProviderError
from smartllm.testing import FakeTransport, Reply

WAYS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


class Person(BaseModel):
    """Who it is."""

    name: str
    age: int


ADA: dict[str, Any] = {"name": "Ada", "age": 36}
WRONG: dict[str, Any] = {"name": "Ada", "age": "old"}


async def ask(
    wire: Wire, *replies: Reply, streamed: bool = False, settings: dict[str, Any] | None = None, **fields: Any
) -> Any:
    """The response to a request for a Person, by default without retries."""
    fake = FakeTransport(*replies)
    given = {"max_retries": 0, "retry_delay": 0, **(settings or {})}
    async with client_of(wire, fake, **given) as client:
        request = wire.request(**{"response_format": Person, **fields})
        if streamed:
            return [chunk async for chunk in client.generate_text_stream(request)][-1].response
        return await client.generate_text(request)


async def failed(wire: Wire, *replies: Reply, **how: Any) -> Any:
    """The error of such a request."""
    with pytest.raises(ProviderError) as caught:
        await ask(wire, *replies, **how)
    return caught.value


def is_a(error: Any, *kinds: type[BaseException]) -> bool:
    """Whether an error is of all these kinds; what a type checker knows of it stays."""
    return all(isinstance(error, kind) for kind in kinds)
