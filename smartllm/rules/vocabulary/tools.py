"""Tools that a model may call."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class Tools:
    """Function tools."""

    functions: Literal["always", "effort-none", "never"] = fact("always", "When function tools are accepted.")
    forced: Literal["always", "skips-thinking", "unless-thinking", "effort-none", "never"] = fact(
        "always",
        "When a tool choice that forces a tool is accepted; skips-thinking: always, but the "
        "model then calls the tool without thinking.",
    )
    choice: Literal["named", "any"] = fact(
        "named", "How a tool choice forces: by the tool's name, or any of the tools."
    )
    streaming: bool = fact(True, "A request with tools can be streamed.")
