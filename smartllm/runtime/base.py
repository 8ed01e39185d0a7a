"""What the methods of a client stand on: settings, and what happens around a call: cache, joining, events."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing
from typing import Any, TypeVar, Unpack

from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, ProviderError, SmartLLMError, UnknownModelError
from smartllm.log import Announcer
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.rules import RuleSet, load_rules
from smartllm.rules.deployments import deployment_unknown, with_deployments
from smartllm.rules.hosts import host_row
from smartllm.runtime.answer import paid_for
from smartllm.runtime.asked import Asked
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.cache.levels import open_cache
from smartllm.runtime.call import Executor
from smartllm.runtime.chunks import stream_chunks
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.exchange import HostCalls, require
from smartllm.runtime.lookup import Lookup
from smartllm.runtime.media import hashed, with_files
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.observe.telemetry import CallSpan, span_of
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.structure.paid import hide_in_paid, not_paid
from smartllm.runtime.transport import Transport
from smartllm.runtime.wire.http import HttpTransport
from smartllm.runtime.wire.way import Ways
from smartllm.setting_keywords import ClientSettings
from smartllm.settings import Settings, make_config
from smartllm.words import Provider

T = TypeVar("T")
AnyRequest = TypeVar("AnyRequest", bound=TextRequest[Any] | MessageRequest[Any])


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
        self._calls = HostCalls(self._settings, self._http() if transport is None else transport)
        calls = self._calls
        self._cache = open_cache(self._settings, lambda: calls.secrets)
        self._executor = Executor(self._settings, self._calls)
        self._announce = Announcer()
        self._entered = self._closed = False
        model = self._settings.sources.get("default_model")
        self._sources = {} if model is None else {"model": model}

    def _compiled(
        self, request: TextRequest[Any] | MessageRequest[Any], *, native: bool = True, door: str | None = None
    ) -> Plan:
        settings, rules = self._settings, self._rules()
        level = self.config.level
        try:
            plan = compile_request(
                request,
                provider=door or self.provider,
                model=settings.default_model if request.model is None else None,
                rules=rules,
                level="ignore" if level == "warn" else level,
                defaults=self.config.request_defaults(),
                sources=self._sources,
                today=dt.datetime.now(dt.UTC).date(),
                native=native,
                compatible=settings.custom_endpoint is not None
                and host_row(self.provider, rules).compatible is not None,
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
    ) -> TextResponse[T]:
        self._check_open()
        request = self._with_reasks(request)
        asked = await self._asked(_with_stream(request, streamed))
        plan = asked.plan
        progress = self._progress(request, plan)
        deadline = deadline or self._executor.deadline(plan)
        lookup: Lookup | None = None
        with self._span(request, plan) as progress.span:
            try:
                key = cache_key(plan, self._settings.cache_scope)
                lookup = Lookup(self._cache, self._executor, asked, key)
                response = await lookup.response(progress, deadline)
            except Exception as error:
                await self._failed(progress, error, deadline, plan, request)
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
        request = self._with_reasks(request)
        asked = await self._asked(_with_stream(request, True))
        plan = asked.plan
        progress, deadline = self._progress(request, plan), self._executor.deadline(plan)
        await progress.started()
        with self._span(request, plan) as progress.span:
            try:
                source = stream_chunks(self._executor, asked, progress, deadline)
                async with aclosing(source) as chunks:
                    async for chunk in chunks:
                        if chunk.response is not None:
                            self._tell(plan, chunk.response)
                        yield chunk
            except Exception as error:
                await self._failed(progress, error, deadline, plan, request)
                raise

    def _span(
        self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan
    ) -> AbstractContextManager[CallSpan]:
        return span_of(request, plan, server=self._calls.server, content=self.config.trace_content)

    async def _asked(self, request: TextRequest[Any] | MessageRequest[Any], door: str | None = None) -> Asked:
        """A request with its plan, and the way to another one; perhaps for one door alone."""
        read = await with_files(request)

        async def compiled(wished: TextRequest[Any] | MessageRequest[Any]) -> Plan:
            other = read.model_copy(update={"structured_output": wished.structured_output})
            return await hashed(self._compiled(other, native=False, door=door))

        return Asked(request, await hashed(self._compiled(read, door=door)), compiled)

    def _tell(self, plan: Plan, response: TextResponse[Any]) -> None:
        """Log what the answer has to tell beside its plan, which is logged already."""
        if self.config.level == "warn" and len(response.diagnostics) > len(plan.diagnostics):
            self._announce(plan.model, response.diagnostics)

    async def _failed(
        self,
        progress: Progress,
        error: Exception,
        deadline: Deadline,
        plan: Plan,
        request: TextRequest[Any] | MessageRequest[Any],
    ) -> None:
        """What holds for every error, wherever in the call it came up."""
        if isinstance(error, ProviderError) and error.response is None:
            error.response = paid_for(deadline.record, plan, request)
        secrets = (*self._calls.secrets, *plan.steps[0].secrets)
        if isinstance(error, SmartLLMError):
            hide_secrets(error, secrets)
        hide_in_paid(error, secrets)
        if isinstance(error, ProviderError):
            error.attempts = max(error.attempts, deadline.record.attempts)
            # ``from None`` hides the HTTP library's error but keeps it, and with it the request's headers.
            error.__context__ = None
        await progress.failed(error)

    def __reduce__(self) -> str:
        raise ConfigError(
            "a client cannot be pickled: its connections belong to this process",
            hint="hand the LLMConfig over, and make a client in each process",
        )

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

    def _with_reasks(self, request: AnyRequest) -> AnyRequest:
        """The request with the client's own number of reasks, where it names none."""
        most = self.config.reasks
        if most is None or "reasks" in request.model_fields_set:
            return request
        asked: AnyRequest = request.model_copy(update={"reasks": most})  # type: ignore[assignment]
        return asked

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigError("this client is closed; make a new one")


def _with_stream(
    request: TextRequest[Any] | MessageRequest[Any], stream: bool
) -> TextRequest[Any] | MessageRequest[Any]:
    """The request as the called method means it, whatever its ``stream`` field says."""
    return request if request.stream is stream else request.model_copy(update={"stream": stream})
