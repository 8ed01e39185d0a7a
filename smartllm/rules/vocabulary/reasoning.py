"""How a model is told to reason, and how hard."""

from dataclasses import dataclass
from typing import Annotated, Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.words import Effort

ThinkingMode = Literal["budget", "adaptive", "effort"]


@dataclass(frozen=True, eq=False)
class Thinking:
    """How the model is told to reason."""

    modes: tuple[ThinkingMode, ...] = fact(
        (),
        "budget: thinking.type=enabled with budget_tokens; adaptive: thinking.type=adaptive with "
        "an effort; effort: a bare effort parameter. The first one is used.",
    )
    default: Literal["off", "on", "always"] = fact("off", "What omitting every thinking field means.")
    off: Literal["omit", "disabled", "between_tools", "impossible", "unknown"] = fact(
        "omit",
        "How thinking is switched off; disabled, between_tools: thinking.type has that value; unknown: it is "
        "not known, nor whether the model thinks at all.",
    )
    min_budget: int = fact(1024, ge=1, description="Smallest thinking budget in tokens.")


@dataclass(frozen=True, eq=False)
class EffortFacts:
    """The effort ladder."""

    levels: tuple[Effort, ...] = fact((), "Accepted levels, lowest first.")
    default: Effort | None = fact(None, "Level in force when none is sent.")
    cap_when_off: Effort | None = fact(None, "Highest level that may accompany the spelling of thinking off.")
    budgets: dict[Effort, Annotated[int, ("ge", 1)]] = fact(
        {}, "Thinking budget in tokens that stands for each level."
    )
    unlimited: tuple[Effort, ...] = fact(
        (), "Levels with which no output limit and no sampling parameter may be sent."
    )
    place: Literal[
        "reasoning_effort", "reasoning.effort", "reasoning_config", "reasoningConfig", "reasoning"
    ] = fact(
        "reasoning_effort",
        "Key of a bare effort under additionalModelRequestFields (Converse only); "
        "reasoningConfig is an object with type and maxReasoningEffort, the others take the level. "
        "reasoning: an object with the effort, on Chat Completions.",
    )
