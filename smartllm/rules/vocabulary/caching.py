"""What a provider keeps of a prompt."""

from dataclasses import dataclass
from typing import Final, Literal

from smartllm.rules.vocabulary.fact import fact

WAYS: Final = ("implicit", "marks")
"""How prompts are kept: by themselves, and where a request has marks."""

CachePlace = Literal["tools", "system", "messages"]
After = Literal["text", "image", "document", "tool_call", "tool_result"]


@dataclass(frozen=True, eq=False)
class Caching:
    """Prompt caching."""

    implicit: bool = fact(False, "Long prompts are kept without being asked.")
    points: int = fact(0, ge=0, description="Most marks in a request; 0 where a mark is refused.")
    where: tuple[CachePlace, ...] = fact((), "Where a mark may stand.")
    after: tuple[After, ...] = fact(
        ("text", "image", "document", "tool_call", "tool_result"), "Which blocks of a turn a mark may follow."
    )
    ttls: tuple[Literal["5m", "1h"], ...] = fact(
        (), "How long a mark may ask for; [] where a mark stands, but takes no time."
    )
    min_tokens: int | None = fact(None, ge=1, description="Shortest prompt that is kept.")
    key: bool = fact(False, "prompt_cache_key is accepted.")
    retention: tuple[Literal["in_memory", "24h"], ...] = fact(
        (), "Accepted values of prompt_cache_retention."
    )
    breakpoints: bool = fact(
        False, "prompt_cache_breakpoint in parts, and prompt_cache_options, are accepted."
    )
    options_ttls: tuple[Literal["30m", "12h"], ...] = fact((), "Times that prompt_cache_options takes.")

    @property
    def ways(self) -> tuple[str, ...]:
        """How prompts are kept."""
        found = {"implicit": self.implicit, "marks": bool(self.points)}
        return tuple(way for way in WAYS if found[way])
