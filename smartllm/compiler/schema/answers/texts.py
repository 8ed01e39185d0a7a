"""JSON in a text that is not JSON alone: behind thinking, in a code fence, between words."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.reading import json_at, json_of, unicode_json

_NAMES: Final = "think|thinking|thought|thoughts|reasoning|seed:think"
_THOUGHT: Final = re.compile(
    rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷|<\|channel\|>final(?:[^<|]{{0,80}})<\|message\|>", re.IGNORECASE
)
"""Ends of thinking, as models that run by themselves write them into their answers."""
_THINKING: Final = re.compile(rf"<(?:{_NAMES})>|\[THINK\]|◁think▷", re.IGNORECASE)
_BEGUN: Final = re.compile(r"[\[{]")
_WORDS: Final = re.compile(r"\{+[\w .:-]*\}+|\[[^\[\]{}\"]*\]")
"""Brackets that people write: placeholders and remarks."""
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LONGEST_TAG: Final = 204
_MOST: Final = 20
_REMARKS: Final = 100
"""Brackets that hold no JSON: each costs Python's reader a look at the whole text."""

BYTE_ORDER_MARK: Final = "a byte-order mark before it"
THINKING: Final = "thinking before it"
FENCE: Final = "a code fence around it"
WORDS: Final = "words around it"
LINE_BREAKS: Final = "raw line breaks in its strings"
TAGS: Final = "tags behind it"
TWICE: Final = "it was said twice"


class Found(NamedTuple):
    """What a text holds.

    Attributes:
        values: The JSON values that may be meant; those that are equal once.
        read: What stands around them, in words.
    """

    values: tuple[Any, ...] = ()
    read: tuple[str, ...] = ()


def found_in(text: str) -> Found:
    """The JSON values in a text. What is begun and not ended is none, nor is anything inside it."""
    read: list[str] = []
    if text.startswith("\ufeff"):
        text = text.lstrip("\ufeff")
        read.append(BYTE_ORDER_MARK)
    loose = _whole(text, read)
    if loose is not None:
        return loose
    ends = list(_THOUGHT.finditer(text))
    if ends:
        text = text[ends[-1].end() :]
        read.append(THINKING)
        loose = _whole(text, read)
        if loose is not None:
            return loose
    return Found() if _THINKING.search(text) else _between(text, read)


def value_of(text: str) -> Any:
    """The JSON value of a text in an answer, also one that was written twice.

    Raises:
        ValueError: It holds none.
        RecursionError: It is nested too deeply.
    """
    value: Any = text
    while isinstance(value, str):
        value = json_of(value)
    return unicode_json(value)


def loose_value_of(text: str) -> Any:
    """As ``value_of``, with raw line breaks in strings, in a fence, or with tags behind it.

    Raises:
        ValueError: It holds none.
        RecursionError: It is nested too deeply.
    """
    value: Any = text
    while isinstance(value, str):
        value = json_of(_bare(value), loose=True)
    return unicode_json(value)


def _bare(text: str) -> str:
    text = _untagged(text.strip())
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    return text


def _untagged(text: str) -> str:
    """A text without the tags at its end."""
    end = len(text)
    while text.endswith(">", 0, end):
        begun = text.rfind("<", max(0, end - _LONGEST_TAG), end)
        if begun < 0 or _TAG.fullmatch(text, begun, end) is None:
            break
        end = begun
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]


def _whole(text: str, read: list[str]) -> Found | None:
    try:
        return Found((unicode_json(json_of(text)),), tuple(read))
    except (ValueError, RecursionError):
        pass
    try:
        return Found((unicode_json(json_of(text, loose=True)),), (*read, LINE_BREAKS))
    except (ValueError, RecursionError):
        return None


def _between(text: str, read: list[str]) -> Found:
    """The objects and lists between words."""
    values: list[Any] = []
    start, end, remarks, twice = 0, 0, 0, False
    words: list[str] = []
    while (begun := _BEGUN.search(text, start)) is not None:
        try:
            value, start = json_at(text, begun.start())
        except (ValueError, RecursionError):
            remarks += 1
            said = _WORDS.match(text, begun.start())
            if said is None or remarks > _REMARKS:
                return Found()
            start = said.end()
            continue
        words.append(text[end : begun.start()])
        end = start
        if value in values:
            twice = True
        else:
            values.append(unicode_json(value))
        if len(values) > _MOST:
            return Found()
    around = "".join([*words, text[end:]])
    if "```" in around:
        read.append(FENCE)
        around = around.replace("```json", "").replace("```", "")
    if around.strip():
        read.append(WORDS if _untagged(around.strip()) else TAGS)
    if twice:
        read.append(TWICE)
    return Found(tuple(values), tuple(read))
