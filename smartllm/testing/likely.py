"""How likely the sandbox says that its words were, in OpenAI's shape."""

from __future__ import annotations

from typing import Final

from .answer import JSON, Answer

_SURE: Final = -0.125
_LESS: Final = -2.5


def tokens(answer: Answer) -> list[JSON]:
    """The pieces of the text as tokens with their probabilities; none where nobody asked."""
    body = answer.asked.body
    included = "message.output_text.logprobs" in (body.get("include") or [])
    if not (included or body.get("logprobs")):
        return []
    return [token(piece, body.get("top_logprobs") or 0) for piece in answer.pieces]


def token(text: str, others: int) -> JSON:
    """One token, with so many that were likely there."""
    words = [text, *(f"word{number}" for number in range(1, others))][:others]
    top = [_of(word, _SURE if word == text else _LESS) for word in words]
    return {**_of(text, _SURE), "top_logprobs": top}


def _of(text: str, likely: float) -> JSON:
    return {"token": text, "logprob": likely, "bytes": list(text.encode())}
