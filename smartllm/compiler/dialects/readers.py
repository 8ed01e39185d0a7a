"""What reads the answers of each dialect: whole ones and streamed ones."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.anthropic_messages.decode import ClaudeDecoder
from smartllm.compiler.dialects.anthropic_messages.stream import ClaudeReader
from smartllm.compiler.dialects.bedrock_converse.decode import ConverseDecoder
from smartllm.compiler.dialects.bedrock_converse.stream import ConverseReader
from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.openai_chat.decode import ChatDecoder
from smartllm.compiler.dialects.openai_chat.stream import ChatReader
from smartllm.compiler.dialects.openai_responses.decode import ResponsesDecoder
from smartllm.compiler.dialects.openai_responses.stream import ResponsesReader
from smartllm.compiler.dialects.stream import StreamReader
from smartllm.rules.vocabulary import Dialect

DECODERS: Final[dict[Dialect, Decoder]] = {
    decoder.name: decoder
    for decoder in (ResponsesDecoder(), ChatDecoder(), ClaudeDecoder(), ConverseDecoder())
}
_READERS: Final[dict[Dialect, type[StreamReader]]] = {
    "openai_responses": ResponsesReader,
    "openai_chat": ChatReader,
    "anthropic_messages": ClaudeReader,
    "bedrock_converse": ConverseReader,
}


def stream_reader(dialect: Dialect, model: str) -> StreamReader:
    """A reader for one streamed answer of a dialect."""
    return _READERS[dialect](DECODERS[dialect], model)
