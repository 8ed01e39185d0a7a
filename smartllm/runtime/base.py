"""What the methods of a client stand on: settings, and what happens around a call: cache, joining, events."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any, Final, TypeVar, Unpack

from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.config import LLMConfig
from smartllm.environment import Source
from smartllm.errors import ConfigError, UnknownModelError
from smartllm.log import Announcer
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.rules import RuleSet, load_rules
from smartllm.rules.deployments import deployment_unknown, with_deployments
from smartllm.runtime.asked import Asked
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.cache.levels import ResponseCache, open_cache
from smartllm.runtime.call import Executor
from smartllm.runtime.chunks import stream_chunks
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.elsewhere import check_address, elsewhere
from smartllm.runtime.exchange import HostCalls, require
from smartllm.runtime.failed import make_ready
from smartllm.runtime.fallback.chain import Chain, Place
from smartllm.runtime.fallback.targets import Caller, takers_of
from smartllm.runtime.lookup import Lookup
from smartllm.runtime.media import hashed, with_files
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.observe.telemetry import CallSpan, span_of
from smartllm.runtime.structure.paid import not_paid
from smartllm.runtime.transport import Transport
from smartllm.runtime.wire.http import HttpTransport
from smartllm.runtime.wire.way import Ways
from smartllm.runtime.wished import wished
from smartllm.setting_keywords import ClientSettings
from smartllm.settings import Settings, make_config
from smartllm.words import Provider

T = TypeVar("T")

_FALLBACK: Final = Source("setting", "fallback")


class BaseClient:
    """What the methods of ``LLMClient`` stand on."""

    default_provider: Provider | None = None
    """Provider of this class; None takes the configuration's."""

    def __init__(
        self,
        config: LLMConfig | None = None,
        *,
        transport: Transport | None = None,
        **settings: Unpack[ClientSettings],
    ) -> None:
        if config is not None and settings:
            raise ConfigError(f"give either a config or settings, not both ({', '.join(sorted(settings))})")
        if config is None:
            if self.default_provider is not None:
                settings = {"provider": self.default_provider, **settings}
            config = make_config(LLMConfig, settings)
        self._settings = Settings.resolve(config, sends=transport is None)
        self.config = self._settings.config
        self.provider = self._settings.provider
        if self.default_provider not in {None, self.provider}:
            raise ConfigError(
                f"provider={self.provider!r}: {type(self).__name__} is for {self.default_provider}",
                hint="use LLMClient, which serves every provider",
            )
        if self._settings.deployments:
            self._rules()  # which raises for what is no model
        if self.config.compatible is not None and transport is None:
            check_address(self._settings, self._rules())
        self._calls = HostCalls(self._settings, self._http() if transport is None else transport)
        holders = self._all_calls = [self._calls]
        self._secrets = lambda: tuple(secret for each in holders for secret in each.secrets)
        self._cache = open_cache(self._settings, self._secrets)
        self._executor = Executor(self._settings, self._calls)
        self._announce = Announcer()
        self._entered = self._closed = False
        self._others: list[_Other] = []
        self._takers = takers_of(self._settings, self._caller, self._beside(transport))

    @property
    def _chain(self) -> Chain:
        """This client's models. It is made for each call: a client that nobody holds ends at once."""
        return Chain(self._caller, self._takers, lambda: not self._closed)

    @property
    def _caller(self) -> Caller:
        return Caller(
            self.provider,
            self._compiled,
            self._asked,
            self._progress,
            self._answered,
            self._chunks,
            self._executor.deadline,
        )

    def _beside(self, transport: Transport | None) -> Callable[[LLMConfig], Caller]:
        """What makes the callers of models that take over; their cache is this client's."""

        def made(config: LLMConfig) -> Caller:
            other = _Other(config, transport, self._cache)
            self._others.append(other)
            self._all_calls.append(other.calls)
            return other.caller

        return made

    def _compiled(
        self,
        request: TextRequest[Any] | MessageRequest[Any],
        model: str | None = None,
        *,
        native: bool = True,
        door: str | None = None,
    ) -> Plan:
        """The plan of a request.

        Args:
            request: The request.
            model: Another model than its own, or the settings'.
            native: False where the host is seen to refuse the provider's own schema mode.
            door: One door alone of the provider's.
        """
        settings, rules = self._settings, self._rules()
        source = _FALLBACK if model is not None else settings.sources.get("default_model")
        level, there = self.config.level, elsewhere(settings, rules)
        try:
            plan = compile_request(
                request,
                provider=door or self.provider,
                model=settings.default_model if model is None and request.model is None else model,
                rules=rules,
                level="ignore" if level == "warn" else level,
                defaults=self.config.request_defaults(),
                sources={**there.sources, **({} if source is None else {"model": source})},
                today=dt.datetime.now(dt.UTC).date(),
                native=native,
                compatible=there.compatible,
            )
        except UnknownModelError as error:
            raise (deployment_unknown(error) if settings.row.resource is not None else error) from None
        if level == "warn":
            self._announce(plan.model, plan.diagnostics)
        return plan

    def _http(self) -> Transport:
        row = self._settings.row
        require(self.provider, row.extra, row.packages)
        return HttpTransport(Ways(self._settings))

    def _rules(self) -> RuleSet:
        return with_deployments(load_rules(self._settings.rules), self._settings.deployments)

    async def _answer(
        self,
        request: TextRequest[T] | MessageRequest[T],
        *,
        streamed: bool = False,
        deadline: Deadline | None = None,
        place: Place | None = None,
    ) -> TextResponse[T]:
        self._check_open()
        asked = wished(request, reasks=self.config.reasks, stream=streamed)
        return await self._chain.answer(asked, deadline, place)

    async def _answered(self, asked: Asked, progress: Progress, deadline: Deadline) -> TextResponse[Any]:
        """The answer of one model; what fails is ready to be raised, but nobody is told of it yet."""
        request, plan = asked.request, asked.plan
        lookup: Lookup | None = None
        with self._span(request, plan) as progress.span:
            try:
                key = cache_key(plan, self._settings.cache_scope)
                lookup = Lookup(self._cache, self._executor, asked, key)
                response = asked.finish(await lookup.response(progress, deadline))
            except Exception as error:
                make_ready(error, deadline, plan, request, self._calls.secrets)
                if lookup is not None and lookup.joined:
                    not_paid(error, lookup.given)
                raise
            progress.span.answered(response, joined=lookup.joined)
        self._tell(plan, response)
        if response.cache_source == "miss":
            await progress.done(response)
        else:
            await progress.cache_hit(response)
        return response

    async def _stream(self, request: TextRequest[T] | MessageRequest[T]) -> AsyncGenerator[StreamChunk[T]]:
        self._check_open()
        chunks = self._chain.chunks(wished(request, reasks=self.config.reasks, stream=True))
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def _chunks(
        self, asked: Asked, progress: Progress, deadline: Deadline
    ) -> AsyncGenerator[StreamChunk[Any]]:
        """As ``_answered``, of a stream."""
        request, plan = asked.request, asked.plan
        with self._span(request, plan) as progress.span:
            try:
                source = stream_chunks(self._executor, asked, progress, deadline)
                async with aclosing(source) as chunks:
                    async for chunk in chunks:
                        if chunk.response is not None:
                            self._tell(plan, chunk.response)
                        yield chunk
            except Exception as error:
                make_ready(error, deadline, plan, request, self._calls.secrets)
                raise

    def _span(
        self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan
    ) -> AbstractContextManager[CallSpan]:
        return span_of(request, plan, server=self._calls.server, content=self.config.trace_content)

    async def _asked(
        self,
        request: TextRequest[Any] | MessageRequest[Any],
        model: str | None = None,
        *,
        door: str | None = None,
    ) -> Asked:
        """A request with its plan, and the way to another one; perhaps for one door alone."""
        read = await with_files(request)

        async def compiled(wished: TextRequest[Any] | MessageRequest[Any]) -> Plan:
            other = read.model_copy(update={"structured_output": wished.structured_output})
            return await hashed(self._compiled(other, model, native=False, door=door))

        return Asked(request, await hashed(self._compiled(read, model, door=door)), compiled)

    def _tell(self, plan: Plan, response: TextResponse[Any]) -> None:
        """Log what the answer has to tell beside its plan, which is logged already."""
        if self.config.level == "warn" and len(response.diagnostics) > len(plan.diagnostics):
            self._announce(plan.model, response.diagnostics)

    def __reduce__(self) -> str:
        raise ConfigError(
            "a client cannot be pickled: its connections belong to this process",
            hint="hand the LLMConfig over, and make a client in each process",
        )

    def _progress(self, request: TextRequest[Any] | MessageRequest[Any], model: str) -> Progress:
        max_tokens = self.config.max_tokens
        if max_tokens is None or "max_tokens" in request.model_fields_set:
            max_tokens = request.max_tokens
        return Progress(
            request,
            model=model,
            provider=self.provider,
            max_retries=self.config.max_retries,
            max_tokens=max_tokens,
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigError("this client is closed; make a new one")


class _Other(BaseClient):
    """Calls the provider of a model that takes over.

    Args:
        config: Its settings.
        transport: The caller's, which its client closes; None makes one.
        cache: Its client's.
    """

    def __init__(self, config: LLMConfig, transport: Transport | None, cache: ResponseCache) -> None:
        super().__init__(config, transport=transport)
        self._cache, self._is_shared = cache, transport is not None

    @property
    def calls(self) -> HostCalls:
        """The calls to its hosts."""
        return self._calls

    @property
    def caller(self) -> Caller:
        """What the client needs of it."""
        return self._caller

    async def aclose(self) -> None:
        """Close all connections of its own."""
        await self._executor.aclose()
        if not self._is_shared:
            await self._calls.aclose()
