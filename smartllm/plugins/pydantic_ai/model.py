"""``SmartLLMModel``: a model of pydantic-ai whose requests go through SmartLLM's compiler."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, ModelRequestParameters, check_allow_model_requests
from pydantic_ai.usage import RequestUsage

from smartllm.config import LLMConfig
from smartllm.errors import CompileError, RefusalError, TruncatedError
from smartllm.plugins.listed import facts_of, rules_in_force
from smartllm.plugins.pydantic_ai.answer import response_of, tell, unbound
from smartllm.plugins.pydantic_ai.failures import failures
from smartllm.plugins.pydantic_ai.files import Files
from smartllm.plugins.pydantic_ai.profile import layered
from smartllm.plugins.pydantic_ai.settings import fields_of, tools_of
from smartllm.plugins.pydantic_ai.stream import Streamed
from smartllm.plugins.pydantic_ai.turns import History
from smartllm.request import MessageRequest
from smartllm.response import TextResponse
from smartllm.rules import Facts, load_rules, resolve
from smartllm.rules.deployments import with_deployments
from smartllm.runtime.client import LLMClient
from smartllm.settings import Settings
from smartllm.structure_errors import StructureError

if TYPE_CHECKING:
    from pydantic_ai import RunContext
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.profiles import ModelProfile, ModelProfileSpec
    from pydantic_ai.settings import ModelSettings

    from smartllm.words import Provider


class SmartLLMModel(Model[LLMClient]):
    """A model of any provider, whose requests are compiled by SmartLLM's rules.

    Args:
        model_name: Id of the model, as the provider knows it.
        client: Makes the calls, and stays open; None makes one, which ``async with`` an agent or the model
            closes.
        provider: ``openai`` or ``bedrock``; None takes the one that the id tells, or the client's.
        profile: What is known better than SmartLLM's facts say it to agents.
        settings: For requests that say nothing else; see ``SmartLLMModelSettings``.

    Raises:
        ConfigError: (on first use) as ``LLMClient``; agents get a ``UserError``.

    Example::

        agent = Agent(SmartLLMModel("<model id>", settings={"thinking": "low"}))
        print(agent.run_sync("What is the capital of France?").output)
    """

    unsupported_settings = frozenset({"logit_bias", "max_retries", "timeout"})
    """Of these the last two are settings of a client here."""

    def __init__(
        self,
        model_name: str,
        *,
        client: LLMClient | None = None,
        provider: str | None = None,
        profile: ModelProfileSpec | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        self._model_name = model_name
        self._own = client is None
        self._client = client
        self._system = provider or (client.provider if client is not None else _provider_of(model_name))
        self._facts = _facts(model_name, self._system, client)
        super().__init__(settings=settings, profile=layered(self._facts, profile))

    @property
    def model_name(self) -> str:
        """Id of the model."""
        return self._model_name

    @property
    def system(self) -> str:
        """The provider."""
        return self._system

    @property
    def client(self) -> LLMClient:
        """The client that makes the calls."""
        if self._client is None:
            # What the compiler changed is told by ``warnings``, in the words of each request.
            self._client = LLMClient(provider=cast("Provider", self._system), level="ignore")
        return self._client

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close the client that was made here; another is made if the model is used again."""
        if self._own and self._client is not None:
            closing, self._client = self._client, None
            await closing.aclose()

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Make a request.

        Raises:
            ModelAPIError: The call failed, or the model cannot be asked so; its class says why.
            UserError: What is asked is no request.
        """
        check_allow_model_requests()
        with failures(self._model_name):
            request, asked = await self._request(messages, model_settings, model_request_parameters)
            answer: TextResponse[Any]
            try:
                answer = await self.client.send_message(request)
            except (RefusalError, StructureError, TruncatedError) as error:
                if error.response is None:
                    raise
                # The agent is to see what the model wrote, and asks it again if it may.
                answer = unbound(error.response, error)
        tell(answer.diagnostics)
        return response_of(answer, provider=self._system, bound=_is_bound(asked))

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """Count the input tokens of a request by the provider, as ``UsageLimits`` may ask before each.

        Raises:
            ModelAPIError: As ``request``; also where the provider counts no tokens for the model.
        """
        check_allow_model_requests()
        with failures(self._model_name):
            request, _ = await self._request(messages, model_settings, model_request_parameters)
            found = await self.client.count_tokens(request)
        return RequestUsage(input_tokens=found.input_tokens)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> AsyncGenerator[Streamed]:
        """Make a request whose answer comes in pieces; raises as ``request``."""
        check_allow_model_requests()
        with failures(self._model_name):
            request, asked = await self._request(messages, model_settings, model_request_parameters)
            chunks = self.client.send_message_stream(request)
        async with aclosing(chunks):
            with failures(self._model_name):
                first = await anext(chunks)  # so that what fails at once fails here
            yield Streamed(asked, self._model_name, self._system, _is_bound(asked), chunks, first)

    async def _request(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        asked: ModelRequestParameters,
    ) -> tuple[MessageRequest[Any], ModelRequestParameters]:
        """The request, and the agent's wishes as the profile settles them."""
        settings, asked = self.prepare_request(settings, asked)
        settings = settings or {}
        files = Files(self._system, self._facts, citations=bool(settings.get("citations")))
        system, turns = await History(files).read(messages, asked)
        fields = {
            "model": self._model_name,
            "system_prompt": system,
            **fields_of(settings, asked, self._facts),
        }
        profile = self.profile
        fields |= tools_of(settings, asked, profile, thinks=_thinks(fields, profile))
        if asked.output_mode == "native" and asked.output_object is not None:
            fields["response_format"] = asked.output_object.json_schema
        if not turns:
            raise UserError("there is nothing to ask: a prompt with a text or a file is needed")
        return MessageRequest(messages=turns, **fields), asked


def _thinks(fields: Mapping[str, Any], profile: ModelProfile) -> bool:
    effort = fields.get("reasoning_effort")
    if effort == "none":
        return bool(profile.get("thinking_always_enabled", False))
    by_itself = profile.get("thinking_enabled_by_default", False)
    return bool(effort or fields.get("budget_tokens") or by_itself)


def _is_bound(asked: ModelRequestParameters) -> bool:
    return asked.output_mode == "native" and asked.output_object is not None


def _facts(model_name: str, provider: str, client: LLMClient | None) -> Facts | None:
    """What the model takes by the rules, and at the address, that its requests are compiled for."""
    if client is None:
        return facts_of(model_name, provider, rules_in_force())
    settings = Settings.resolve(client.config, sends=False)
    elsewhere = settings.custom_endpoint is not None
    rules = with_deployments(load_rules(settings.rules), settings.deployments)
    return facts_of(model_name, provider, rules, elsewhere=elsewhere)


def _provider_of(model_name: str) -> str:
    """The provider that an id tells, else the one that the environment does."""
    try:
        host = resolve(model_name, rules_in_force()).host
    except CompileError:
        host = None
    return host or LLMConfig().resolved_provider()
