"""How an answer is bound to a schema: natively, by a tool, or in two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartllm.compiler.intent import Intent, OutputPlan, OutputStrategy
from smartllm.compiler.own_tools import chooses_alone
from smartllm.compiler.passes.documents import are_cited
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.errors import UnsupportedError
from smartllm.rules.memo import Memo
from smartllm.rules.vocabulary import Facts, Patterns, Sizes
from smartllm.said import Named, said

if TYPE_CHECKING:
    from smartllm.compiler.schema.types import Subset

_REFUSED: Final = Memo(results=128, characters=128 * 1024)


def choose_strategy(intent: Intent, facts: Facts) -> OutputStrategy:
    """The strategy for an intent's schema.

    ``auto`` takes the native schema where the rules prefer it and the schema can be said there, else a forced
    tool. Where no tool can be forced, it offers one, and has a second step for answers that do not call it.
    Where the caller asked for thinking that a forced tool would refuse or skip, or that an offered one would
    cut short, it takes two steps. Beside tools see ``_beside_tools``.

    Raises:
        UnsupportedError: The model cannot do what is asked; names the fact and the way out.
    """
    assert intent.output is not None
    wish = intent.output.wish
    if wish == "extract":
        return _extraction(intent.output, facts, forced=can_force(intent, facts))
    if intent.tools:
        return _beside_tools(intent, facts)
    if wish == "native" and facts.structured.native and not _begun(intent, facts):
        return "native"
    if wish == "tool" and can_force(intent, facts):
        return "tool"
    if wish == "auto" and (found := _alone(intent, intent.output, facts)):
        return found
    if wish in {"auto", "two_pass"} and can_extract(facts):
        return "two_pass"
    raise _refused(intent, wish, thinking=is_thinking(intent, facts), begun=_begun(intent, facts))


def _alone(intent: Intent, plan: OutputPlan, facts: Facts) -> OutputStrategy | None:
    """The strategy that needs one call, where there is one."""
    if facts.structured.prefer == "native" and takes_natively(plan, facts) and not _begun(intent, facts):
        return "native"
    if can_force(intent, facts) and not _skips_thinking(intent, facts):
        return "tool"
    return "offer" if _can_offer(intent, facts) and not _asks_to_think(intent, facts) else None


def _beside_tools(intent: Intent, facts: Facts) -> OutputStrategy:
    """Beside tools: the native schema where it still binds there, else our tool among the others.

    A model that has a native schema takes two steps rather than a call that must not be a text: whether it
    obeys is known of few. So does one that is to call the caller's tools, or that no tool can be forced on:
    it would call ours, which is only offered, before it has asked theirs; and reasoning that goes back
    between calls would not fit behind one tool more.
    """
    assert intent.output is not None
    wish, structured, choice = intent.output.wish, facts.structured, intent.tool_choice
    native, begun = takes_natively(intent.output, facts), _begun(intent, facts)
    binds = structured.with_tools and not begun
    if binds and (native if wish == "auto" else structured.native and wish == "native"):
        return "native"
    if wish == "native":
        raise _refused(intent, wish, beside=structured.native, begun=begun)
    theirs = choice is not None and choice.mode == "required"
    hosted = chooses_alone(intent, facts)
    if can_force(intent, facts) and not theirs and not hosted:
        rather_not = native or _skips_thinking(intent, facts)
        if wish == "tool" or (wish == "auto" and not rather_not):
            return "tool"
    if wish == "tool" and not theirs:
        raise _refused(intent, wish, thinking=is_thinking(intent, facts), hosted=hosted)
    return "two_pass"


def _begun(intent: Intent, facts: Facts) -> bool:
    """Whether the caller has begun the answer, and a native schema binds none that has."""
    takes = facts.structured
    return takes.native and not takes.prefilled and intent.turns[-1].role == "assistant"


def takes_natively(plan: OutputPlan, facts: Facts) -> bool:
    """Whether a schema can be said natively here."""
    return facts.structured.native and native_refusal(plan, facts) is None


def native_refusal(plan: OutputPlan, facts: Facts) -> tuple[str, str] | None:
    """Why a schema cannot be said natively, and the path of the fact that says so; None where it can."""
    takes = facts.structured
    return _REFUSED.of(_why_refused, plan.text, takes.native_subset, takes.patterns, takes.limits)


def _why_refused(text: str, subset: Subset, patterns: Patterns, limits: Sizes) -> tuple[str, str] | None:
    # Loaded here: requests without a schema should not pay for lowering schemas.
    from smartllm.compiler.schema.takes import native_of  # noqa: PLC0415

    try:
        native_of(text, subset, patterns, limits)
    except UnsupportedError as error:
        return error.message.removeprefix("response_format: "), error.fact or "structured.native_subset"
    return None


def _asks_to_think(intent: Intent, facts: Facts) -> bool:
    """Whether the caller asked for thinking, and it is not that the model cannot do without."""
    plan = intent.thinking
    said = plan is not None and plan.asked and (plan.effort, plan.budget) != (None, None)
    return said and is_thinking(intent, facts)


def _skips_thinking(intent: Intent, facts: Facts) -> bool:
    """Whether a forced tool would be called without the thinking that the caller asked for."""
    asked = intent.thinking is not None and is_thinking(intent, facts)
    return asked and facts.tools.forced == "skips-thinking"


def _can_offer(intent: Intent, facts: Facts) -> bool:
    """Whether a tool may be there, and nothing that is asked for would be lost by it."""
    if intent.turns[-1].role == "assistant":  # an answer that has begun goes on as a text
        return False
    if not intent.texts_alone and are_cited(intent.turns):  # which an answer that is bound cannot do
        return False
    streams = facts.tools.streaming or not (intent.stream and facts.streaming)
    return streams and _holds(facts.tools.functions, thinking=is_thinking(intent, facts))


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


def _extraction(plan: OutputPlan, facts: Facts, *, forced: bool) -> OutputStrategy:
    natively = facts.structured.native and (facts.structured.prefer == "native" or not forced)
    if natively and (takes_natively(plan, facts) or facts.tools.functions == "never"):
        return "native"
    return "tool" if forced else "offer"


def _holds(when: str, *, thinking: bool) -> bool:
    always = {"always", "skips-thinking"}
    return when in always or (when in {"unless-thinking", "effort-none"} and not thinking)


def _refused(
    intent: Intent,
    wish: str,
    *,
    thinking: bool = False,
    beside: bool = False,
    hosted: bool = False,
    begun: bool = False,
) -> UnsupportedError:
    if wish == "native":
        where = " for an answer that has begun" if begun else " beside tools" if beside else ""
        problem = f"takes no native schema{where}"
        path = f"structured.{'prefilled' if begun else 'with_tools' if beside else 'native'}"
    elif wish == "tool":
        where = " beside the provider's own" if hosted else " while it thinks" if thinking else ""
        problem, path = (
            f"cannot be made to call a tool{where}",
            "tools.beside_hosted" if hosted else "tools.forced",
        )
    else:
        problem, path = "takes neither a schema nor tools", "tools.functions"
    other = said("use {}", Named("structured_output", "auto"))
    hint = "pick another model" if wish in {"auto", "two_pass"} else other
    return UnsupportedError(
        f"response_format: {intent.model} {problem}",
        field="response_format",
        hint=hint,
        fact=path,
    )
