"""An answer of SmartLLM as the events of ``llm``."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
import llm
from llm.parts import StreamEvent

from smartllm.content import Audio, Image, Reasoning, Text, ToolCall
from smartllm.diagnostics import Diagnostic
from smartllm.plugins.kept import KEY, kept_turn
from smartllm.response import StreamChunk, TextResponse

if TYPE_CHECKING:
    from llm.models import _BaseResponse


class Answering:
    """Turns what comes of one call into events, and notes in ``llm``'s response what it wants to keep.

    Args:
        response: Of ``llm``.
    """

    def __init__(self, response: _BaseResponse) -> None:
        self._response = response
        # The text of a structure is what the whole answer says: wires write other text for it.
        self._bound = bool(response.prompt.schema)
        self._text = self._thought = False

    def chunk(self, chunk: StreamChunk[Any]) -> Iterator[StreamEvent]:
        """The events of a piece of a streamed answer."""
        part = chunk.part
        if isinstance(part, Reasoning):
            self._thought = True
            yield StreamEvent("reasoning", part.text)
        elif isinstance(part, Text) and not self._bound:
            self._text = True
            yield StreamEvent("text", part.text)
        if chunk.response is not None:
            yield from self.whole(chunk.response)

    def whole(self, answer: TextResponse[Any]) -> Iterator[StreamEvent]:
        """The events of an answer, without those that were there already.

        Raises:
            llm.ModelError: The model refused without a word, or a filter withheld the answer.
        """
        self._note(answer)
        tell(answer.diagnostics)
        if not self._thought:
            shown = (part.text for part in answer.parts if isinstance(part, Reasoning))
            yield from (StreamEvent("reasoning", text) for text in shown if text)
        text = answer.text or answer.refusal or ""
        if text and not self._text:
            yield StreamEvent("text", text)
        elif not text and answer.finish_reason in {"refusal", "content_filter"}:
            raise llm.ModelError(f"{answer.model} gave no answer: {answer.finish_reason}")
        for index, call in enumerate(answer.tool_calls):
            yield from self._call(call, index)
        if any(isinstance(part, (Image, Audio)) for part in answer.parts):
            say("llm shows neither pictures nor sound of an answer: its log has what the provider sent")
        turn = kept_turn(answer, text)
        if turn is not None:
            yield StreamEvent("reasoning", "", provider_metadata={KEY: turn})

    def _call(self, call: ToolCall, index: int) -> Iterator[StreamEvent]:
        name = call.id or f"call_{index}"
        given = call.arguments
        # What is no object cannot be handed to a function; ``llm`` calls it so itself.
        arguments = given if isinstance(given, dict) else {"_raw": given}
        if call.unfinished:
            raise llm.ModelError(f"the answer was cut off inside a call of {call.name}; raise max_tokens")
        yield StreamEvent("tool_call_name", call.name, tool_call_id=name)
        yield StreamEvent("tool_call_args", json.dumps(arguments), tool_call_id=name)
        self._response.add_tool_call(llm.ToolCall(call.name, arguments, name))

    def _note(self, answer: TextResponse[Any]) -> None:
        response = self._response
        hit = answer.cache_source != "miss"
        counts = {
            "reasoning_tokens": answer.reasoning_tokens,
            "cached_tokens": answer.cached_tokens,
            "cache_write_tokens": answer.cache_write_tokens,
        }
        details: dict[str, Any] = {name: count for name, count in counts.items() if count and not hit}
        if hit:
            details["cache"] = answer.cache_source  # nothing was used for it
        used = (0, 0) if hit else (answer.input_tokens, answer.output_tokens)
        response.set_usage(input=used[0], output=used[1], details=details or None)
        response.set_resolved_model(answer.model)
        response.response_json = answer.raw


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Tell of wishes that were not met as they were written."""
    for one in diagnostics:
        if one.severity == "warning":
            say(str(one))


def say(text: str) -> None:
    """Say something beside the answer: on standard error in the command, elsewhere as a warning."""
    if click.get_current_context(silent=True) is not None:
        click.echo(f"smartllm: {text}", err=True)
    else:
        warnings.warn(text, UserWarning, stacklevel=4)
