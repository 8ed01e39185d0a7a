"""Bedrock through aiobotocore: one session and one client, botocore's own retries off."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

from smartllm.compiler import Step
from smartllm.config import LLMConfig
from smartllm.errors import (
    ConfigError,
    ConnectionFailedError,
    MissingExtraError,
    ProviderError,
    ProviderTimeoutError,
)
from smartllm.runtime.aws_http import direct_session
from smartllm.runtime.bedrock_errors import from_client_error
from smartllm.runtime.bedrock_events import BedrockEvents
from smartllm.runtime.transport import Answer, json_object, read_answer

R = TypeVar("R")

# As many as the rules let be in flight, for every model at once.
_POOL: Final = 512
_FIRST_ERROR: Final = 300
_SECRETS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
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
        given = config.aws_secret_access_key, config.aws_session_token
        self.secrets = tuple(filter(None, (*given, *map(os.environ.get, _SECRETS))))

    async def send(self, step: Step) -> Answer:
        """Call InvokeModel or Converse with the step's bytes."""
        call = _invoke if step.operation == "InvokeModel" else _converse
        return await self._guarded(step.model, lambda client: call(client, step))

    async def stream(self, step: Step) -> BedrockEvents:
        """Call InvokeModelWithResponseStream or ConverseStream with the step's bytes."""
        claude = step.operation == "InvokeModelWithResponseStream"
        call = _invoke_stream if claude else _converse_stream
        reply = await self._guarded(step.model, lambda client: call(client, step))
        return BedrockEvents(
            reply[_RAW],
            model=step.model,
            region=self._config.resolved_region(),
            read_timeout=self._timeouts[1],
            request_id=_request_id(reply),
        )

    async def models(self) -> list[dict[str, Any]]:
        """Text models that can be called on demand, and inference profiles."""

        async def listed(_: Any) -> list[dict[str, Any]]:
            # Another service with an address of its own; custom addresses follow the same naming.
            endpoint = (self._config.endpoint_url or "").replace("bedrock-runtime", "bedrock") or None
            async with self._create("bedrock", endpoint) as control:
                return await listed_models(control)

        return await self._guarded("", listed)

    async def _guarded(self, model: str, call: Callable[[Any], Awaitable[R]]) -> R:
        """The result of a call, or our error for what went wrong."""
        from aiohttp import ClientError as HttpError  # noqa: PLC0415 - comes with aiobotocore
        from botocore import exceptions as aws  # noqa: PLC0415 - same

        client = self._client or await self._connect()
        try:
            return await call(client)
        except aws.ClientError as error:
            raise from_client_error(error, model, region=self._config.resolved_region()) from None
        except aws.ParamValidationError as error:
            raise ProviderError(
                f"botocore refuses the body before sending it: {error}",
                model=model,
                code="ParamValidationError",
                hint='correct extra=, or use api_type="invoke", which sends any body',
            ) from None
        except aws.ConnectTimeoutError:
            raise self._too_slow("connect", model) from None
        except (aws.ReadTimeoutError, TimeoutError):
            raise self._too_slow("read", model) from None
        except (
            aws.HTTPClientError,
            aws.ConnectionError,
            aws.IncompleteReadError,
            HttpError,
            OSError,
        ) as error:
            cause = type(getattr(error, "kwargs", {}).get("error", error)).__name__
            raise ConnectionFailedError(
                f"no answer from the provider: connection failed ({cause})",
                model=model,
                retryable=True,
                hint="check the network, the region and endpoint_url",
            ) from None
        except aws.BotoCoreError as error:
            raise _unusable(error) from None

    def _too_slow(self, kind: str, model: str) -> ProviderTimeoutError:
        seconds = self._timeouts[0 if kind == "connect" else 1]
        return ProviderTimeoutError(kind, seconds, model=model, retryable=True)

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
                    client = await self._stack.enter_async_context(
                        self._create("bedrock-runtime", self._config.endpoint_url)
                    )
                except (BotoCoreError, ValueError) as error:
                    raise _unusable(error) from None
                events = client.meta.events
                for name in ("Converse", "ConverseStream"):
                    events.register(f"provide-client-params.bedrock-runtime.{name}", _keep_payload)
                    # After every hook that sees the parameters, and before the signature.
                    events.register_last(f"request-created.bedrock-runtime.{name}", _send_payload)
                events.register("before-parse.bedrock-runtime", _take_answer)
                self._client = client
            return self._client

    def _create(self, service: str, endpoint: str | None) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = self._config
        connect, read = self._timeouts
        settings: dict[str, Any] = {
            "connect_timeout": connect,
            "read_timeout": read,
            "max_pool_connections": config.max_concurrent or _POOL,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "warm_up_loader_caches": True,
            "http_session_cls": direct_session(),
        }
        if config.aws_access_key_id is not None:
            # Else AWS_BEARER_TOKEN_BEDROCK outranks the keys that were given (bedrock_runtime facts §6).
            settings["signature_version"] = "v4"
        return self._session.create_client(
            service,
            region_name=config.resolved_region(),
            endpoint_url=endpoint,
            aws_access_key_id=config.aws_access_key_id,
            aws_secret_access_key=config.aws_secret_access_key,
            aws_session_token=config.aws_session_token,
            config=AioConfig(**settings),
        )


async def listed_models(control: Any) -> list[dict[str, Any]]:
    """What Bedrock's control plane lists."""
    reply = await control.list_foundation_models(byOutputModality="TEXT", byInferenceType="ON_DEMAND")
    found = [{"id": row["modelId"], **row} for row in reply["modelSummaries"]]
    async for page in control.get_paginator("list_inference_profiles").paginate():
        found += [{"id": row["inferenceProfileId"], **row} for row in page["inferenceProfileSummaries"]]
    return found


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


async def _invoke_stream(client: Any, step: Step) -> Any:
    return await client.invoke_model_with_response_stream(
        modelId=step.model,
        body=step.payload,
        contentType="application/json",
        accept="application/json",
    )


async def _converse_stream(client: Any, step: Step) -> Any:
    return await client.converse_stream(modelId=step.model, **step.body, **{_PAYLOAD: step.payload})


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
    elif operation_model.has_event_stream_output:
        customized_response_dict[_RAW] = body
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
