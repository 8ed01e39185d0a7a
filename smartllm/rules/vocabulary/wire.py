"""The wires, and who speaks them."""

from typing import Final, Literal, get_args

Dialect = Literal["openai_responses", "openai_chat", "anthropic_messages", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

RENAMED: Final[dict[str, Dialect]] = {"bedrock_invoke": "anthropic_messages"}
"""What dialects were called: in overlays, and in reasoning that a caller has kept."""

Host = str
"""Who serves the model: a row of ``[host.*]``."""
