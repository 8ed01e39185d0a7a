"""SmartLLM: one abstract request, compiled to the exact wire body that each model accepts.

Runtime names (``LLMClient``) load on first use, so that importing the package loads no provider SDK.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from smartllm import defaults
from smartllm.compiler import Plan, Step, compile  # noqa: A004 - the documented public name
from smartllm.config import LLMConfig
from smartllm.diagnostics import Diagnostic, Level, Origin
from smartllm.errors import SmartLLMError
from smartllm.request import Message, MessageRequest, Reasoning, TextRequest
from smartllm.response import StreamChunk, TextResponse, Usage

if TYPE_CHECKING:
    from smartllm.runtime.client import LLMClient

__version__ = "0.2.0"

__all__ = [
    "Diagnostic",
    "LLMClient",
    "LLMConfig",
    "Level",
    "Message",
    "MessageRequest",
    "Origin",
    "Plan",
    "Reasoning",
    "SmartLLMError",
    "Step",
    "StreamChunk",
    "TextRequest",
    "TextResponse",
    "Usage",
    "compile",
    "defaults",
]

logging.getLogger("smartllm").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name == "LLMClient":
        from smartllm.runtime.client import LLMClient  # noqa: PLC0415 - loads on first use

        return LLMClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
