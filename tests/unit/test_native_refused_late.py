"""Hosts that refuse native schemas in a success, in a stream's first event, or as their own failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structured_asks import ADA, Person
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm import FormatUnsupportedError
from smartllm.errors import ProviderError, RateLimitError, StreamError
from smartllm.testing import LoopbackServer, Reply

REFUSED = "'response_format' of type 'json_schema' is not supported with this model."
PLACE = "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': 'Input should be'}]"
CALLED = Reply(structured=ADA)


def in_success(wire: Wire, **error: Any) -> Reply:
    """An error object in a 200."""
    told = {"message": REFUSED, "type": "invalid_request_error", **error}
    body = {"object": "response", "status": "failed", "error": told} if wire is RESPONSES else {"error": told}
    return Reply(raw=json.dumps(body).encode())


def is_native(body: bytes) -> bool:
    return b"json_schema" in body


async def asked(wire: Wire, server: LoopbackServer, *replies: Reply, streamed: bool, **fields: Any) -> Any:
    """The answer to a request that is bound natively, and whether each call was."""
    server.script(*replies)
    request = wire.request("?", **{"response_format": Person, "structured_output": "native", **fields})
    async with wire.client(server.url) as client:
        if streamed:
            response = [chunk async for chunk in client.generate_text_stream(request)][-1].response
        else:
            response = await client.generate_text(request)
    return response, [is_native(one.body) for one in server.requests]


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=["responses", "chat"])
@pytest.mark.parametrize(
    "told",
    [{}, {"message": "no", "code": "unsupported_value", "param": "response_format"}],
    ids=["words", "codes"],
)
async def test_an_error_in_a_success(wire: Wire, told: dict[str, Any], server: LoopbackServer) -> None:
    response, native = await asked(wire, server, in_success(wire, **told), CALLED, streamed=False)
    assert response.structured_data == Person(**ADA)
    assert native == [True, False]
    assert "native-unsupported" in [one.code for one in response.diagnostics]


@pytest.mark.parametrize("status", [500, 422])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_a_failure_that_is_none(status: int, streamed: bool, server: LoopbackServer) -> None:
    refusal = Reply(status=status, error_body={"error": {"message": PLACE, "type": "internal_server_error"}})
    response, native = await asked(CHAT, server, refusal, CALLED, streamed=streamed)
    assert (response.structured_data, native) == (Person(**ADA), [True, False])


def told_by(wire: Wire, message: str, **about: Any) -> dict[str, Any]:
    """An error as a stream of the wire tells it."""
    if wire in {INVOKE, CONVERSE}:
        return {"type": "validationException", "message": message}
    return {"message": message, "type": "invalid_request_error", **about}


@each_wire
async def test_the_first_event_of_a_stream(wire: Wire, server: LoopbackServer) -> None:
    refusal = Reply(stream_error=told_by(wire, REFUSED), stream_error_after=0)
    response, native = await asked(wire, server, refusal, CALLED, streamed=True)
    assert (response.structured_data, native) == (Person(**ADA), [True, False])


async def test_the_codes_of_a_first_event(server: LoopbackServer) -> None:
    told = told_by(CHAT, "no", code="unsupported_value", param="response_format")
    response, native = await asked(CHAT, server, Reply(stream_error=told), CALLED, streamed=True)
    assert (response.structured_data, native) == (Person(**ADA), [True, False])


async def test_a_later_event_is_an_error_of_the_stream(server: LoopbackServer) -> None:
    broken = Reply(text='{"name": "Ada", "age"', stream_error=told_by(CHAT, REFUSED), stream_error_after=4)
    with pytest.raises(StreamError) as caught:
        await asked(CHAT, server, broken, CALLED, streamed=True)
    assert not isinstance(caught.value, FormatUnsupportedError)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"message": "too many"}, ProviderError),
        ({"code": "rate_limit_exceeded", "type": "x"}, RateLimitError),
    ],
    ids=["other", "limit"],
)
async def test_what_is_no_refusal(
    told: dict[str, Any], kind: type[Exception], server: LoopbackServer
) -> None:
    with pytest.raises(kind) as caught:
        await asked(CHAT, server, in_success(CHAT, **told), CALLED, streamed=False)
    assert not isinstance(caught.value, FormatUnsupportedError)


async def test_where_no_schema_was_bound_natively_it_is_told(server: LoopbackServer) -> None:
    with pytest.raises(FormatUnsupportedError, match="not supported") as caught:
        await asked(CHAT, server, in_success(CHAT), streamed=False, structured_output="tool")
    assert (caught.value.status, len(server.requests)) == (400, 1)
