"""The closed vocabulary of facts, as plain data; ``shape`` checks files against it.

Without pydantic, which would be most of what a compilation at the shell costs. One module a group of facts,
without ``from __future__ import annotations``: values are read by the types of the fields.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from smartllm.parameters import SamplingField
from smartllm.rules.vocabulary.batch import Batch
from smartllm.rules.vocabulary.caching import Caching
from smartllm.rules.vocabulary.calls import Calls, Carry
from smartllm.rules.vocabulary.counting import CountTokens
from smartllm.rules.vocabulary.fact import fact
from smartllm.rules.vocabulary.ids import Ids
from smartllm.rules.vocabulary.input import Input
from smartllm.rules.vocabulary.lifecycle import Lifecycle
from smartllm.rules.vocabulary.limits import Limits
from smartllm.rules.vocabulary.messages import Messages, System
from smartllm.rules.vocabulary.output import Patterns, Size, Sizes, Structured, Verbosity
from smartllm.rules.vocabulary.parameters import (
    EndUser,
    Guardrails,
    Metadata,
    StopSequences,
    Summary,
    Tiers,
)
from smartllm.rules.vocabulary.read import table_from
from smartllm.rules.vocabulary.reasoning import EffortFacts, Thinking, ThinkingMode
from smartllm.rules.vocabulary.sampling import Parameter, Range, Sampling
from smartllm.rules.vocabulary.tools import InputSchema, StrictLimits, Tools
from smartllm.rules.vocabulary.wire import DIALECTS, Dialect, Host

__all__ = [
    "DIALECTS",
    "META",
    "Batch",
    "Caching",
    "Calls",
    "Carry",
    "CountTokens",
    "Dialect",
    "EffortFacts",
    "Facts",
    "Host",
    "Ids",
    "Input",
    "InputSchema",
    "Lifecycle",
    "Limits",
    "Messages",
    "Parameter",
    "Patterns",
    "Range",
    "SamplingField",
    "Size",
    "Sizes",
    "StrictLimits",
    "Structured",
    "Thinking",
    "ThinkingMode",
    "Tools",
    "Verbosity",
    "facts_data",
    "facts_from",
]


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything the compiler needs to know about one model. Defaults are the cautious choice."""

    endpoints: tuple[Dialect, ...] = fact(
        (), "Wires on which the model is served; per host, the first is used."
    )
    elsewhere: str = fact(
        "", "Where the host serves the model instead, if on none of these wires; refusals say it."
    )
    sampling: Sampling = fact("never", "When sampling parameters are accepted.")
    temperature: Parameter = fact(Parameter())
    top_p: Parameter = fact(Parameter())
    top_k: Parameter = fact(Parameter(accepted=False))
    exclusive: tuple[tuple[SamplingField, SamplingField], ...] = fact(
        (), "Pairs of sampling parameters that may not be sent together."
    )
    not_greedy: tuple[SamplingField, ...] = fact(
        (), "Sampling parameters that may not be sent beside a temperature of 0."
    )
    stop_sequences: StopSequences = fact(StopSequences())
    seed: Parameter = fact(Parameter(accepted=False, place="seed"))
    presence_penalty: Parameter = fact(Parameter(accepted=False))
    frequency_penalty: Parameter = fact(Parameter(accepted=False))
    logprobs: Parameter = fact(Parameter(accepted=False))
    top_logprobs: Parameter = fact(Parameter(accepted=False))
    reasoning_summary: Summary = fact(Summary())
    service_tier: Tiers = fact(Tiers())
    metadata: Metadata = fact(Metadata())
    user: EndUser = fact(EndUser())
    store: Parameter = fact(Parameter(accepted=False))
    guardrail: Guardrails = fact(Guardrails())
    thinking: Thinking = fact(Thinking())
    effort: EffortFacts = fact(EffortFacts())
    tools: Tools = fact(Tools())
    calls: Calls = fact(Calls())
    carry: Carry = fact(Carry())
    input: Input = fact(Input())
    caching: Caching = fact(Caching())
    structured: Structured = fact(Structured())
    limits: Limits = fact(Limits())
    messages: Messages = fact(Messages())
    system: System = fact(
        "system",
        "Where system text goes: the instructions field, a first developer/system/user message "
        "(on Bedrock the first text of the first user message), or Bedrock's system field.",
    )
    verbosity: Verbosity = fact(Verbosity())
    streaming: bool = fact(True, "The streaming operation is accepted.")
    stream_options: bool = fact(
        True,
        "The body of a streamed call takes stream_options; false: it is refused, and usage told unasked.",
    )
    lifecycle: Lifecycle = fact(Lifecycle())
    ids: Ids = fact(Ids())
    batch: Batch = fact(Batch())
    count_tokens: CountTokens = fact(CountTokens())
    concurrency: int | None = fact(
        None, ge=1, description="Requests in flight by default; null takes the host's number."
    )


META: Final[frozenset[str]] = frozenset({"extends", "profile", "verified", "source", "quirk", "evidence"})
"""Keys of a row that are not facts."""


def facts_from(data: Mapping[str, Any]) -> Facts:
    """Facts from TOML data of the vocabulary's shape; what is not stated has its default."""
    return table_from(Facts, data)


def facts_data(facts: Facts) -> dict[str, Any]:
    """Facts as JSON-ready data, in the order of the vocabulary."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(facts), default=str))
    return found
