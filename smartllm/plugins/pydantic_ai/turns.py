"""An agent's history as a conversation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai import messages as theirs
from pydantic_ai.exceptions import UserError

from smartllm.content import Reasoning, ToolCall, ToolResult
from smartllm.plugins.kept import KEY, restored
from smartllm.plugins.pydantic_ai.files import Files
from smartllm.request import Message, SystemMessage

if TYPE_CHECKING:
    from pydantic_ai.models import ModelRequestParameters


class History:
    """System text and turns of a history.

    Args:
        files: Makes parts of content.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._system: list[str] = []
        self._turns: list[Message] = []
        self._said: list[Any] = []

    async def read(
        self, messages: Sequence[theirs.ModelMessage], asked: ModelRequestParameters
    ) -> tuple[str | None, list[Message]]:
        """System text and turns.

        Raises:
            UserError: It holds what SmartLLM has no words for.
        """
        for message in messages:
            if isinstance(message, theirs.ModelResponse):
                self._answered(message)
                continue
            for part in message.parts:
                await self._asked(part)
        self._user_turn()
        texts = [*self._system, *_instructions(messages, asked)]
        return "\n\n".join(filter(None, texts)) or None, self._turns

    def _user_turn(self) -> None:
        if self._said:
            self._turns.append(Message("user", self._said))
            self._said = []

    async def _asked(self, part: Any) -> None:
        if isinstance(part, theirs.SystemPromptPart):
            if self._turns or self._said:
                self._user_turn()
                self._turns.append(SystemMessage(part.content))
            else:
                self._system.append(part.content)
        elif isinstance(part, theirs.UserPromptPart):
            self._said += await self._files.parts(part.content)
        elif isinstance(part, theirs.ToolReturnPart):
            self._said.append(await self._result(part))
        else:
            raise UserError(
                f"SmartLLM has no words for {type(part).__name__}; "
                "call model.prepare_messages(messages) first, as agents do"
            )

    async def _result(self, part: theirs.ToolReturnPart) -> ToolResult:
        text = part.model_response_str(wrap_if_error=False)
        media = [await self._files.part(file) for file in part.files]
        content: Any = [*([text] if text else []), *media] if media else text
        return ToolResult(part.tool_call_id, content, error=part.outcome in theirs.ERROR_OUTCOMES)

    def _answered(self, response: theirs.ModelResponse) -> None:
        self._user_turn()
        texts = [part.content for part in response.parts if isinstance(part, theirs.TextPart)]
        calls = [part.tool_call_id for part in response.parts if isinstance(part, theirs.ToolCallPart)]
        kept = (response.provider_details or {}).get(KEY)
        turn = restored(kept, "".join(texts), calls)
        if turn is None:
            said = [found for part in response.parts if (found := _part(part)) is not None]
            turn = Message("assistant", said) if said else None
        if turn is not None:
            self._turns.append(turn)


def _part(part: theirs.ModelResponsePart) -> Any:
    """A part of an answer in our words; None for one that says nothing."""
    if isinstance(part, theirs.TextPart):
        return part.content or None
    if isinstance(part, theirs.ThinkingPart):
        # Another model's; the compiler leaves it out, and says so.
        return Reasoning(text=part.content) if part.content else None
    if isinstance(part, theirs.ToolCallPart):
        given = part.args if isinstance(part.args, str) else dict(part.args or {})
        return ToolCall(part.tool_call_id, part.tool_name, given or {})
    warnings.warn(
        f"{type(part).__name__} of an earlier answer was left out: SmartLLM has no words for it",
        UserWarning,
        stacklevel=2,
    )
    return None


def _instructions(messages: Sequence[theirs.ModelMessage], asked: ModelRequestParameters) -> list[str]:
    """What an agent's instructions say now; those of earlier requests are over."""
    if asked.instruction_parts is not None:
        return [part.content for part in asked.instruction_parts]
    for message in reversed(messages):
        if isinstance(message, theirs.ModelRequest):
            return [message.instructions] if message.instructions else []
    return []
