"""Tools that a model may call: what declares one, checks it, runs it, and what goes wrong with it."""

from __future__ import annotations

from smartllm.tools.declared import Tool
from smartllm.tools.decorator import tool
from smartllm.tools.errors import ToolArgumentsError, ToolError

__all__ = ["Tool", "ToolArgumentsError", "ToolError", "tool"]
