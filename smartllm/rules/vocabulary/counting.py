"""What a host says of input tokens before a call: where it counts them, and for which models."""

from dataclasses import dataclass

from smartllm.rules.vocabulary.batch import Available
from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class CountTokens:
    """The host's endpoint that counts the input tokens of a request, without answering it."""

    available: Available = fact("unknown", "Whether the endpoint counts for the model.")


@dataclass(frozen=True, eq=False)
class CountRoute:
    """Where the bodies of one dialect go on a host to have their input tokens counted."""

    path: str = fact("", "Path below the host's address; {model} stands for the id.")
    operation: str = fact("", "The host's name of the operation; left out: the method and the path.")
    takes: tuple[str, ...] = fact((), "Keys of the body that go along; left out: all of them.")
    misses: tuple[str, ...] = fact(
        (), "Keys that do not go along, though what they say may be part of the input."
    )
    inside: str = fact("", "Where the body stands in what is sent, by dotted path; left out: it is that.")
    encoded: bool = fact(False, "The body stands there as bytes, in base64.")
    bare: bool = fact(False, "The id is the model's own name there, without a geographic prefix.")
    answer: str = fact("input_tokens", "Key of the answer that holds the number.")

    @property
    def called(self) -> str:
        """The operation's name."""
        return self.operation or f"POST {self.path}"
