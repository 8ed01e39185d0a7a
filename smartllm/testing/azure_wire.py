"""What Azure OpenAI adds to OpenAI's answers: what its content filter found in prompt and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import chat_wire, responses_wire
from .answer import JSON

if TYPE_CHECKING:
    from .answer import Answer

# learn.microsoft.com/en-us/azure/foundry/openai/concepts/content-filter, 2026-11-27.
_SAFE: Final[JSON] = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT: Final[JSON] = {**_SAFE, "jailbreak": {"filtered": False, "detected": False}}
_PROTECTED: Final = {"filtered": False, "detected": False}
_ANSWER: Final[JSON] = {
    **_SAFE,
    "protected_material_code": _PROTECTED,
    "protected_material_text": _PROTECTED,
}
_FILTERED: Final = "content_filter"


class Chat:
    """Chat Completions."""

    read = staticmethod(chat_wire.read)
    error_frame = staticmethod(chat_wire.error_frame)

    @staticmethod
    def whole(answer: Answer) -> JSON:
        """Build the body of an answer that is not streamed."""
        body = chat_wire.whole(answer)
        choices = [{**choice, "content_filter_results": _results(choice)} for choice in body["choices"]]
        return {**body, "choices": choices, "prompt_filter_results": _prompt()}

    @staticmethod
    def frames(answer: Answer) -> list[bytes]:
        """Build the frames of a streamed answer; the first tells of the prompt and says nothing."""
        first = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        chunks = [_with_results(chunk) for chunk in chat_wire.chunks(answer)]
        return chat_wire.framed([{**first, "prompt_filter_results": _prompt()}, *chunks])


class Responses:
    """Responses."""

    read = staticmethod(responses_wire.read)
    error_frame = staticmethod(responses_wire.error_frame)

    @staticmethod
    def whole(answer: Answer) -> JSON:
        """Build the body of an answer that is not streamed."""
        body = responses_wire.whole(answer)
        filtered = answer.stop_reason == _FILTERED
        found = (
            ("prompt", _PROMPT, False),
            ("completion", _filtered(_ANSWER) if filtered else _ANSWER, filtered),
        )
        filters = [
            {"blocked": blocked, "source_type": source, "content_filter_results": results}
            for source, results, blocked in found
        ]
        return {**body, "content_filters": filters}

    @staticmethod
    def frames(answer: Answer) -> list[bytes]:
        """Build the frames of a streamed answer."""
        return responses_wire.framed(answer, Responses.whole(answer))


def _prompt() -> list[JSON]:
    return [{"prompt_index": 0, "content_filter_results": _PROMPT}]


def _with_results(chunk: JSON) -> JSON:
    choices = [
        {**choice, "content_filter_results": _results(choice) if _says(choice) else {}}
        for choice in chunk["choices"]
    ]
    return {**chunk, "choices": choices}


def _says(choice: JSON) -> bool:
    return bool(choice["delta"].get("content")) or choice["finish_reason"] == _FILTERED


def _results(choice: JSON) -> JSON:
    return _filtered(_ANSWER) if choice["finish_reason"] == _FILTERED else _ANSWER


def _filtered(results: JSON) -> JSON:
    return {**results, "hate": {"filtered": True, "severity": "high"}}


def prompt_refused(message: str) -> dict[str, Any]:
    """The body of the error for a prompt that the filter refuses."""
    results = {**_PROMPT, "hate": {"filtered": True, "severity": "high"}}
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results}
    error = {"message": message, "type": None, "param": "prompt", "code": _FILTERED, "status": 400}
    return {"error": {**error, "innererror": inner}}
