"""What goes in: conversations and system text."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact

System = Literal["instructions", "developer", "system", "user", "blocks"]


@dataclass(frozen=True, eq=False)
class Messages:
    """What a conversation must look like."""

    alternate: bool = fact(False, "Roles must alternate between user and assistant.")
    prefill: bool = fact(True, "The last message may be the assistant's.")
    system_turns: Literal["never", "after-user", "anywhere"] = fact(
        "never",
        "System messages between the others; after-user: behind the user's message, as the last one or "
        "before the assistant's.",
    )
    leading_assistant: bool = fact(True, "The first message may be the assistant's.")
