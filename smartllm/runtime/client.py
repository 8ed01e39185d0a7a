"""``LLMClient``: the methods that callers use."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

from typing_extensions import TypeVar

from smartllm.compiler import Plan
from smartllm.errors import ConfigError
from smartllm.request import MessageRequest, TextRequest
from smartllm.request_keywords import NOT_GIVEN, Prompt, PromptFields, Turns, WithModel
from smartllm.request_of import any_request
from smartllm.runtime.fallback.chain import Place
from smartllm.runtime.many import ManyClient
from smartllm.runtime.media import with_files
from smartllm.runtime.observe.tool_span import span_of_run
from smartllm.runtime.tool_calls import CallRunner
from smartllm.runtime.tool_loop import ToolLoop, check_count, first_request, tools_of
from smartllm.tools.fields import Tools
from smartllm.tools.run import OnCall, ToolRun

T = TypeVar("T", default=Any)


class LLMClient(ManyClient):
    """One interface to every provider; an async context manager.

    It serves several event loops and threads, and the children of a fork: each loop of each process has
    connections, limits, a retry budget and joining of equal calls of its own.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        transport: Sends the bytes instead of HTTP: a ``smartllm.runtime.transport.Transport``, such as
            ``smartllm.testing.FakeTransport``.
        settings: Fields of ``LLMConfig``, when no ``config`` is given.

    Raises:
        ConfigError: A setting or variable that is unusable, unknown or another provider's, or no key; also
            (methods) the client is closed.
        MissingExtraError: A package of the provider's extra is not installed.

    Example:
        async with LLMClient(provider="openai") as client:
            response = await client.generate_text(TextRequest(prompt="What is the capital of France?"))
    """

    async def run_tools(
        self,
        request: TextRequest[T] | MessageRequest[T] | Prompt | Turns,
        tools: Tools = None,
        *,
        max_rounds: int = 10,
        max_parallel: int = 8,
        on_call: OnCall | None = None,
        **fields: Unpack[WithModel[T]],
    ) -> ToolRun[T]:
        """Ask, run the functions of the tools that are called, ask again, up to an answer without calls.

        Async functions run in the event loop, others in threads, with the caller's context variables;
        arguments are checked first. What a function raises, arguments that do not fit and names that no tool
        has become error results, from which the model goes on. Calls of tools without a function end the run:
        they are its ``calls``. ``tool_choice`` forces calls in the first round only; every round is cached,
        retried and told to ``on_progress`` as a call of its own, and ``total_timeout`` is the time for all.

        Args:
            request: A prompt, a conversation (a list in which a message stands), or a request.
            tools: The tools, unless they stand in the request.
            max_rounds: How often the model is asked at most.
            max_parallel: How many functions run at once at most; 1 runs them in the order of their calls.
            on_call: A function of a ``CallEvent``, async or run in a thread, that is told of each call before
                and after it, one at a time. What it returns, unless it is None, is the result instead: if it
                does so before the call, the function does not run. What it raises ends the run.
            fields: Fields of a request, beside a prompt or a conversation.

        Returns:
            The last answer, and all that was said and done before it.

        Raises:
            ToolRoundsError: The last of ``max_rounds`` answers still calls functions; none of these was run.
            ToolTimeoutError: Functions were not done by the deadline. Their threads end when they return.
            ToolError: The tools cannot be declared, or a function gave back what no JSON can say.
            CompileError, ProviderError, pydantic.ValidationError: As ``generate_text``; ``TruncatedError``
                also if an answer was cut off in a call. Our errors after the first answer have in ``run``
                what was said and done.
        """
        check_count("max_rounds", max_rounds)
        check_count("max_parallel", max_parallel)
        said: dict[str, Any] = dict(fields)
        if tools is not None and not isinstance(request, (TextRequest, MessageRequest)):
            said["tools"], tools = tools, None  # tool_choice among the fields chooses among them
        wished = any_request("client.run_tools", request, said)
        first = await with_files(first_request(wished, tools))
        plan = await self._chain.plan(first)
        content = self.config.trace_content
        runner = CallRunner(tools_of(first), on_call, max_parallel, self._secrets, content=content)
        progress, deadline = self._progress(first, plan.model), self._executor.deadline(plan.model)
        ask = partial(self._answer, place=Place())
        loop: ToolLoop[T] = ToolLoop(ask, progress, runner, deadline, max_rounds)
        with span_of_run(plan, server=self._calls.server, content=content):
            return await loop.run(first)

    async def list_available_models(self) -> list[dict[str, Any]]:
        """What the account can call, as the provider describes it, sorted by ``id``.

        On Bedrock: the text models that can be called on demand, and the inference profiles.

        Raises:
            ProviderError: The call failed after all retries.
        """
        self._check_open()
        return await self._executor.aside.listed(self.provider)

    async def list_available_model_ids(self) -> list[str]:
        """The ids of ``list_available_models``."""
        return [str(model["id"]) for model in await self.list_available_models()]

    async def aclose(self) -> None:
        """Close all connections of this process; calls under way end with a ``ConnectionFailedError``."""
        if not self._closed:
            self._closed = True
            await self._executor.aclose()
            for other in self._others:
                await other.aclose()
            await self._calls.aclose()
            await self._cache.aclose()

    async def __aenter__(self) -> Self:
        self._check_open()
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

    def compile(
        self,
        request: TextRequest[Any] | MessageRequest[Any] | Prompt | Turns = NOT_GIVEN,
        **fields: Unpack[PromptFields[Any]],
    ) -> Plan:
        """The plan that this client would execute for a request; raises as ``smartllm.compile``.

        Files that parts name are read here, which blocks; the methods that make calls read them in a thread.

        Args:
            request: A prompt, a conversation (a list in which a message stands), or a request.
            fields: Fields of a request, beside a prompt or a conversation.
        """
        return self._compiled(any_request("client.compile", request, fields))
