"""Bedrock through aiobotocore: one session and one client, botocore's own retries off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from smartllm.compiler import Step
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, MissingExtraError, ProviderError
from smartllm.runtime.transport import RETRYABLE_STATUS, Answer, json_object, read_answer, without_secrets

# Codes come in any capitalisation; the statuses are the service model's (bedrock_runtime facts §5.1).
_RETRYABLE: Final = (
    "throttling",
    "toomanyrequests",
    "modeltimeout",
    "modelnotready",
    "serviceunavailable",
    "internalserver",
    "modelstreamerror",
)
_POOL: Final = 50
_FIRST_ERROR: Final = 300
# AWS explains a wrong signature, from the second line on, with the signed headers and so with the token.
_SIGNATURE_CODES: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
# Travel beside the documented parameters and fields of one Converse call.
_PAYLOAD: Final = "smartllm_payload"
_RAW: Final = "smartllm_raw"


class BedrockTransport:
    """Sends steps of the Bedrock dialects."""

    def __init__(self, config: LLMConfig) -> None:
        try:
            import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise MissingExtraError(
                f"provider='bedrock' needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
            ) from None
        self._config = config
        self._timeouts = config.resolved_timeouts()
        self._session = aiobotocore.session.get_session()
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._client: Any = None
        self._closed = False

    async def send(self, step: Step) -> Answer:
        """Call InvokeModel or Converse with the step's bytes."""
        from aiohttp import ClientError as HttpError  # noqa: PLC0415 - comes with aiobotocore
        from botocore import exceptions as aws  # noqa: PLC0415 - same

        client = self._client or await self._connect()
        try:
            if step.operation == "InvokeModel":
                return await _invoke(client, step)
            return await _converse(client, step)
        except aws.ClientError as error:
            raise self._client_error(error, step.model) from None
        except aws.ParamValidationError as error:
            raise ProviderError(
                f"botocore refuses the body before sending it: {error}",
                model=step.model,
                code="ParamValidationError",
                hint='correct extra=, or use api_type="invoke", which sends any body',
            ) from None
        except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError, HttpError) as error:
            raise ProviderError(
                f"no answer from the provider: {type(error).__name__}",
                model=step.model,
                retryable=True,
                hint="check the network, the region and endpoint_url",
            ) from None
        except aws.BotoCoreError as error:
            raise _unusable(error) from None

    async def aclose(self) -> None:
        """Close the client and its connections."""
        async with self._lock:
            self._closed = True
            self._client = None
            await self._stack.aclose()

    async def _connect(self) -> Any:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use

        async with self._lock:
            if self._closed:
                raise ConfigError("this client is closed; make a new one")
            if self._client is None:
                try:
                    client = await self._stack.enter_async_context(self._create())
                except (BotoCoreError, ValueError) as error:
                    raise _unusable(error) from None
                events = client.meta.events
                events.register("provide-client-params.bedrock-runtime.Converse", _keep_payload)
                # After every hook that sees the parameters, and before the signature.
                events.register_last("request-created.bedrock-runtime.Converse", _send_payload)
                events.register("before-parse.bedrock-runtime", _take_answer)
                self._client = client
            return self._client

    def _create(self) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = self._config
        connect, read = self._timeouts
        settings: dict[str, Any] = {
            "connect_timeout": connect,
            "read_timeout": read,
            "max_pool_connections": _POOL,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "warm_up_loader_caches": True,
        }
        if config.aws_access_key_id is not None:
            # Else AWS_BEARER_TOKEN_BEDROCK outranks the keys that were given (bedrock_runtime facts §6).
            settings["signature_version"] = "v4"
        return self._session.create_client(
            "bedrock-runtime",
            region_name=config.resolved_region(),
            endpoint_url=config.endpoint_url,
            aws_access_key_id=config.aws_access_key_id,
            aws_secret_access_key=config.aws_secret_access_key,
            aws_session_token=config.aws_session_token,
            config=AioConfig(**settings),
        )

    def _client_error(self, error: Any, model: str) -> ProviderError:
        details = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code = str(details.get("Code") or "")
        message = str(details.get("Message") or "")
        if code in _SIGNATURE_CODES:
            message = message.partition("\n")[0]
        secrets = [self._config.aws_secret_access_key, self._config.aws_session_token]
        return ProviderError(
            f"{code or status} from the provider: {without_secrets(message, secrets)}",
            model=model,
            status=status,
            code=code if code and not code.isdecimal() else None,
            request_id=_request_id(error.response),
            retryable=code.lower().startswith(_RETRYABLE) or status in RETRYABLE_STATUS,
        )


async def _invoke(client: Any, step: Step) -> Answer:
    reply = await client.invoke_model(
        modelId=step.model,
        body=step.payload,
        contentType="application/json",
        accept="application/json",
    )
    async with reply["body"] as stream:
        raw = await stream.read()
    return read_answer(raw, step.model, status=_status(reply), request_id=_request_id(reply))


async def _converse(client: Any, step: Step) -> Answer:
    reply = await client.converse(modelId=step.model, **step.body, **{_PAYLOAD: step.payload})
    return read_answer(reply[_RAW], step.model, status=_status(reply), request_id=_request_id(reply))


def _keep_payload(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Take the compiled bytes out of the parameters, before botocore validates those."""
    context[_PAYLOAD] = params.pop(_PAYLOAD)


def _send_payload(request: Any, **_: Any) -> None:
    """Send the compiled bytes; botocore's own spelling of the same JSON escapes all non-ASCII text."""
    request.data = request.context[_PAYLOAD]


def _take_answer(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Keep botocore's parser away from bodies that it does not expect: it fails on them in many ways."""
    body = response_dict["body"]
    if response_dict["status_code"] >= _FIRST_ERROR:
        if json_object(body) is None:
            response_dict["body"] = json.dumps({"message": repr(body[:200])}).encode()
    elif operation_model.name == "Converse":
        customized_response_dict[_RAW] = body
        response_dict["body"] = b"{}"


def _status(reply: Mapping[str, Any]) -> int:
    found: int = reply["ResponseMetadata"]["HTTPStatusCode"]
    return found


def _request_id(reply: Mapping[str, Any]) -> str | None:
    found: str | None = reply.get("ResponseMetadata", {}).get("RequestId")
    return found


def _unusable(error: Exception) -> ConfigError:
    return ConfigError(
        f"aws settings: {error}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile or role",
    )
