"""The host's batch engine: what of a request its lines cannot say."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.fields import HEADER
from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.sampling import with_parameters
from smartllm.compiler.passes.service import UNASKED
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.said import Named, joined, said

ONLINE: Final = "call it online, as `smartllm batch run` and LLMClient.map do for many requests"
"""The way out where the engine takes something not at all."""
_BY_TOOL: Final = frozenset({"tool", "offer"})


def batch(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Refuse what the engine does not take, and leave out what its lines have no place for.

    The body that is left is the one of a call online.

    Raises:
        UnsupportedError: The engine does not run the model, or not with what is asked for.
    """
    if not intent.batch:
        return intent
    takes = facts.batch
    if takes.available == "no":
        raise UnsupportedError(
            f"model: the provider's batch engine does not run {intent.model}",
            field="model",
            hint=ONLINE,
            fact="batch.available",
            wanted='"yes"',
        )
    if intent.tools and not takes.tools:
        raise UnsupportedError(
            "tools: the provider's batch engine takes no tools for this model on this API",
            field="tools",
            hint=ONLINE,
            fact="batch.tools",
            wanted="true",
        )
    _check_output(intent, facts)
    if not takes.caching:
        _tell_uncached(intent, trace)
    return intent if takes.headers else _without_headers(intent, facts, trace)


def _check_output(intent: Intent, facts: Facts) -> None:
    """Refuse a schema that the engine would not bind the answer to.

    Raises:
        UnsupportedError: It would not.
    """
    strategy = None if intent.output is None else intent.output.strategy
    takes, native = facts.batch, facts.structured.native
    if strategy in _BY_TOOL and not takes.tools:
        fact, problem = "tools", "a tool would bind the answer, and the provider's batch engine takes none"
        other = said("use {}", Named("structured_output", "native")) if takes.schemas and native else ""
    elif strategy == "native" and not takes.schemas:
        fact, problem = "schemas", "the provider's batch engine binds no answer to a schema"
        other = said("use {}", Named("structured_output", "tool")) if takes.tools else ""
    else:
        return
    raise UnsupportedError(
        f"response_format: {problem} for this model on this API",
        field="response_format",
        hint=joined("; or ", other, ONLINE),
        fact=f"batch.{fact}",
        wanted="true",
    )


def _tell_uncached(intent: Intent, trace: Trace) -> None:
    """Say that marks for caching, and words for how long, may do nothing; they stay in the body."""
    plan = intent.caching
    asked = plan is not None and (plan.kept or plan.tools or plan.system)
    if asked or (not intent.texts_alone and any(turn.points for turn in intent.turns)):
        wish = plan.wish if plan else None
        reason = "no page says that the batch engine keeps prompts: what is asked of the cache may do nothing"
        origin = Reason("fact", "batch.caching")
        trace.changes.append(
            Change("batch-uncached", "info", "prompt_cache", "noted", wish, wish, reason, origin)
        )


def _without_headers(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """The intent without what only a header says.

    Raises:
        UnsupportedError: A guardrail would not be applied, or the caller's own headers would be lost.
    """
    if intent.headers:
        raise _unheard("extra_headers", "a line of a batch has no place for headers")
    fields = FIELDS[intent.dialect]
    lost = [name for name in intent.parameters if fields.place_of(name, facts).startswith(HEADER)]
    if "guardrail" in lost:
        raise _unheard(
            "guardrail", "it stands in headers on this API, for which a line of a batch has no place"
        )
    for name in lost:
        trace.changed(
            "parameter-dropped",
            name,
            asked=intent.parameters[name],
            applied=None,
            reason="it stands in a header on this API, for which a line of a batch has no place",
            fact="batch.headers",
            action="dropped",
            severity="info" if name == "service_tier" and intent.parameters[name] in UNASKED else "warning",
        )
    return with_parameters(intent, dict.fromkeys(lost)) if lost else intent


def _unheard(field: str, problem: str) -> UnsupportedError:
    hint = said("leave {} unset, or {}", Named(field), ONLINE)
    return UnsupportedError(f"{field}: {problem}", field=field, hint=hint, fact="batch.headers")
