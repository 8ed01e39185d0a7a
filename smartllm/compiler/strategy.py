"""How an answer is bound to a schema: natively, by a tool, or in two steps."""

from __future__ import annotations

from smartllm.compiler.intent import Intent, OutputStrategy
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts


def choose_strategy(intent: Intent, facts: Facts) -> OutputStrategy:
    """The strategy for an intent's schema.

    ``auto`` takes the native schema where the rules prefer it, else a forced tool. Where the caller asked for
    thinking that a forced tool would refuse or skip, or where no tool can be forced, it takes two steps.

    Raises:
        UnsupportedError: The model cannot do what is asked; names the fact and the way out.
    """
    assert intent.output is not None
    wish = intent.output.wish
    native = facts.structured.native
    forced = can_force(intent, facts)
    if wish == "extract":
        return _extraction(facts, forced=forced)
    if intent.tools:
        return _beside_tools(intent, facts)
    if wish == "native" and native:
        return "native"
    if wish == "tool" and forced:
        return "tool"
    if wish == "two_pass" and can_extract(facts):
        return "two_pass"
    if wish == "auto":
        asked = intent.thinking is not None and is_thinking(intent, facts)
        if native and facts.structured.prefer == "native":
            return "native"
        if forced and not (asked and facts.tools.forced == "skips-thinking"):
            return "tool"
        if can_extract(facts):
            return "two_pass"
    raise _refused(intent, wish, thinking=is_thinking(intent, facts))


def _beside_tools(intent: Intent, facts: Facts) -> OutputStrategy:
    """Beside the caller's own tools only a native schema binds the answer, where it still does."""
    assert intent.output is not None
    if facts.structured.native and facts.structured.with_tools and intent.output.wish in {"auto", "native"}:
        return "native"
    raise UnsupportedError(
        f"response_format: {intent.model} cannot bind the answer to a schema beside tools here",
        field="response_format",
        hint="ask for the structure in a request of its own, without tools",
        fact="structured.with_tools" if facts.structured.native else "structured.native",
    )


def can_force(intent: Intent, facts: Facts) -> bool:
    """Whether a tool choice that forces a function tool is accepted here."""
    thinking = is_thinking(intent, facts)
    return all(_holds(when, thinking=thinking) for when in (facts.tools.functions, facts.tools.forced))


def can_extract(facts: Facts) -> bool:
    """Whether a second step could put a text into a structure."""
    return facts.structured.native or facts.tools.functions != "never"


def _extraction(facts: Facts, *, forced: bool) -> OutputStrategy:
    if facts.structured.native and (facts.structured.prefer == "native" or not forced):
        return "native"
    return "tool" if forced else "offer"


def _holds(when: str, *, thinking: bool) -> bool:
    always = {"always", "skips-thinking"}
    return when in always or (when in {"unless-thinking", "effort-none"} and not thinking)


def _refused(intent: Intent, wish: str, *, thinking: bool) -> UnsupportedError:
    if wish == "native":
        problem, path = "takes no native schema", "structured.native"
    elif wish == "tool":
        problem, path = (
            f"cannot be made to call a tool{' while it thinks' if thinking else ''}",
            "tools.forced",
        )
    else:
        problem, path = "takes neither a schema nor tools", "tools.functions"
    hint = "pick another model" if wish in {"auto", "two_pass"} else 'use structured_output="auto"'
    return UnsupportedError(
        f"response_format: {intent.model} {problem}",
        field="response_format",
        hint=hint,
        fact=path,
    )
