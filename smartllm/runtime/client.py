"""``LLMClient``: the methods that callers use."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from smartllm.compiler import Plan
from smartllm.errors import ConfigError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.rules.hosts import host_row
from smartllm.runtime.base import BaseClient
from smartllm.runtime.media import with_files
from smartllm.runtime.tool_calls import CallRunner
from smartllm.runtime.tool_loop import ToolLoop, check_count, first_request, tools_of
from smartllm.tools.fields import Tools
from smartllm.tools.run import OnCall, ToolRun

T = TypeVar("T", bound=BaseModel)


class LLMClient(BaseClient):
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

    Example::

        async with LLMClient(provider="openai") as client:
            response = await client.generate_text(TextRequest(prompt="What is the capital of France?"))
    """

    async def generate_text(self, request: TextRequest[T]) -> TextResponse[T]:
        """Answer a prompt.

        Args:
            request: The prompt and its wishes.

        Returns:
            The whole answer.

        Raises:
            CompileError: The request does not fit the model (also a ``ValueError``).
            ProviderError: The call failed, after all retries or at its deadline; its class says why.
            pydantic.ValidationError: (a ``ValueError``) the answer does not fit ``response_format``.
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
            NotImplementedError: The provider's row in the rules says ``assembled = false``, as OpenAI's.
            ValueError: ``response_format`` is set.
            ProviderError: As ``generate_text``; a broken stream is retried from the start.
        """
        row = host_row(self.provider, self._rules())
        if not row.assembled:
            raise NotImplementedError(
                f"generate_text_streamed is not for {row.title}; use generate_text or generate_text_stream"
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

    async def run_tools(
        self,
        request: TextRequest[T] | MessageRequest[T],
        tools: Tools = None,
        *,
        max_rounds: int = 10,
        max_parallel: int = 8,
        on_call: OnCall | None = None,
    ) -> ToolRun[T]:
        """Ask, run the functions of the tools that are called, ask again, up to an answer without calls.

        Async functions run in the event loop, others in threads, with the caller's context variables;
        arguments are checked first. What a function raises, arguments that do not fit and names that no tool
        has become error results, from which the model goes on. Calls of tools without a function end the run:
        they are its ``calls``. ``tool_choice`` forces calls in the first round only; every round is cached,
        retried and told to ``on_progress`` as a call of its own, and ``total_timeout`` is the time for all.

        Args:
            request: The prompt or conversation.
            tools: The tools, unless they stand in the request.
            max_rounds: How often the model is asked at most.
            max_parallel: How many functions run at once at most; 1 runs them in the order of their calls.
            on_call: A function of a ``CallEvent``, async or run in a thread, that is told of each call before
                and after it, one at a time. What it returns, unless it is None, is the result instead: if it
                does so before the call, the function does not run. What it raises ends the run.

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
        request = await with_files(first_request(request, tools))
        plan = self.compile(request)
        content = self.config.trace_content
        calls = self._calls
        runner = CallRunner(tools_of(request), on_call, max_parallel, lambda: calls.secrets, content=content)
        progress, deadline = self._progress(request, plan), self._executor.deadline(plan)
        loop: ToolLoop[T] = ToolLoop(self._answer, progress, runner, deadline, max_rounds)
        return await loop.run(request)

    async def list_available_models(self) -> list[dict[str, Any]]:
        """What the account can call, as the provider describes it, sorted by ``id``.

        On Bedrock: the text models that can be called on demand, and the inference profiles.

        Raises:
            ProviderError: The call failed after all retries.
        """
        self._check_open()
        return await self._executor.listed(self.provider)

    async def list_available_model_ids(self) -> list[str]:
        """The ids of ``list_available_models``."""
        return [str(model["id"]) for model in await self.list_available_models()]

    async def aclose(self) -> None:
        """Close all connections of this process; calls under way end with a ``ConnectionFailedError``."""
        if not self._closed:
            self._closed = True
            await self._executor.aclose()
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

    def compile(self, request: TextRequest[Any] | MessageRequest[Any]) -> Plan:
        """The plan that this client would execute for a request; raises as ``smartllm.compile``.

        Files that parts name are read here, which blocks; the methods that make calls read them in a thread.
        """
        return super().compile(request)
