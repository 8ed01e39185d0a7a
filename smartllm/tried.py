"""What was asked before another model took over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from smartllm.errors import ProviderError, SmartLLMError


@dataclass(frozen=True)
class Tried:
    """A model that did not answer, before another one was asked.

    Attributes:
        provider: Whose it is.
        model: Its id.
        error: What its call ended with, after all retries; or why it could not be asked.
        skipped: It was not called: the request cannot be compiled for it, or it is retired.
    """

    provider: str
    model: str
    error: SmartLLMError
    skipped: bool = False

    def __str__(self) -> str:
        """In one line."""
        error = self.error
        about = [type(error).__name__]
        if isinstance(error, ProviderError):
            about += [] if error.status is None else [f"status {error.status}"]
            about += [] if error.code is None else [f"code {error.code}"]
            about += ["1 attempt" if error.attempts == 1 else f"{error.attempts} attempts"]
        how = "left out" if self.skipped else "failed"
        return f"{self.provider} {self.model} {how} ({', '.join(about)})"

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        error = self.error
        told: dict[str, Any] = {
            "provider": self.provider,
            "model": self.model,
            "skipped": self.skipped,
            "error": type(error).__name__,
            "error_message": error.message,
        }
        if isinstance(error, ProviderError):
            told |= {
                "status": error.status,
                "code": error.code,
                "request_id": error.request_id,
                "attempts": error.attempts,
            }
            usage = error.usage
            if usage is not None:
                told |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        return told
