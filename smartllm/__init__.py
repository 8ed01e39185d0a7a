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
        HeldError,
        MissingExtraError,
        NotFoundError,
        PermissionDeniedError,
        ProviderError,
        ProviderTimeoutError,
        QuotaError,
        RateLimitError,
        RefusalError,
        RequestFileError,
        RequestTypeError,
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
    from smartllm.map_progress import MapProgress
    from smartllm.model_errors import ModelMismatchError
    from smartllm.progress_events import ProgressEvent
    from smartllm.request import Message, MessageRequest, SystemMessage, TextRequest
    from smartllm.request_keywords import RequestFields
    from smartllm.response import StreamChunk, TextResponse, Usage
    from smartllm.runtime.client import LLMClient
    from smartllm.runtime.mapped import Mapped
    from smartllm.setting_keywords import ClientSettings
    from smartllm.structure_errors import FormatUnsupportedError, SchemaMismatchError, StructureError
    from smartllm.token_count import TokenCount
    from smartllm.tools import Tool, tool
    from smartllm.tools.errors import ToolArgumentsError, ToolError, ToolRoundsError, ToolTimeoutError
    from smartllm.tools.run import CallEvent, ToolRun
    from smartllm.words import Effort, FinishReason, Provider, Role

__version__ = "0.2.0"

__all__ = [
    "Audio",
    "AuthenticationError",
    "BadRequestError",
    "CachePoint",
    "CallEvent",
    "ClientSettings",
    "CompileError",
    "ConfigError",
    "ConnectionFailedError",
    "ContextLengthError",
    "Diagnostic",
    "DiagnosticError",
    "Document",
    "Effort",
    "FinishReason",
    "FormatUnsupportedError",
    "Guardrail",
    "HeldError",
    "Image",
    "LLMClient",
    "LLMConfig",
    "Level",
    "MapProgress",
    "Mapped",
    "Message",
    "MessageRequest",
    "MissingExtraError",
    "ModelMismatchError",
    "NotFoundError",
    "Origin",
    "PermissionDeniedError",
    "Plan",
    "ProgressEvent",
    "Provider",
    "ProviderError",
    "ProviderTimeoutError",
    "QuotaError",
    "RateLimitError",
    "Reasoning",
    "RefusalError",
    "RequestFields",
    "RequestFileError",
    "RequestTypeError",
    "ResponseError",
    "Role",
    "RulesError",
    "SchemaMismatchError",
    "ServerError",
    "SmartLLMError",
    "Step",
    "StreamChunk",
    "StreamError",
    "StructureError",
    "SystemMessage",
    "Text",
    "TextRequest",
    "TextResponse",
    "TokenCount",
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
        "HeldError",
        "MissingExtraError",
        "NotFoundError",
        "PermissionDeniedError",
        "ProviderError",
        "ProviderTimeoutError",
        "QuotaError",
        "RateLimitError",
        "RefusalError",
        "RequestFileError",
        "RequestTypeError",
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
    "smartllm.map_progress": ("MapProgress",),
    "smartllm.model_errors": ("ModelMismatchError",),
    "smartllm.progress_events": ("ProgressEvent",),
    "smartllm.request": ("Message", "MessageRequest", "SystemMessage", "TextRequest"),
    "smartllm.request_keywords": ("RequestFields",),
    "smartllm.response": ("StreamChunk", "TextResponse", "Usage"),
    "smartllm.runtime.client": ("LLMClient",),
    "smartllm.runtime.mapped": ("Mapped",),
    "smartllm.setting_keywords": ("ClientSettings",),
    "smartllm.structure_errors": ("FormatUnsupportedError", "SchemaMismatchError", "StructureError"),
    "smartllm.token_count": ("TokenCount",),
    "smartllm.tools.errors": ("ToolArgumentsError", "ToolError", "ToolRoundsError", "ToolTimeoutError"),
    "smartllm.tools.run": ("CallEvent", "ToolRun"),
    "smartllm.tools": ("Tool", "tool"),
    "smartllm.words": ("Effort", "FinishReason", "Provider", "Role"),
}
_HOME: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "defaults":
        return import_module("smartllm.defaults")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_meant(name)}")
    found = globals()[name] = getattr(import_module(_HOME[name]), name)
    return found


def _meant(name: str) -> str:
    """The name that somebody meant who asks for one that is not there."""
    if name.startswith("_"):
        return ""
    said: str = import_module("smartllm.top_names").meant_at_top(name, __all__)
    return said


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
