"""Bedrock's operations as signed posts: botocore says where to and signs, its HTTP session carries the bytes.

botocore's whole path for a call costs several times more (docs/performance.md). It also escapes text that is
not English, refuses fields that are newer than itself, and fails in many ways on answers that it does not
expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler import Step

_INVOKE: Final = {"body": b"", "contentType": "application/json", "accept": "application/json"}
_CONVERSE: Final = {"messages": list[Any]()}
_CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "InvokeModel": ("invoke_model", _INVOKE),
    "InvokeModelWithResponseStream": ("invoke_model_with_response_stream", _INVOKE),
    "Converse": ("converse", _CONVERSE),
    "ConverseStream": ("converse_stream", _CONVERSE),
}
_REHEARSED: Final = "smartllm_rehearsed"


class SignedPosts:
    """Posts the bytes of steps.

    Args:
        client: aiobotocore's client; from now on its calls of this service are only rehearsed, never sent.
        session: Its HTTP session.
    """

    def __init__(self, client: Any, session: Any) -> None:
        self._client, self._session = client, session
        self._rehearsed: dict[tuple[str, str], dict[str, Any]] = {}
        # Last, so that every other hook has had its say on the request.
        client.meta.events.register_last("before-call", _instead_of_sending)

    async def post(self, step: Step) -> Any:
        """The response to a step, not read yet.

        Raises:
            botocore.exceptions.BotoCoreError: No credentials, or no connection.
        """
        from botocore.awsrequest import create_request_object  # noqa: PLC0415 - an extra, loaded on first use

        known = self._rehearsed.get((step.operation, step.model)) or await self._rehearse(step)
        context = known["request"]["context"]
        context = {**context, "signing": dict(context.get("signing", {}))}
        request = create_request_object({**known["request"], "body": step.payload, "context": context})
        request.stream_output = True
        await known["signer"].sign(step.operation, request)
        return (await self._session.send(request.prepare())).raw

    async def _rehearse(self, step: Step) -> dict[str, Any]:
        """What botocore makes of an operation and a model: address, headers, what to sign with."""
        method, given = _CALLS[step.operation]
        reply: Mapping[str, Any] = await getattr(self._client, method)(modelId=step.model, **given)
        found: dict[str, Any] = reply[_REHEARSED]
        # It names one call of AWS Lambda, and this is for all calls.
        found["request"]["headers"].pop("X-Amzn-Trace-Id", None)
        return self._rehearsed.setdefault((step.operation, step.model), found)


def _instead_of_sending(params: dict[str, Any], request_signer: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    return _Nothing(), {_REHEARSED: {"request": params, "signer": request_signer}}


class _Nothing:
    """Stands for an HTTP response."""

    status_code = 200
