"""What is wrong with a tool, with the arguments that a model gave it, or with a run of calls."""

from __future__ import annotations

from collections.abc import Sequence

from smartllm.errors import SmartLLMError


class ToolError(SmartLLMError, ValueError):
    """A tool cannot be declared or called as it stands; names the field or parameter, and what is allowed."""


class ToolArgumentsError(SmartLLMError, ValueError):
    """The arguments of a call do not fit the tool's parameters; a model can read the message and try again.

    Attributes:
        tool: Name of the tool.
        problems: What is wrong, one sentence a place.
    """

    def __init__(self, message: str, *, tool: str, problems: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tool = tool
        self.problems = tuple(problems)


class ToolRoundsError(SmartLLMError):
    """The model still calls tools after ``max_rounds`` answers; ``run`` holds all that was said and done."""


class ToolTimeoutError(SmartLLMError, TimeoutError):
    """Tools were not done by the deadline of their run, ``total_timeout``.

    Attributes:
        tools: Names of those that were still at work.
        seconds: The setting's value.
    """

    def __init__(self, message: str, *, tools: Sequence[str], seconds: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tools = tuple(tools)
        self.seconds = seconds
