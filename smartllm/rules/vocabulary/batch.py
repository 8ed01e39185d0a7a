"""What a host's batch engine takes of a model."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact

Available = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, eq=False)
class Batch:
    """The host's batch engine, which answers files of requests within a day for less."""

    available: Available = fact("unknown", "Whether the engine runs the model.")
    tools: bool = fact(False, "Lines may declare tools.")
    schemas: bool = fact(False, "Lines may bind the answer to a JSON Schema.")
    streaming: bool = fact(False, "Lines may ask for a streamed answer.")
    headers: bool = fact(False, "Lines may hold headers beside the body.")
    caching: bool = fact(False, "The engine keeps prompts, as calls online do.")
