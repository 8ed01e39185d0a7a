"""The dialects: thin files that know how one wire spells an intent, and how to read its answers."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.base import Decoded, DialectCode
from smartllm.compiler.dialects.bedrock_converse import BedrockConverse
from smartllm.compiler.dialects.bedrock_invoke import BedrockInvoke
from smartllm.compiler.dialects.openai_chat import OpenAIChat
from smartllm.compiler.dialects.openai_responses import OpenAIResponses
from smartllm.compiler.dialects.stream import DONE, Piece, StreamReader
from smartllm.compiler.dialects.stream_bedrock import ClaudeReader, ConverseReader
from smartllm.compiler.dialects.stream_openai import ChatReader, ResponsesReader
from smartllm.rules.schema import Dialect

DIALECT_CODE: Final[dict[Dialect, DialectCode]] = {
    code.name: code for code in (OpenAIResponses(), OpenAIChat(), BedrockInvoke(), BedrockConverse())
}

_READERS: Final[dict[Dialect, type[StreamReader]]] = {
    "openai_responses": ResponsesReader,
    "openai_chat": ChatReader,
    "bedrock_invoke": ClaudeReader,
    "bedrock_converse": ConverseReader,
}


def stream_reader(dialect: Dialect, model: str) -> StreamReader:
    """A reader for one streamed answer of a dialect."""
    return _READERS[dialect](DIALECT_CODE[dialect], model)


__all__ = ["DIALECT_CODE", "DONE", "Decoded", "DialectCode", "Piece", "StreamReader", "stream_reader"]
