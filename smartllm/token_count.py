"""What ``count_tokens`` gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from smartllm.diagnostics import Diagnostic
from smartllm.field_docs import documented


@documented
@dataclass(frozen=True)
class TokenCount:
    """How many input tokens a request has, as the provider counts them."""

    input_tokens: int
    """Tokens of the prompt: system text, turns, media, tools and schemas, as the provider would read them."""
    model: str
    """Model id for which they were counted."""
    provider: str
    """Host that counted them."""
    context_window: int | None = None
    """Tokens that the model's context holds, input and output together, as the rules know it; else None."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the compiler changed, and what of the request was not counted."""
    request_id: str | None = field(default=None, compare=False)
    """The provider's id of the call, for its support."""
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The wire's JSON: what the provider says beside the number stands there."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data, without the wire's."""
        told = {key: value for key, value in asdict(self).items() if key not in {"raw", "diagnostics"}}
        return {**told, "diagnostics": [item.as_dict() for item in self.diagnostics]}
