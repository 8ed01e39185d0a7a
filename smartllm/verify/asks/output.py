"""Checks of the form of answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from smartllm.verify.question import Check, Question, Wish
from smartllm.verify.subject import Subject
from smartllm.words import Verbosity

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
_NATIVE: Final = Wish({"response_format": SCHEMA, "structured_output": "native"})
_WORDS: Final = ("format", "schema", "structured", "output_config", "json")


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    yield subject.flag("streaming", Wish({"stream": True}), words=("stream",))
    yield subject.flag("structured.native", _NATIVE, words=_WORDS)
    if subject.openai:
        mode = Wish({"response_format": {"type": "json_object"}, "system_prompt": "Answer in JSON."})
        control = Wish({"system_prompt": "Answer in JSON."})
        yield subject.flag("structured.json_object", mode, control=control, words=_WORDS)
        asked = {
            level: Question(says=False, wish=Wish({"verbosity": level}), words=("verbosity",))
            for level in get_args(Verbosity)
        }
        yield subject.members("verbosity.levels", asked)
