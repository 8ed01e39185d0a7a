"""The reader of a streamed answer, by dialect."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects import DIALECT_CODE
from smartllm.compiler.dialects.stream import StreamReader
from smartllm.compiler.dialects.stream_chat import ChatReader
from smartllm.compiler.dialects.stream_claude import ClaudeReader
from smartllm.compiler.dialects.stream_converse import ConverseReader
from smartllm.compiler.dialects.stream_responses import ResponsesReader
from smartllm.rules.schema import Dialect

_READERS: Final[dict[Dialect, type[StreamReader]]] = {
    "openai_responses": ResponsesReader,
    "openai_chat": ChatReader,
    "bedrock_invoke": ClaudeReader,
    "bedrock_converse": ConverseReader,
}


def stream_reader(dialect: Dialect, model: str) -> StreamReader:
    """A reader for one streamed answer of a dialect."""
    return _READERS[dialect](DIALECT_CODE[dialect], model)
