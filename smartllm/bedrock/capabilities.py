"""What a model on Bedrock accepts, in a few words; all of it derived from the rules."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from smartllm.environment import ambient_rules
from smartllm.errors import UnknownModelError
from smartllm.log import logger
from smartllm.rules import load_rules, resolve, served_on, target_for
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.caching import WAYS
from smartllm.rules.vocabulary.input import KINDS

ThinkingMode = Literal["none", "manual_budget", "adaptive_effort"]
"""How a model is told to think: not at all, by a budget in tokens, or by an effort."""


@dataclass(frozen=True)
class ModelCapabilities:
    """What a model accepts.

    Attributes:
        family: Canonical key of the model; ``unknown`` when no rule matches the id.
        accepts_temperature: Whether a temperature may be sent.
        accepts_top_p_top_k: Whether both top_p and top_k may be sent.
        thinking_mode: ``none``, ``manual_budget`` or ``adaptive_effort``.
        takes: What may go in beside text on one of its APIs: ``image``, ``document``, ``audio``, ``video``.
        caching: How prompts are kept: ``implicit``, by themselves, and ``marks``, where a request has them
            (``prompt_cache``, ``CachePoint``). Like ``takes`` it counts neither for equality nor in the repr.
    """

    family: str
    accepts_temperature: bool
    accepts_top_p_top_k: bool
    thinking_mode: ThinkingMode
    takes: tuple[str, ...] = field(default=(), repr=False, compare=False, kw_only=True)
    caching: tuple[str, ...] = field(default=(), repr=False, compare=False, kw_only=True)


def get_model_capabilities(model: str) -> ModelCapabilities:
    """What a model accepts, without a call.

    Args:
        model: Model id, inference profile id or ARN.

    Returns:
        Its capabilities. An id that no rule matches accepts nothing, as nothing is known of it; a warning
        is logged.
    """
    rules = load_rules(ambient=ambient_rules(os.environ))
    try:
        resolution = resolve(model, rules)
    except UnknownModelError as error:
        logger.warning("%s", error.message)
        return ModelCapabilities("unknown", False, False, "none")
    served = served_on(resolution, "bedrock", rules)
    if not served:
        logger.warning("%s is not served on bedrock", model)
        return ModelCapabilities(resolution.key, False, False, "none")
    on = [target_for(resolution, "bedrock", dialect, rules).facts for dialect in served]
    facts = on[0]
    sampled = facts.sampling != "never"
    return ModelCapabilities(
        family=resolution.key,
        accepts_temperature=sampled and facts.temperature.accepted,
        accepts_top_p_top_k=sampled and facts.top_p.accepted and facts.top_k.accepted,
        thinking_mode=_thinking_mode(facts),
        takes=tuple(kind for kind in KINDS if any(kind in one.input.kinds for one in on)),
        caching=tuple(way for way in WAYS if any(way in one.caching.ways for one in on)),
    )


def supports_thinking(model: str) -> bool:
    """Whether a model takes an effort or a thinking budget."""
    return get_model_capabilities(model).thinking_mode != "none"


def _thinking_mode(facts: Facts) -> ThinkingMode:
    if not facts.thinking.modes or not facts.effort.levels:
        return "none"
    return "manual_budget" if facts.thinking.modes[0] == "budget" else "adaptive_effort"
