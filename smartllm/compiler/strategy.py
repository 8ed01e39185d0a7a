"""How an answer is bound to a schema: natively, by a tool, or in two steps."""

from __future__ import annotations

from smartllm.compiler.intent import Intent, OutputStrategy
from smartllm.compiler.own_tools import chooses_alone
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts


def choose_strategy(intent: Intent, facts: Facts) -> OutputStrategy:
    """The strategy for an intent's schema.

    ``auto`` takes the native schema where the rules prefer it, else a forced tool. Where the caller asked for
    thinking that a forced tool would refuse or skip, or where no tool can be forced, it takes two steps.
    Beside tools see ``_beside_tools``.

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
        if native and facts.structured.prefer == "native":
            return "native"
        if forced and not _skips_thinking(intent, facts):
            return "tool"
        if can_extract(facts):
            return "two_pass"
    raise _refused(intent, wish, thinking=is_thinking(intent, facts))


def _beside_tools(intent: Intent, facts: Facts) -> OutputStrategy:
    """Beside tools: the native schema where it still binds there, else our tool among the others.

    A model that has a native schema takes two steps rather than a call that must not be a text: whether it
    obeys is known of few. So does one that is to call the caller's tools, or that no tool can be forced on.
    """
    assert intent.output is not None
    wish, structured, choice = intent.output.wish, facts.structured, intent.tool_choice
    if wish in {"auto", "native"} and structured.native and structured.with_tools:
        return "native"
    if wish == "native":
        raise _refused(intent, wish, beside=structured.native)
    theirs = choice is not None and choice.mode == "required"
    hosted = chooses_alone(intent, facts)
    if can_force(intent, facts) and not theirs and not hosted:
        rather_not = structured.native or _skips_thinking(intent, facts)
        if wish == "tool" or (wish == "auto" and not rather_not):
            return "tool"
    if wish == "tool" and not theirs:
        raise _refused(intent, wish, thinking=is_thinking(intent, facts), hosted=hosted)
    return "two_pass"


def _skips_thinking(intent: Intent, facts: Facts) -> bool:
    """Whether a forced tool would be called without the thinking that the caller asked for."""
    asked = intent.thinking is not None and is_thinking(intent, facts)
    return asked and facts.tools.forced == "skips-thinking"


def binds_by_tool(intent: Intent, facts: Facts) -> bool:
    """Whether the answer will be the input of a forced tool.

    Raises:
        UnsupportedError: As ``choose_strategy``.
    """
    return intent.output is not None and choose_strategy(intent, facts) == "tool"


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


def _refused(
    intent: Intent, wish: str, *, thinking: bool = False, beside: bool = False, hosted: bool = False
) -> UnsupportedError:
    if wish == "native":
        problem = f"takes no native schema{' beside tools' if beside else ''}"
        path = "structured.with_tools" if beside else "structured.native"
    elif wish == "tool":
        where = " beside the provider's own" if hosted else " while it thinks" if thinking else ""
        problem, path = (
            f"cannot be made to call a tool{where}",
            "tools.beside_hosted" if hosted else "tools.forced",
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
