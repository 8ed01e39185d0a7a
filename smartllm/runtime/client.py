"""``LLMClient``: the methods that callers use, and what happens around a call: cache, joining, events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, ProviderError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import CacheSource, StreamChunk, TextResponse
from smartllm.runtime.answer import Fetched
from smartllm.runtime.cache.entry import entry_of, fetched_of, response_of, worth_keeping
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.cache.levels import open_cache
from smartllm.runtime.call import Executor
from smartllm.runtime.chunks import stream_chunks
from smartllm.runtime.control.single_flight import SingleFlight
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.observe.telemetry import span_of
from smartllm.runtime.transport import Transport

T = TypeVar("T", bound=BaseModel)


class LLMClient:
    """One interface to every provider; an async context manager.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        transport: Sends the calls instead of the provider's SDK; ``smartllm.testing.FakeTransport`` is one.
        settings: Fields of ``LLMConfig``, when no ``config`` is given.

    Raises:
        ConfigError: An unusable setting, or no key.
        MissingExtraError: The provider's SDK is not installed.

    Example::

        async with LLMClient(provider="openai") as client:
            response = await client.generate_text(TextRequest(prompt="What is the capital of France?"))
    """

    default_provider: str | None = None
    """Provider of this class; None takes the configuration's."""

    def __init__(
        self, config: LLMConfig | None = None, *, transport: Transport | None = None, **settings: Any
    ) -> None:
        if config is not None and settings:
            raise ConfigError(f"give either a config or settings, not both ({', '.join(sorted(settings))})")
        if config is None and self.default_provider is not None:
            settings = {"provider": self.default_provider, **settings}
        try:
            self.config = config if config is not None else LLMConfig(**settings)
        except TypeError as error:
            raise ConfigError(str(error).replace("LLMConfig.__init__() ", "")) from None
        self.provider = self.config.resolved_provider()
        if self.default_provider not in {None, self.provider}:
            raise ConfigError(
                f"provider={self.provider!r}: {type(self).__name__} is for {self.default_provider}",
                hint="use LLMClient, which serves every provider",
            )
        self._transport: Transport | None = transport or self._make_transport()
        self._cache = open_cache(self.config, self._transport.secrets)
        self._scope = self.config.custom_endpoint()
        if self.provider == "bedrock":
            self._scope = self._scope or self.config.resolved_region()
        self._flights: SingleFlight[tuple[Fetched, CacheSource]] = SingleFlight()
        self._executor = Executor(self.config, self._open_transport)
        self._entered = False

    async def generate_text(self, request: TextRequest[T]) -> TextResponse[T]:
        """Answer a prompt.

        Args:
            request: The prompt and its wishes.

        Returns:
            The whole answer.

        Raises:
            CompileError: The request does not fit the model (also a ``ValueError``).
            ProviderError: The call failed after all retries.
            pydantic.ValidationError: The structured answer does not fit ``response_format``.
        """
        return await self._answer(request)

    async def send_message(self, request: MessageRequest[T]) -> TextResponse[T]:
        """Answer a conversation; as ``generate_text``."""
        return await self._answer(request)

    async def generate_text_streamed(self, request: TextRequest[T]) -> TextResponse[T]:
        """As ``generate_text``, over a stream: a long answer does not run into the read timeout (Bedrock).

        Args:
            request: The prompt and its wishes; ``on_progress`` also gets ``stream_progress`` and
                ``stream_thinking``.

        Raises:
            NotImplementedError: The provider is OpenAI.
            ValueError: ``response_format`` is set.
            ProviderError: As ``generate_text``; a broken stream is retried from the start.
        """
        if self.provider == "openai":
            raise NotImplementedError(
                "generate_text_streamed is for Bedrock; with OpenAI use generate_text or generate_text_stream"
            )
        if request.response_format is not None:
            raise ValueError("generate_text_streamed takes no response_format; use generate_text instead")
        return await self._answer(request, streamed=True)

    def generate_text_stream(self, request: TextRequest[Any]) -> AsyncGenerator[StreamChunk]:
        """Answer a prompt piece by piece; never cached.

        Args:
            request: The prompt and its wishes.

        Yields:
            Chunks of text and of thinking as they come; the last one has no text but stop reason and usage.

        Raises:
            CompileError: The request does not fit the model (also a ``ValueError``).
            ProviderError: The call failed. After the first chunk it is not made again, and the error's
                ``partial_text`` holds the text so far.
        """
        return self._stream(request)

    def send_message_stream(self, request: MessageRequest[Any]) -> AsyncGenerator[StreamChunk]:
        """Answer a conversation piece by piece; as ``generate_text_stream``."""
        return self._stream(request)

    async def list_available_models(self) -> list[dict[str, Any]]:
        """What the account can call, as the provider describes it, sorted by ``id``.

        On Bedrock: the text models that can be called on demand, and the inference profiles.

        Raises:
            ProviderError: The call failed after all retries.
        """
        return await self._executor.listed(self.provider)

    async def list_available_model_ids(self) -> list[str]:
        """The ids of ``list_available_models``."""
        return [str(model["id"]) for model in await self.list_available_models()]

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            await self._flights.aclose()
            await transport.aclose()
            await self._cache.aclose()

    async def __aenter__(self) -> Self:
        self._open_transport()
        if self._entered:
            raise ConfigError(
                "this client is already in use by another `async with`",
                hint="enter it once, and pass it on; or make a second client",
            )
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def compile(self, request: TextRequest[Any] | MessageRequest[Any]) -> Plan:
        """The plan that this client would execute for a request."""
        model = None
        if request.model is None:
            model = self.config.default_model
        return compile_request(
            request,
            provider=self.provider,
            model=model,
            rules=self.config.rules,
            level=self.config.level,
            defaults=self.config.request_defaults(),
            compatible=self.provider == "openai" and self.config.custom_endpoint() is not None,
        )

    def _make_transport(self) -> Transport:
        if self.provider == "openai":
            from smartllm.runtime.openai import OpenAITransport  # noqa: PLC0415 - loads the SDK

            return OpenAITransport(self.config)
        from smartllm.runtime.bedrock import BedrockTransport  # noqa: PLC0415 - loads the SDK

        return BedrockTransport(self.config)

    async def _answer(
        self, request: TextRequest[T] | MessageRequest[T], *, streamed: bool = False
    ) -> TextResponse[T]:
        self._open_transport()
        plan = self.compile(_with_stream(request, streamed))
        progress = self._progress(request, plan)
        with span_of(request, plan, content=self.config.trace_content) as span:
            try:
                response = await self._kept_or_made(request, plan, progress)
            except Exception as error:
                await _failed(progress, error)
                raise
            span.answered(response)
        if response.cache_source == "miss":
            await progress.done(response)
        else:
            await progress.cache_hit(response)
        return response

    async def _kept_or_made(
        self, request: TextRequest[T] | MessageRequest[T], plan: Plan, progress: Progress
    ) -> TextResponse[T]:
        key = cache_key(plan, self._scope)
        if request.clear_cache:
            await self._cache.delete(key)
        if not (plan.cacheable and request.use_cache):
            await progress.started()
            response = (await self._executor.fetch(plan, progress)).response(request, plan)
            response.cache_key = key
            return response
        if not request.clear_cache:
            kept = response_of(await self._cache.local_get(key), request, plan)
            if kept is not None:
                kept.cache_source, kept.cache_key = "l1", key
                return kept
        await progress.started()
        # A forced refresh joins other refreshes, but never a call that began before it.
        flight = f"{key}!" if request.clear_cache else key
        (fetched, source), _ = await self._flights.run(
            flight, lambda: self._found_or_fetched(plan, request, key, progress)
        )
        response = fetched.response(request, plan)
        response.cache_source, response.cache_key = source, key
        return response

    async def _found_or_fetched(
        self, plan: Plan, request: TextRequest[Any] | MessageRequest[Any], key: str, progress: Progress
    ) -> tuple[Fetched, CacheSource]:
        if not request.clear_cache:
            entry = await self._cache.shared_get(key)
            fetched = None if entry is None else fetched_of(entry, plan)
            if entry is not None and fetched is not None and response_of(entry, request, plan) is not None:
                await self._cache.local_put(key, entry)
                return fetched, "l2"
        fetched = await self._executor.fetch(plan, progress)
        if worth_keeping(plan, fetched.answers):
            try:
                response = fetched.response(request, plan)
            except (ProviderError, ValueError):
                return fetched, "miss"  # each caller is told by its own class
            entry = entry_of(key, response, fetched.answers)
            if entry is not None:
                return replace(fetched, notes=await self._cache.put(key, entry)), "miss"
        return fetched, "miss"

    async def _stream(self, request: TextRequest[Any] | MessageRequest[Any]) -> AsyncGenerator[StreamChunk]:
        self._open_transport()
        plan = self.compile(_with_stream(request, True))
        progress = self._progress(request, plan)
        await progress.started()
        with span_of(request, plan, content=self.config.trace_content) as span:
            try:
                source = stream_chunks(self._executor, plan, request, progress, span.answered)
                async with aclosing(source) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except Exception as error:
                await _failed(progress, error)
                raise

    def _progress(self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan) -> Progress:
        max_tokens = self.config.max_tokens
        if max_tokens is None or "max_tokens" in request.model_fields_set:
            max_tokens = request.max_tokens
        return Progress(
            request,
            model=plan.model,
            provider=self.provider,
            max_retries=self.config.max_retries,
            max_tokens=max_tokens,
        )

    def _open_transport(self) -> Transport:
        if self._transport is None:
            raise ConfigError("this client is closed; make a new one")
        return self._transport


async def _failed(progress: Progress, error: Exception) -> None:
    if isinstance(error, ProviderError):
        # ``from None`` hides the SDK's error but keeps it, and with it the request and its headers.
        error.__context__ = None
    await progress.failed(error)


def _with_stream(
    request: TextRequest[Any] | MessageRequest[Any], stream: bool
) -> TextRequest[Any] | MessageRequest[Any]:
    """The request as the called method means it, whatever its ``stream`` field says."""
    return request if request.stream is stream else request.model_copy(update={"stream": stream})
