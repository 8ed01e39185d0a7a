"""What facts may not say together; rows of R011."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Final

from smartllm.rules.contradictions.found import Contradiction
from smartllm.rules.vocabulary import Facts, Parameter
from smartllm.rules.vocabulary.sampling import SEED_PLACES
from smartllm.rules.vocabulary.wire import OPENAI_WIRES

_PARAMETERS: Final = tuple(one.name for one in fields(Facts) if one.type is Parameter)


def _beyond(name: str) -> Callable[[Facts], bool]:
    """Whether the range of a parameter while thinking goes beyond the largest value."""

    def wrong(facts: Facts) -> bool:
        found: Parameter = getattr(facts, name)
        return found.max is not None and bool(found.thinking) and found.max < max(found.thinking or ())

    return wrong


def _misplaced(name: str) -> Callable[[Facts], bool]:
    """Whether the key of a parameter is one of those of a seed, and it is none, or the other way round."""

    def wrong(facts: Facts) -> bool:
        return (getattr(facts, name).place in SEED_PLACES) != (name == "seed")

    return wrong


FACT_CONTRADICTIONS: Final[list[Contradiction]] = [
    *(
        Contradiction(
            f"{name}.thinking", f"the range of {name} goes beyond its maximum", _beyond(name), breaks=True
        )
        for name in _PARAMETERS
    ),
    *(
        Contradiction(
            f"{name}.place", f"{name} stands in another parameter's place", _misplaced(name), breaks=True
        )
        for name in _PARAMETERS
    ),
    Contradiction(
        "thinking.off",
        "thinking always happens, so off must be 'impossible'",
        lambda facts: facts.thinking.default == "always" and facts.thinking.off != "impossible",
    ),
    Contradiction(
        "thinking.off",
        "thinking cannot be off, so default must be 'always'",
        lambda facts: facts.thinking.off == "impossible" and facts.thinking.default != "always",
    ),
    Contradiction(
        "thinking.modes",
        "a model without thinking modes has no levels and does not think by default",
        lambda facts: (
            not facts.thinking.modes and (bool(facts.effort.levels) or facts.thinking.default != "off")
        ),
    ),
    Contradiction(
        "thinking.default",
        "thinking is on by default, so there must be a way to say off",
        lambda facts: (
            facts.thinking.default == "on"
            and facts.thinking.off == "omit"
            and "none" not in facts.effort.levels
        ),
    ),
    Contradiction(
        "system",
        "system text goes in a message of the user's, and two of them may not follow each other",
        lambda facts: facts.system == "user" and facts.messages.alternate,
        breaks=True,
        dialects=OPENAI_WIRES,
    ),
    Contradiction(
        "sampling",
        "sampling at effort none needs the level 'none'",
        lambda facts: facts.sampling == "effort-none" and "none" not in facts.effort.levels,
    ),
    Contradiction(
        "limits.max_output",
        "max_output is below min_output",
        lambda facts: (
            facts.limits.max_output is not None and facts.limits.max_output < facts.limits.min_output
        ),
        breaks=True,
    ),
    Contradiction(
        "limits.max_output",
        "max_output is above the context window",
        lambda facts: (facts.limits.max_output or 0) > (facts.limits.context or float("inf")),
    ),
    Contradiction(
        "exclusive",
        "an exclusive pair names a parameter that is not accepted",
        lambda facts: any(not getattr(facts, name).accepted for pair in facts.exclusive for name in pair),
    ),
    Contradiction(
        "metadata.needs_store",
        "metadata needs a stored answer, but store is not accepted",
        lambda facts: facts.metadata.needs_store and not facts.store.accepted,
    ),
    Contradiction(
        "top_logprobs.accepted",
        "top_logprobs is accepted, but not logprobs",
        lambda facts: facts.top_logprobs.accepted and not facts.logprobs.accepted,
    ),
    Contradiction(
        "service_tier.values",
        "fast is another word for priority, which is the one that is sent",
        lambda facts: "fast" in facts.service_tier.values,
    ),
    Contradiction(
        "reasoning_summary.needs_thinking",
        "a summary needs thinking, but the model has no word for one",
        lambda facts: facts.reasoning_summary.needs_thinking and not facts.reasoning_summary.levels,
    ),
    Contradiction(
        "structured.prefer",
        "native is preferred, but there is no native structured output",
        lambda facts: facts.structured.prefer == "native" and not facts.structured.native,
    ),
    Contradiction(
        "structured.native_subset",
        "schemas carry a strict key, so they must be those that strict mode takes: openai-strict or "
        "openai-plain",
        lambda facts: (
            facts.structured.native
            and facts.structured.strict
            and facts.structured.native_subset not in {"openai-strict", "openai-plain"}
        ),
        breaks=True,
        dialects=OPENAI_WIRES,
    ),
    Contradiction(
        "ids.bare",
        "the bare id is refused, but no prefix is known with which the model can be called",
        lambda facts: facts.ids.bare == "refused" and not facts.ids.prefixes,
    ),
    Contradiction(
        "ids.prefixes",
        "a prefix is stated twice",
        lambda facts: len({*facts.ids.prefixes}) < len(facts.ids.prefixes),
    ),
    Contradiction(
        "ids.regions",
        "a region is stated twice",
        lambda facts: len({*facts.ids.regions}) < len(facts.ids.regions),
    ),
]
