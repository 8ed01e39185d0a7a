"""SmartLLM: one abstract request, compiled to the exact wire body that each model accepts.

Every name loads on first use, so that importing the package costs next to nothing and loads no provider SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartllm import defaults
    from smartllm.compiler import Plan, Step, compile  # noqa: A004 - the documented public name
    from smartllm.config import LLMConfig
    from smartllm.content import (
        Audio,
        CachePoint,
        Document,
        Image,
        Reasoning,
        Text,
        ToolCall,
        ToolResult,
        Video,
    )
    from smartllm.diagnostics import Diagnostic, Level, Origin
    from smartllm.errors import (
        AuthenticationError,
        BadRequestError,
        CompileError,
        ConfigError,
        ConnectionFailedError,
        ContextLengthError,
        DiagnosticError,
        MissingExtraError,
        NotFoundError,
        PermissionDeniedError,
        ProviderError,
        ProviderTimeoutError,
        QuotaError,
        RateLimitError,
        RefusalError,
        RequestFileError,
        ResponseError,
        RulesError,
        ServerError,
        SmartLLMError,
        StreamError,
        TruncatedError,
        UnknownModelError,
        UnsupportedError,
    )
    from smartllm.guardrail import Guardrail
    from smartllm.request import Message, MessageRequest, SystemMessage, TextRequest
    from smartllm.response import StreamChunk, TextResponse, Usage
    from smartllm.runtime.client import LLMClient
    from smartllm.runtime.structured import SchemaMismatchError
    from smartllm.tools import Tool, tool
    from smartllm.tools.errors import ToolArgumentsError, ToolError, ToolRoundsError, ToolTimeoutError
    from smartllm.tools.run import CallEvent, ToolRun

__version__ = "0.2.0"

__all__ = [
    "Audio",
    "AuthenticationError",
    "BadRequestError",
    "CachePoint",
    "CallEvent",
    "CompileError",
    "ConfigError",
    "ConnectionFailedError",
    "ContextLengthError",
    "Diagnostic",
    "DiagnosticError",
    "Document",
    "Guardrail",
    "Image",
    "LLMClient",
    "LLMConfig",
    "Level",
    "Message",
    "MessageRequest",
    "MissingExtraError",
    "NotFoundError",
    "Origin",
    "PermissionDeniedError",
    "Plan",
    "ProviderError",
    "ProviderTimeoutError",
    "QuotaError",
    "RateLimitError",
    "Reasoning",
    "RefusalError",
    "RequestFileError",
    "ResponseError",
    "RulesError",
    "SchemaMismatchError",
    "ServerError",
    "SmartLLMError",
    "Step",
    "StreamChunk",
    "StreamError",
    "SystemMessage",
    "Text",
    "TextRequest",
    "TextResponse",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolError",
    "ToolResult",
    "ToolRoundsError",
    "ToolRun",
    "ToolTimeoutError",
    "TruncatedError",
    "UnknownModelError",
    "UnsupportedError",
    "Usage",
    "Video",
    "compile",
    "defaults",
    "tool",
]

_NAMES: Final = {
    "smartllm.compiler": ("Plan", "Step", "compile"),
    "smartllm.config": ("LLMConfig",),
    "smartllm.content": (
        "Audio",
        "CachePoint",
        "Document",
        "Image",
        "Reasoning",
        "Text",
        "ToolCall",
        "ToolResult",
        "Video",
    ),
    "smartllm.diagnostics": ("Diagnostic", "Level", "Origin"),
    "smartllm.errors": (
        "AuthenticationError",
        "BadRequestError",
        "CompileError",
        "ConfigError",
        "ConnectionFailedError",
        "ContextLengthError",
        "DiagnosticError",
        "MissingExtraError",
        "NotFoundError",
        "PermissionDeniedError",
        "ProviderError",
        "ProviderTimeoutError",
        "QuotaError",
        "RateLimitError",
        "RefusalError",
        "RequestFileError",
        "ResponseError",
        "RulesError",
        "ServerError",
        "SmartLLMError",
        "StreamError",
        "TruncatedError",
        "UnknownModelError",
        "UnsupportedError",
    ),
    "smartllm.guardrail": ("Guardrail",),
    "smartllm.request": ("Message", "MessageRequest", "SystemMessage", "TextRequest"),
    "smartllm.response": ("StreamChunk", "TextResponse", "Usage"),
    "smartllm.runtime.client": ("LLMClient",),
    "smartllm.runtime.structured": ("SchemaMismatchError",),
    "smartllm.tools.errors": ("ToolArgumentsError", "ToolError", "ToolRoundsError", "ToolTimeoutError"),
    "smartllm.tools.run": ("CallEvent", "ToolRun"),
    "smartllm.tools": ("Tool", "tool"),
}
_HOME: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "defaults":
        return import_module("smartllm.defaults")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
