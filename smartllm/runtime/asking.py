"""The methods of a client that ask once: whole answers and streams, of prompts and of conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Unpack

from typing_extensions import TypeVar

from smartllm.request import MessageRequest, TextRequest
from smartllm.request_keywords import NOT_GIVEN, Prompt, PromptFields, Turns, TurnsFields
from smartllm.request_of import text_request, turns_request
from smartllm.response import StreamChunk, TextResponse
from smartllm.rules.hosts import host_row
from smartllm.runtime.counting import CountingClient

T = TypeVar("T", default=Any)


class AskingClient(CountingClient):
    """What asks a model once."""

    async def generate_text(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> TextResponse[T]:
        """Answer a prompt.

        Args:
            request: A text, a list of texts and parts, or a ``TextRequest`` that holds its fields itself.
            fields: Fields of ``TextRequest``, beside a text or a list.

        Returns:
            The whole answer.

        Raises:
            RequestTypeError: ``request`` is none of these, or a request beside fields.
            CompileError: The request does not fit the model (also a ``ValueError``).
            ProviderError: The call failed, after all retries or at its deadline; its class says why.
            pydantic.ValidationError: (a ``ValueError``) a field cannot be used, or the answer does not fit
                ``response_format``.
        """
        return await self._answer(text_request("client.generate_text", request, fields))

    async def send_message(
        self, request: MessageRequest[T] | Turns = NOT_GIVEN, **fields: Unpack[TurnsFields[T]]
    ) -> TextResponse[T]:
        """Answer a conversation; as ``generate_text``.

        Args:
            request: A list of messages and texts, which are turns of the user's, or a ``MessageRequest``.
            fields: Fields of ``MessageRequest``, beside a list.
        """
        return await self._answer(turns_request("client.send_message", request, fields))

    async def generate_text_streamed(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> TextResponse[T]:
        """As ``generate_text``, over a stream: a long answer does not run into the read timeout (Bedrock).

        Args:
            request: The prompt, or a request; its ``on_progress`` also gets ``stream_progress`` and
                ``stream_thinking``.
            fields: As for ``generate_text``.

        Raises:
            NotImplementedError: The provider's row in the rules says ``assembled = false``, as OpenAI's.
            ValueError: ``response_format`` is set.
            ProviderError: As ``generate_text``; a broken stream is retried from the start.
        """
        wished = text_request("client.generate_text_streamed", request, fields)
        row = host_row(self.provider, self._rules())
        if not row.assembled:
            raise NotImplementedError(
                f"generate_text_streamed is not for {row.title}; use generate_text or generate_text_stream"
            )
        if wished.response_format is not None:
            raise ValueError("generate_text_streamed takes no response_format; use generate_text instead")
        return await self._answer(wished, streamed=True)

    def generate_text_stream(
        self, request: TextRequest[T] | Prompt = NOT_GIVEN, **fields: Unpack[PromptFields[T]]
    ) -> AsyncGenerator[StreamChunk[T]]:
        """Answer a prompt piece by piece; never cached.

        Where the answer does not fit ``response_format`` and ``reasks`` allows it, the model is asked again,
        without chunks: what was shown stays, and the last chunk has the answer that fits.

        Args:
            request: As for ``generate_text``.
            fields: As for ``generate_text``.

        Yields:
            Chunks of text and of thinking as they come; the last one has no text but stop reason and usage.

        Raises:
            RequestTypeError: As ``generate_text``.
            CompileError: The request does not fit the model (also a ``ValueError``).
            ProviderError: The call failed. After the first chunk it is not made again, and the error's
                ``partial_text`` holds the text so far.
        """
        return self._stream(text_request("client.generate_text_stream", request, fields))

    def send_message_stream(
        self, request: MessageRequest[T] | Turns = NOT_GIVEN, **fields: Unpack[TurnsFields[T]]
    ) -> AsyncGenerator[StreamChunk[T]]:
        """Answer a conversation piece by piece; as ``generate_text_stream`` and ``send_message``."""
        return self._stream(turns_request("client.send_message_stream", request, fields))
