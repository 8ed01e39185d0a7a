"""Limits: max_tokens between the API's minimum and the model's maximum."""

from __future__ import annotations

from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.reasoning import is_unlimited, with_most
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts


def limits(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Raise or clamp max_tokens into the accepted range; leave it out where none may be sent, or is asked."""
    asked = intent.max_tokens
    if asked is None:
        return with_most(intent, facts, trace, "limits.required") if facts.limits.required else intent
    if is_unlimited(intent, facts):
        trace.changed(
            "max-tokens-dropped",
            "max_tokens",
            asked=asked,
            applied=None,
            reason="the model takes no output limit at this effort",
            fact="effort.unlimited",
            action="dropped",
            severity="warning" if "max_tokens" in intent.explicit else "info",
        )
        return intent._replace(max_tokens=None)
    least, most = facts.limits.min_output, facts.limits.max_output
    if most is not None and asked > most:
        trace.changed(
            "max-tokens-clamped",
            "max_tokens",
            asked=asked,
            applied=most,
            reason=f"the model gives at most {most} tokens of output",
            fact="limits.max_output",
        )
        return intent._replace(max_tokens=most)
    if asked < least:
        trace.changed(
            "max-tokens-raised",
            "max_tokens",
            asked=asked,
            applied=least,
            reason=f"the API accepts no output limit below {least} tokens",
            fact="limits.min_output",
        )
        return intent._replace(max_tokens=least)
    return intent
