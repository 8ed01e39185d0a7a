"""What of earlier answers goes back: calls with their results, and reasoning."""

from dataclasses import dataclass
from typing import Literal

from smartllm.rules.vocabulary.fact import fact
from smartllm.rules.vocabulary.input import is_among

PartKind = Literal["text", "json", "image", "document", "audio", "video"]


@dataclass(frozen=True, eq=False)
class Calls:
    """Calls in a conversation, and their results.

    What holds for all models is no fact: each call has exactly one result, in the very next turn and before
    all else in it; arguments are a JSON object, and no text is blank.
    """

    declared: bool = fact(True, "Tools must be declared where the conversation holds calls or results.")
    ids: Literal["any", "dashed", "nine", "counted"] = fact(
        "dashed",
        "Form of a call's id; dashed: letters, digits, '_' and '-'; nine: exactly nine letters or digits; "
        "counted: the model's own functions.NAME:INDEX, where INDEX counts through the conversation.",
    )
    ids_max: int = fact(64, ge=32, description="Longest id.")
    ids_repeat: bool = fact(
        False, "The model gives the same ids again in later turns: they are made unique when they arrive."
    )
    text_beside: bool = fact(False, "An assistant's turn may hold text beside calls.")
    beside_results: tuple[PartKind, ...] = fact(
        (), "What may follow results in the user's turn; all else needs a turn of its own."
    )
    beside_documents: tuple[str, ...] = fact(
        (), "Media types of documents that may follow results, where documents in general may not."
    )
    results: tuple[PartKind, ...] = fact(
        ("text",), "What a result may hold; text stands for JSON, media move out of the result."
    )
    result_documents: tuple[str, ...] = fact(
        (), "Media types of documents that a result may hold, where it holds no documents in general."
    )
    errors: Literal["flag", "text"] = fact(
        "text", "How a result says that its tool failed; flag: is_error, or status on Converse."
    )
    empty_results: bool = fact(False, "A result may hold nothing.")

    def beside(self, kind: str, media_type: str | None = None) -> bool:
        """Whether a part of a kind may follow results in the user's turn."""
        return kind in self.beside_results or _is_document(kind, media_type, self.beside_documents)

    def inside(self, kind: str, media_type: str | None = None) -> bool:
        """Whether a result may hold a part of a kind."""
        return kind in self.results or _is_document(kind, media_type, self.result_documents)


def _is_document(kind: str, media_type: str | None, formats: tuple[str, ...]) -> bool:
    return kind == "document" and media_type is not None and is_among(media_type, formats)


@dataclass(frozen=True, eq=False)
class Carry:
    """Reasoning and other state of the model's own earlier answers; another model's is always dropped."""

    reasoning: Literal["never", "signed", "sealed", "items", "text"] = fact(
        "never",
        "Which reasoning goes back, and only unchanged; signed: with the model's signature, or redacted; "
        "sealed: redacted alone; items: with its id, and only together with the item that follows it, else "
        "the reasoning is dropped and the others go without ids; text: as the text that was shown.",
    )
    place: Literal["reasoning_content", "reasoning", "content"] = fact(
        "reasoning_content",
        "Key of the assistant's message for such a text; content: as a part of type thinking.",
    )
    beside_calls: bool = fact(
        False, "While the model thinks, a turn with calls must have such a text, if only an empty one."
    )
    leads: bool = fact(
        False,
        "While thinking has a budget, the last assistant's turn with calls, or a prefill, must begin with "
        "its reasoning; without it thinking must be off.",
    )
    prefix: bool = fact(
        False,
        "The signature holds only while system text, tools and all earlier turns stay the same to the byte.",
    )
    include: bool = fact(
        False,
        "Where answers are not stored, include asks for the encrypted content of reasoning.",
    )
    phases: bool = fact(
        False, "The phase of an assistant's message goes back; without it the model may stop."
    )
