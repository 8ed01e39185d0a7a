"""The dialects: thin files that know how one wire spells an intent, and how to read its answers.

Readers of streamed answers are in ``readers``; compiling needs none.
"""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.base import Decoded, DialectCode
from smartllm.compiler.dialects.bedrock_converse import BedrockConverse
from smartllm.compiler.dialects.bedrock_invoke import BedrockInvoke
from smartllm.compiler.dialects.openai_chat import OpenAIChat
from smartllm.compiler.dialects.openai_responses import OpenAIResponses
from smartllm.rules.schema import Dialect

DIALECT_CODE: Final[dict[Dialect, DialectCode]] = {
    code.name: code for code in (OpenAIResponses(), OpenAIChat(), BedrockInvoke(), BedrockConverse())
}

__all__ = ["DIALECT_CODE", "Decoded", "DialectCode"]
