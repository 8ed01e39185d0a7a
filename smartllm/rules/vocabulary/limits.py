"""How much goes in and comes out."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class Limits:
    """Token limits."""

    field: Literal[
        "max_output_tokens", "max_completion_tokens", "max_tokens", "inferenceConfig.maxTokens"
    ] = fact("max_tokens", "Body field that carries the output limit.")
    required: bool = fact(False, "An output limit must be sent.")
    min_output: int = fact(1, ge=1, description="Smallest output limit the API accepts.")
    max_output: int | None = fact(None, ge=1, description="Largest output limit in tokens.")
    context: int | None = fact(None, ge=1, description="Context window in tokens.")
