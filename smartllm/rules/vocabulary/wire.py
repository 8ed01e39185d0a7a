"""The wires, and who speaks them."""

from typing import Final, Literal, get_args

Dialect = Literal["openai_responses", "openai_chat", "bedrock_invoke", "bedrock_converse"]
"""A wire format."""

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

Host = Literal["openai", "bedrock"]
"""Who serves the model; the first word of each of its dialects."""
