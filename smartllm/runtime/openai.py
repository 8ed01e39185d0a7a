"""OpenAI through its own SDK: the compiled bytes go out by the SDK's low-level post, its retries are off."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.compiler import Step
from smartllm.config import LLMConfig
from smartllm.errors import (
    QUOTA_CODES,
    RETRYABLE_STATUS,
    ConfigError,
    ConnectionFailedError,
    MissingExtraError,
    ProviderError,
    ProviderTimeoutError,
)
from smartllm.runtime.openai_events import LARGEST_ANSWER, OpenAIEvents, http_library, too_large
from smartllm.runtime.retry import retry_after
from smartllm.runtime.transport import Answer, read_answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

R = TypeVar("R")

# Said here because the SDK takes an empty OPENAI_BASE_URL for an address.
_PUBLIC: Final = "https://api.openai.com/v1"


class OpenAITransport:
    """Sends steps of the OpenAI dialects."""

    def __init__(self, config: LLMConfig) -> None:
        try:
            import openai  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise MissingExtraError(
                f"provider='openai' needs the openai SDK ({error})", hint='pip install "smartllm[openai]"'
            ) from None
        connect, read = self._timeouts = config.resolved_timeouts()
        self._sdk = openai
        key = _key(config)
        self.secrets: tuple[str, ...] = (key,)
        self._client: AsyncOpenAI = openai.AsyncOpenAI(
            api_key=key,
            base_url=config.resolved_base_url() or _PUBLIC,
            organization=config.organization,
            max_retries=0,
            timeout=openai.Timeout(read, connect=connect),
        )

    async def send(self, step: Step) -> Answer:
        """Post the step's bytes."""
        response = await self._post(step, "application/json")
        request_id = response.headers.get("x-request-id")
        try:
            content = await self._content(response, step)
        finally:
            await response.aclose()
        return read_answer(content, step.model, status=response.status_code, request_id=request_id)

    async def stream(self, step: Step) -> OpenAIEvents:
        """Post the step's bytes and read the answer as it comes."""
        response = await self._post(step, "text/event-stream")
        return OpenAIEvents(response, model=step.model, read_timeout=self._timeouts[1])

    async def models(self) -> list[dict[str, Any]]:
        """All models that the endpoint lists."""

        async def listed() -> list[dict[str, Any]]:
            return [model.to_dict() async for model in self._client.models.list()]

        return await self._guarded(listed(), "")

    async def _post(self, step: Step, accept: str) -> Any:
        """The SDK's HTTP response, not read yet; the SDK's own stream only serves to get at it."""
        options: Any = {"headers": {"Content-Type": "application/json", "Accept": accept}}
        call = self._client.post(
            step.operation.partition(" ")[2],
            content=step.payload,
            options=options,
            cast_to=object,
            stream=True,
            stream_cls=self._sdk.AsyncStream[object],
        )
        return (await self._guarded(call, step.model)).response

    async def _guarded(self, call: Awaitable[R], model: str) -> R:
        """The result of a call, or our error for what went wrong."""
        try:
            return await call
        except self._sdk.APIStatusError as error:
            raise self._status_error(error, model) from None
        except self._sdk.APITimeoutError as error:
            kind = "connect" if "Connect" in type(error.__cause__).__name__ else "read"
            raise self._too_slow(kind, model) from None
        except self._sdk.APIConnectionError as error:
            raise self._unreachable(type(error.__cause__ or error).__name__, model) from None

    async def _content(self, response: Any, step: Step) -> bytes:
        """The bytes of an answer, unpacked as far as the limit."""
        http, parts, size = http_library(response), list[bytes](), 0
        try:
            async for part in response.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER:
                    raise too_large(step.model, response)
        except http.TimeoutException:
            raise self._too_slow("read", step.model) from None
        except (http.HTTPError, OSError) as error:
            raise self._unreachable(type(error).__name__, step.model) from None
        return b"".join(parts)

    def _too_slow(self, kind: str, model: str) -> ProviderTimeoutError:
        seconds = self._timeouts[0 if kind == "connect" else 1]
        return ProviderTimeoutError(kind, seconds, model=model, retryable=True)

    def _unreachable(self, cause: str, model: str) -> ConnectionFailedError:
        return ConnectionFailedError(
            f"no answer from the provider: connection failed ({cause})",
            model=model,
            retryable=True,
            hint="check the network and base_url",
        )

    async def aclose(self) -> None:
        """Close the SDK's client."""
        await self._client.close()

    def _status_error(self, error: Any, model: str) -> ProviderError:
        body = error.body if isinstance(error.body, dict) else {}
        codes = [str(body[name]) for name in ("code", "type") if body.get(name)]
        message = str(body.get("message") or error.response.text[:200])
        return ProviderError(
            f"{error.status_code} from the provider: {message}",
            model=model,
            status=error.status_code,
            code=codes[0] if codes else None,
            request_id=error.request_id,
            retry_after=retry_after(error.response.headers),
            retryable=error.status_code in RETRYABLE_STATUS and QUOTA_CODES.isdisjoint(codes),
        )


def _key(config: LLMConfig) -> str:
    key = config.api_key or os.environ.get("OPENAI_API_KEY")
    if not key:
        raise ConfigError(
            "api_key: no OpenAI key is given", hint="set OPENAI_API_KEY, or pass LLMConfig(api_key=...)"
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            "api_key: the key holds a character that no HTTP header may hold; allowed: printable ASCII",
            hint="look for a line break at its end",
        )
    return key
