"""``LLMClient``: compile, send, decode."""

from __future__ import annotations

import datetime as dt
import time
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from smartllm.compiler import Plan, Step
from smartllm.compiler import compile as compile_request
from smartllm.compiler.dialects import Decoded
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.answer import Fetched, decode_answer
from smartllm.runtime.cache import cache_key, open_cache, worth_keeping
from smartllm.runtime.retry import with_retries
from smartllm.runtime.single_flight import SingleFlight
from smartllm.runtime.structured import check_whole
from smartllm.runtime.transport import Transport

T = TypeVar("T", bound=BaseModel)


class LLMClient:
    """One interface to every provider; an async context manager.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        settings: Fields of ``LLMConfig``, when no ``config`` is given.

    Raises:
        ConfigError: An unusable setting, or no key.
        MissingExtraError: The provider's SDK is not installed.

    Example::

        async with LLMClient(provider="openai") as client:
            response = await client.generate_text(TextRequest(prompt="What is the capital of France?"))
    """

    def __init__(self, config: LLMConfig | None = None, **settings: Any) -> None:
        if config is not None and settings:
            raise ConfigError(f"give either a config or settings, not both ({', '.join(sorted(settings))})")
        try:
            self.config = config if config is not None else LLMConfig(**settings)
        except TypeError as error:
            raise ConfigError(str(error).replace("LLMConfig.__init__() ", "")) from None
        self.provider = self.config.resolved_provider()
        self._transport: Transport | None = self._make_transport()
        self._cache = open_cache(self.config)
        self._flights: SingleFlight[Fetched] = SingleFlight()
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
        )

    def _make_transport(self) -> Transport:
        if self.provider == "openai":
            from smartllm.runtime.openai import OpenAITransport  # noqa: PLC0415 - loads the SDK

            return OpenAITransport(self.config)
        from smartllm.runtime.bedrock import BedrockTransport  # noqa: PLC0415 - loads the SDK

        return BedrockTransport(self.config)

    async def _answer(self, request: TextRequest[T] | MessageRequest[T]) -> TextResponse[T]:
        self._open_transport()
        plan = self.compile(request)
        key = cache_key(plan, endpoint=self.config.custom_endpoint())
        if request.clear_cache:
            await self._cache.delete(key)
        if not (plan.cacheable and request.use_cache):
            response = (await self._fetch(plan)).response(request, plan)
            response.cache_key = key
            return response
        kept = None if request.clear_cache else await self._cache.get(key, request, plan)
        if kept is not None:
            return kept
        # A forced refresh joins other refreshes, but never a call that began before it.
        flight = f"{key}!" if request.clear_cache else key
        fetched, _ = await self._flights.run(flight, lambda: self._fetch_and_keep(plan, request, key))
        response = fetched.response(request, plan)
        response.cache_key = key
        return response

    async def _fetch_and_keep(
        self, plan: Plan, request: TextRequest[Any] | MessageRequest[Any], key: str
    ) -> Fetched:
        fetched = await self._fetch(plan)
        # Only what validates is kept; a wrong answer raises here, for everybody who waits for it.
        response = fetched.response(request, plan)
        if worth_keeping(plan, fetched.answers):
            await self._cache.put(key, response)
        return fetched

    async def _fetch(self, plan: Plan) -> Fetched:
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        first = await self._send(plan.steps[0])
        answers = [first]
        if len(plan.steps) > 1:
            check_whole(plan.steps[0], first)
            answers.append(await self._send(plan.steps[1].fill(first.text)))
        return Fetched(answers, started, time.perf_counter() - clock)

    async def _send(self, step: Step) -> Decoded:
        async def attempt() -> Decoded:
            return decode_answer(step, await self._open_transport().send(step))

        return await with_retries(attempt, self.config)

    def _open_transport(self) -> Transport:
        if self._transport is None:
            raise ConfigError("this client is closed; make a new one")
        return self._transport
