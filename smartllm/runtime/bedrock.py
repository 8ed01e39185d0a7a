"""Bedrock through aiobotocore: one session and one client, botocore's own retries off."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

from smartllm.compiler import Step
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, MissingExtraError
from smartllm.runtime.aws_http import direct_session
from smartllm.runtime.bedrock_errors import from_client_error, from_response
from smartllm.runtime.bedrock_http import SignedPosts
from smartllm.runtime.transport import Answer, read_answer
from smartllm.runtime.wire.frame_events import BedrockEvents
from smartllm.runtime.wire.http import FIRST_REDIRECT, POOL, Waits, own_errors, whole_body

R = TypeVar("R")

_SECRETS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
_REQUEST_ID: Final = "x-amzn-requestid"


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
        self._waits = Waits(*config.resolved_timeouts(), "the network, the region and endpoint_url")
        self._session = aiobotocore.session.get_session()
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._posts: SignedPosts | None = None
        self._closed = False
        given = config.aws_secret_access_key, config.aws_session_token
        self.secrets = tuple(filter(None, (*given, *map(os.environ.get, _SECRETS))))

    async def send(self, step: Step) -> Answer:
        """Post the step's bytes to InvokeModel or Converse."""

        async def whole() -> Answer:
            async with await self._post(step) as response:
                request_id = response.headers.get(_REQUEST_ID)
                raw = await whole_body(response, step.model, request_id)
            return read_answer(raw, step.model, status=response.status, request_id=request_id)

        return await self._guarded(step.model, whole())

    async def stream(self, step: Step) -> BedrockEvents:
        """Post the step's bytes to InvokeModelWithResponseStream or ConverseStream."""
        response = await self._guarded(step.model, self._post(step))
        return BedrockEvents(
            response,
            model=step.model,
            region=self._config.resolved_region(),
            waits=self._waits,
            request_id=response.headers.get(_REQUEST_ID),
        )

    async def models(self) -> list[dict[str, Any]]:
        """Text models that can be called on demand, and inference profiles."""

        async def listed() -> list[dict[str, Any]]:
            # Another service with an address of its own; custom addresses follow the same naming.
            endpoint = (self._config.endpoint_url or "").replace("bedrock-runtime", "bedrock") or None
            async with self._create("bedrock", endpoint, direct_session()) as control:
                return await listed_models(control)

        return await self._guarded("", listed())

    async def _post(self, step: Step) -> Any:
        """The response to a step, not read yet.

        Raises:
            ProviderError: Its status tells of an error.
        """
        posts = self._posts or await self._connect()
        response = await posts.post(step)
        if response.status < FIRST_REDIRECT:
            return response
        async with response:
            content = await whole_body(response, step.model, response.headers.get(_REQUEST_ID))
        region = self._config.resolved_region()
        raise from_response(response.status, response.headers, content, step.model, region=region)

    async def _guarded(self, model: str, call: Awaitable[R]) -> R:
        """The result of a call, or our error for what went wrong."""
        from botocore import exceptions as aws  # noqa: PLC0415 - an extra, loaded on first use

        with own_errors(self._waits, model):
            try:
                return await call
            except aws.ClientError as error:
                raise from_client_error(error, model, region=self._config.resolved_region()) from None
            except aws.ConnectTimeoutError:
                raise self._waits.too_slow("connect", model) from None
            except aws.ReadTimeoutError:
                raise self._waits.too_slow("read", model) from None
            except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError) as error:
                cause = type(getattr(error, "kwargs", {}).get("error", error)).__name__
                raise self._waits.unreachable(cause, model) from None
            except aws.BotoCoreError as error:
                raise _unusable(error) from None

    async def aclose(self) -> None:
        """Close the client and its connections."""
        async with self._lock:
            self._closed = True
            self._posts = None
            await self._stack.aclose()

    async def _connect(self) -> SignedPosts:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use

        async with self._lock:
            if self._closed:
                raise ConfigError("this client is closed; make a new one")
            if self._posts is None:
                sessions: list[Any] = []

                def session(*args: Any, **settings: Any) -> Any:
                    sessions.append(direct_session()(*args, **settings))
                    return sessions[0]

                try:
                    client = await self._stack.enter_async_context(
                        self._create("bedrock-runtime", self._config.endpoint_url, session)
                    )
                except (BotoCoreError, ValueError) as error:
                    raise _unusable(error) from None
                self._posts = SignedPosts(client, sessions[0])
            return self._posts

    def _create(self, service: str, endpoint: str | None, session: Any) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = self._config
        settings: dict[str, Any] = {
            "connect_timeout": self._waits.connect,
            "read_timeout": self._waits.read,
            "max_pool_connections": config.max_concurrent or POOL,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "warm_up_loader_caches": True,
            "http_session_cls": session,
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


def _unusable(error: Exception) -> ConfigError:
    return ConfigError(
        f"aws settings: {error}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile or role",
    )
