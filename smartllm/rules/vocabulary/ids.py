"""How a model is called on one host."""

from dataclasses import dataclass
from typing import Annotated, Literal

from smartllm.rules.vocabulary.fact import fact

Prefix = Annotated[str, ("pattern", r"^[a-z]{2,6}(-[a-z]+)?$")]
"""A geographic prefix, without the dot behind it."""
Bare = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True, eq=False)
class Ids:
    """The spellings of a model's id that a host takes."""

    name: str = fact("", "The host's spelling, without a geographic prefix; left out: the key of the row.")
    bare: Bare = fact("unknown", "Whether a call on demand may give the name without a geographic prefix.")
    prefixes: tuple[Prefix, ...] = fact(
        (), "Geographic prefixes of the inference profiles that serve it, the most usual one first."
    )
    regions: tuple[str, ...] = fact(
        (), "Regions in which the name without a prefix can be called, where a page states them."
    )
    base: str = fact("", "Path below the host's address under which the model's API lies, where routes ask.")
