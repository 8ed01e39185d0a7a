"""Sampling parameters."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from smartllm.rules.vocabulary.fact import fact

Sampling = Literal["always", "effort-none", "never"]
Range = Annotated[tuple[float, ...], ("max_length", 2)]
SEED_PLACES: Final = frozenset({"seed", "random_seed"})
"""Keys that are a seed's, of those in ``Parameter.place``."""


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter of sampling, or another that is taken as it is or not at all."""

    accepted: bool = fact(True, "The API knows this parameter at all.")
    max: float | None = fact(None, "Largest value accepted.")
    thinking: Range | None = fact(
        None, "Range accepted while thinking is on; [] means it must be absent then."
    )
    rejected: Literal["drop", "error"] = fact("drop", "What an explicit value gets where it is not accepted.")
    place: Literal["top_k", "inferenceConfig.topK", "seed", "random_seed"] = fact(
        "top_k",
        "Key of top_k under additionalModelRequestFields (Converse only), or of seed on Chat Completions.",
    )
