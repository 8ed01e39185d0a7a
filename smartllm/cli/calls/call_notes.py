"""What a call tells on standard error while it lasts: retries, another try at a structure, the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from smartllm.cli.calls.status_line import StatusLine

_STATUS: Final = re.compile(r"\d{3}(?= from the provider)")
_REASONS: Final = {
    "RateLimitError": "rate limited",
    "ServerError": "the provider's side failed",
    "ProviderTimeoutError": "too slow",
    "ConnectionFailedError": "no connection",
    "ResponseError": "no answer that can be read",
    "StreamError": "the answer broke off",
}


class CallNotes:
    """A callback for progress events.

    Args:
        model: Whose answer is awaited.
        quiet: Tell nothing.
    """

    def __init__(self, model: str, *, quiet: bool) -> None:
        self._quiet = quiet
        self.line = StatusLine(model, shown=not quiet)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Tell what people want to know of an event."""
        if self._quiet:
            return
        if event["event"] == "retry":
            delay = float(event["delay"])
            self.line.counts_down(delay)
            self.line.tell(
                f"retry {event['attempt']} of {event['max_retries']} in {delay:.1f} s ({_reason(event)})"
            )
        elif event["event"] == "fallback":
            for one in event["skipped"]:
                self.line.tell(f"{one['provider']} {one['model']} is left out: {one['reason']}")
            status = f"{event['status']}, " if event["status"] is not None else ""
            self.line.tell(
                f"{event['provider']} {event['model']}: {status}{event['reason']}; "
                f"{event['to_provider']} {event['to_model']} is asked instead"
            )
            self.line.awaits(event["to_model"])
        elif event["event"] == "structured_reask":
            wrong = "; ".join(": ".join(filter(None, error.values())) for error in event["errors"][:3])
            self.line.tell(f"asking again, {event['attempt']} of {event['of']}: {wrong}")


def _reason(event: Mapping[str, Any]) -> str:
    """Status and kind of what failed; the status is the first word of what a provider's refusal says."""
    status = _STATUS.match(event["error_message"])
    words = [status[0] if status else "", _REASONS.get(event["error"], "")]
    return " ".join(filter(None, words)) or str(event["error"])
