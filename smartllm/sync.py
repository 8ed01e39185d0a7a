"""The same client for synchronous code: ``from smartllm.sync import LLMClient``.

All clients of a process share one event loop in a background thread, so that calls of many threads use the
same connections, limits, cache and joining of identical calls.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Literal, Self, Unpack, overload

from typing_extensions import TypeVar

from smartllm.compiler import Plan
from smartllm.config import LLMConfig
from smartllm.map_progress import OnMapProgress
from smartllm.request import MessageRequest, TextRequest
from smartllm.request_keywords import (
    NOT_GIVEN,
    Prompt,
    PromptFields,
    RequestFields,
    Turns,
    TurnsFields,
    WithModel,
)
from smartllm.response import StreamChunk, TextResponse
from smartllm.runtime.background import iterate, run
from smartllm.runtime.client import LLMClient as AsyncClient
from smartllm.runtime.many import Item, is_many, not_many
from smartllm.runtime.mapped_sync import in_order
from smartllm.runtime.transport import Transport
from smartllm.setting_keywords import ClientSettings
from smartllm.token_count import TokenCount
from smartllm.tools.fields import Tools
from smartllm.tools.run import OnCall, ToolRun

T = TypeVar("T", default=Any)


class LLMClient:
    """``smartllm.LLMClient`` without ``await``; safe to share between threads, and usable after a fork.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        transport: As of ``smartllm.LLMClient``.
        settings: Fields of ``LLMConfig``, when no ``config`` is given.

    Raises:
        ConfigError: As ``smartllm.LLMClient``.
        SmartLLMError: (methods) called from the background loop itself, such as in a progress callback.

    Example:
        with LLMClient(provider="openai") as client:
            print(client.generate_text(TextRequest(prompt="What is the capital of France?")).text)
    """

    def __init__(
        self,
        config: LLMConfig | None = None,
        *,
        transport: Transport | None = None,
        **settings: Unpack[ClientSettings],
    ) -> None:
        self._client = AsyncClient(config, transport=transport, **settings)

    @property
    def config(self) -> LLMConfig:
        """The settings in force."""
        return self._client.config

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._client.provider

    def compile(
        self,
        request: TextRequest[Any] | MessageRequest[Any] | Prompt | Turns = NOT_GIVEN,
        **fields: Unpack[PromptFields[Any]],
    ) -> Plan:
        """As ``smartllm.LLMClient.compile``."""
        return self._client.compile(request, **fields)

    def generate_text(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> TextResponse[T]:
        """As ``smartllm.LLMClient.generate_text``."""
        return run(self._client.generate_text(request, **fields))

    def send_message(
        self, request: MessageRequest[T] | Turns = NOT_GIVEN, **fields: Unpack[TurnsFields[T]]
    ) -> TextResponse[T]:
        """As ``smartllm.LLMClient.send_message``."""
        return run(self._client.send_message(request, **fields))

    def generate_text_streamed(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> TextResponse[T]:
        """As ``smartllm.LLMClient.generate_text_streamed``."""
        return run(self._client.generate_text_streamed(request, **fields))

    def generate_text_stream(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> Generator[StreamChunk[T]]:
        """As ``smartllm.LLMClient.generate_text_stream``; closing the iterator closes the connection."""
        return iterate(self._client.generate_text_stream(request, **fields))

    def send_message_stream(
        self, request: MessageRequest[T] | Turns = NOT_GIVEN, **fields: Unpack[TurnsFields[T]]
    ) -> Generator[StreamChunk[T]]:
        """As ``smartllm.LLMClient.send_message_stream``; closing the iterator closes the connection."""
        return iterate(self._client.send_message_stream(request, **fields))

    def run_tools(
        self,
        request: TextRequest[T] | MessageRequest[T] | Prompt | Turns,
        tools: Tools = None,
        *,
        max_rounds: int = 10,
        max_parallel: int = 8,
        on_call: OnCall | None = None,
        **fields: Unpack[WithModel[T]],
    ) -> ToolRun[T]:
        """As ``smartllm.LLMClient.run_tools``; functions and ``on_call`` may use this client."""
        limits: Any = {"max_rounds": max_rounds, "max_parallel": max_parallel}
        return run(self._client.run_tools(request, tools, on_call=on_call, **limits, **fields))

    @overload
    def map(
        self,
        requests: Iterable[Item[T]],
        *,
        max_concurrent: int | None = None,
        return_errors: Literal[False] = False,
        progress: bool | OnMapProgress = False,
        **fields: Unpack[RequestFields[T]],
    ) -> Generator[TextResponse[T]]: ...
    @overload
    def map(
        self,
        requests: Iterable[Item[T]],
        *,
        max_concurrent: int | None = None,
        return_errors: bool,
        progress: bool | OnMapProgress = False,
        **fields: Unpack[RequestFields[T]],
    ) -> Generator[TextResponse[T] | Exception]: ...
    def map(
        self,
        requests: Any,
        *,
        max_concurrent: int | None = None,
        return_errors: bool = False,
        progress: bool | OnMapProgress = False,
        **fields: Any,
    ) -> Generator[Any]:
        """As ``smartllm.LLMClient.map``, as an iterator over the answers, in their order.

        Requests are taken from their iterable in the thread that takes the answers; a ``progress`` function
        is called in the background loop.
        """
        if not is_many(requests):
            raise not_many(requests)
        how = self._client._many(requests, max_concurrent, progress, fields, return_errors)  # noqa: SLF001 - ours
        return in_order(requests, *how)

    def count_tokens(
        self,
        request: TextRequest[Any] | MessageRequest[Any] | Prompt | Turns = NOT_GIVEN,
        **fields: Unpack[PromptFields[Any]],
    ) -> TokenCount:
        """As ``smartllm.LLMClient.count_tokens``."""
        return run(self._client.count_tokens(request, **fields))

    def list_available_models(self) -> list[dict[str, Any]]:
        """As ``smartllm.LLMClient.list_available_models``."""
        return run(self._client.list_available_models())

    def list_available_model_ids(self) -> list[str]:
        """As ``smartllm.LLMClient.list_available_model_ids``."""
        return run(self._client.list_available_model_ids())

    def close(self) -> None:
        """Close all connections; as ``smartllm.LLMClient.aclose``."""
        run(self._client.aclose())

    def __reduce__(self) -> str:
        return self._client.__reduce__()

    def __enter__(self) -> Self:
        run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
