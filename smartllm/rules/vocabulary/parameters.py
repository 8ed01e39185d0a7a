"""What a request may say of an answer and of how it is served, beside sampling."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.words import ServiceTier


@dataclass(frozen=True, eq=False)
class StopSequences:
    """Texts at which an answer ends."""

    accepted: bool = fact(False, "The API takes stop sequences for this model.")
    max: int | None = fact(None, ge=1, description="Most of them.")
    blank: bool = fact(True, "One may be white space alone.")


@dataclass(frozen=True, eq=False)
class Summary:
    """What the model shows of its reasoning."""

    levels: tuple[Literal["auto", "concise", "detailed", "summarized"], ...] = fact(
        (), "Accepted words; summarized is that of Claude's thinking.display."
    )
    shown: bool = fact(False, "Reasoning is shown without being asked for.")
    needs_thinking: bool = fact(False, "It stands in the object that switches thinking on.")


@dataclass(frozen=True, eq=False)
class Tiers:
    """Service tiers."""

    values: tuple[ServiceTier, ...] = fact((), "Tiers that are served; fast is sent as priority.")
    place: Literal["service_tier", "header X-Amzn-Bedrock-Service-Tier"] = fact(
        "service_tier", "Its key in the body of Claude's Messages, or the header that it stands in instead."
    )


@dataclass(frozen=True, eq=False)
class Metadata:
    """Names and values for the provider's records."""

    accepted: bool = fact(False, "The API takes them.")
    needs_store: bool = fact(False, "They are refused unless the answer is stored.")
    key_max: int | None = fact(None, ge=1, description="Longest name in characters.")
    value_max: int | None = fact(None, ge=1, description="Longest value in characters.")
    characters: Literal["any", "aws"] = fact(
        "any", "aws: letters, digits, white space and : _ @ $ # = / + , - . alone."
    )


@dataclass(frozen=True, eq=False)
class EndUser:
    """The id of an end user."""

    accepted: bool = fact(False, "The API takes one.")
    place: Literal["user", "safety_identifier"] = fact("user", "Its key on OpenAI's wires.")
    characters: Literal["any", "aws"] = fact("any", "What it may be made of; as metadata.characters.")


@dataclass(frozen=True, eq=False)
class Guardrails:
    """Guardrails of Amazon Bedrock."""

    accepted: bool = fact(False, "Bedrock applies them to this model.")
