"""Names that people ask ``smartllm`` for, and what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final

from smartllm.near import meant_by, plain

ELSEWHERE: Final[Mapping[str, str]] = {
    "async_client": "LLMClient",
    "bedrock_client": "smartllm.bedrock.BedrockLLMClient",
    "bedrock_llm_client": "smartllm.bedrock.BedrockLLMClient",
    "chat_request": "MessageRequest",
    "client": "LLMClient",
    "completion": "LLMClient, whose generate_text answers",
    "config": "LLMConfig",
    "conversation": "MessageRequest",
    "function_tool": "tool",
    "llm": "LLMClient",
    "message_param": "Message",
    "open_ai": "LLMClient",
    "open_aiclient": "smartllm.openai.OpenAILLMClient",
    "open_aillm_client": "smartllm.openai.OpenAILLMClient",
    "prompt": "TextRequest",
    "request": "TextRequest or MessageRequest",
    "response": "TextResponse",
    "sandbox": "smartllm.testing",
    "sync_client": "smartllm.sync.LLMClient",
    "sync_llmclient": "smartllm.sync.LLMClient",
    "timeout_error": "ProviderTimeoutError",
    "async_llmclient": "LLMClient",
}
"""What people call things that are called otherwise, or that stand in another module."""


def meant_at_top(name: str, names: Iterable[str]) -> str:
    """The end of a message on a name that is not there.

    Args:
        name: What was asked for.
        names: The public names.
    """
    if name not in ELSEWHERE and name.islower() and _is_module(name):
        return f"; import smartllm.{name}"
    return meant_by(name, (), {**{plain(one): one for one in names}, **ELSEWHERE})


def _is_module(name: str) -> bool:
    """Whether a module of ours is only not loaded yet; every first import of one asks for its name."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is slow to load
    return any(os.path.exists(os.path.join(here, at)) for at in (name, f"{name}.py"))  # noqa: PTH110, PTH118 - same
