"""What a rules file with a wrong key or value meant, in words that hold the line to write."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from smartllm.rules.positions import KeyPath
from smartllm.rules.repairs import WANTED, wrong_type
from smartllm.rules.toml_text import key_spelled, path_spelled, quoted, shown, spelled
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.wire import RENAMED

_WORDS: Final[Mapping[str, str]] = {
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "max_concurrency": "concurrency",
    "max_concurrent": "concurrency",
    "max_tokens": "limits.max_output",
    "max_output_tokens": "limits.max_output",
    "max_completion_tokens": "limits.max_output",
    "context_window": "limits.context",
    "context_length": "limits.context",
    "reasoning_effort": "effort.levels",
}
"""What people call keys of the vocabulary."""
_USER: Final = re.compile(r"(?<=://)[^/?#\s]*@")


class Wrong(NamedTuple):
    """One place where a file leaves the vocabulary.

    Attributes:
        path: Where.
        kind: Pydantic's word for what is wrong.
        message: Pydantic's sentence.
        value: What stands there.
    """

    path: KeyPath
    kind: str
    message: str
    value: Any

    @property
    def name(self) -> str:
        """The path for people."""
        return repr(".".join(self.path))

    @property
    def row(self) -> int:
        """Where in the path the name stands that the user chose."""
        if "evidence" in self.path[:-1]:
            return self.path.index("evidence") + 1
        return 3 if self.path[0] == "on" else 1

    @property
    def dotted(self) -> KeyPath:
        """The parts of an id with dots that TOML took for tables; empty where the file meant none."""
        if self.kind == "string_type" and isinstance(self.value, dict) and len(self.path) == self.row + 1:
            return (self.path[-1], *_single(self.value))
        if self.kind != "extra_forbidden" or len(self.path) != self.row + 2 or not self._ends_an_id:
            return ()
        inner = (
            _single(self.value) if isinstance(self.value, dict) and all(map(_numbered, self.value)) else ()
        )
        return (*self.path[-2:], *inner)

    @property
    def _ends_an_id(self) -> bool:
        """Whether the key is rather the end of an id than one of the vocabulary's."""
        key = self.path[-1]
        plain = isinstance(self.value, str) and self.path[0] in {"model", "alias"}
        return _numbered(key) or self.path[self.row - 1] == "evidence" or (plain and "-" in key)


def explain(wrong: Wrong, known: Iterable[str] = ()) -> str:
    """What is wrong at a place, and what to write.

    Args:
        wrong: The place.
        known: Keys that may stand there, where the key is unknown.
    """
    path, name, value = wrong.path, wrong.name, wrong.value
    if wrong.dotted:
        return f"unknown key {name}: a dot outside of quotes begins another table; write {_whole(wrong)}"
    if wrong.kind == "extra_forbidden":
        return f"unknown key {name}{_better_key(wrong, [*known])}"
    if wrong.kind == "missing":
        return f"{name} is missing"
    for word in (value, path[-1]):
        if isinstance(word, str) and word in RENAMED:
            return f"{name}: {word!r} is called {RENAMED[word]!r} now"
    if wrong.kind not in WANTED:
        return _no_such_value(wrong)
    sentence, right = wrong_type(wrong.kind, value)
    if wrong.kind in {"dict_type", "model_type"}:
        if path[0] == "model" and len(path) == 2:  # noqa: PLR2004 - the row of a model
            return f"{name} = {sentence}, or a profile's name"
        return f"{name} = {sentence}; write [{path_spelled(path)}]"
    return f"{name} = {sentence}{_line(path, right)}"


def _no_such_value(wrong: Wrong) -> str:
    """What is wrong with a value of the right type."""
    value = wrong.value
    if wrong.kind == "string_pattern_mismatch" and (plain := _USER.sub("", value)) != value:
        # Not shown as it stands: what lint says is read by more people than the file.
        return f"{wrong.name}: the address of a page has a user or a password in it; write {quoted(plain)}"
    sentence = wrong.message[0].lower() + wrong.message[1:]
    return f"{wrong.name} = {shown(value)}: {sentence}{_better_word(wrong)}"


def undefined(name: str, profiles: Iterable[str], models: Mapping[str, Any]) -> str:
    """What a name that is no profile meant: the end of a sentence, empty where nothing is like it."""
    known = [*profiles]
    row = models.get(name)
    profile = row.get("profile") if isinstance(row, dict) else row
    if profile in known:
        return f"; {name!r} is a model, and its profile is {profile!r}: write {quoted(str(profile))}"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.65)
    return f"; did you mean {near[0]!r}?" if near else ""


def _whole(wrong: Wrong) -> str:
    """The line that states an id with dots."""
    name, value = quoted(".".join(wrong.dotted)), wrong.value
    for _ in range(len(wrong.dotted) - (1 if wrong.kind == "string_type" else 2)):
        value = next(iter(value.values()))
    if "evidence" in wrong.path:
        return f"evidence.{name}"
    if isinstance(value, dict):
        return f"[{path_spelled(wrong.path[: wrong.row])}.{name}]"
    return f"{name} = {spelled(value)}"


def _numbered(key: str) -> bool:
    return key[:1].isdigit()


def _single(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of tables of one key each, one inside the other."""
    found: list[str] = []
    node: Any = table
    while isinstance(node, dict) and len(node) == 1:
        (key, node), *_ = node.items()
        found.append(key)
    return tuple(found)


def _better_key(wrong: Wrong, known: list[str]) -> str:
    """The key that was meant, as the end of a sentence."""
    key, table = wrong.path[-1], wrong.path[0]
    if len(wrong.path) == wrong.row + 2 and (other := _ELSEWHERE.get((table, key))):
        return other(wrong.value)
    if (word := _WORDS.get(key)) and word.partition(".")[0] in known:
        return f"; write {word} = {shown(wrong.value)}"
    if near := difflib.get_close_matches(key, known, n=1):
        return f"; did you mean {near[0]!r}?"
    deeper = [path for path in _fact_paths() if path.endswith(f".{key}") and path.partition(".")[0] in known]
    return f"; did you mean {' or '.join(map(repr, deeper[:3]))}?" if deeper else ""


def _facts_alone(_: Any) -> str:
    return ": what differs on a host are facts alone; leave it out"


_ELSEWHERE: Final[Mapping[tuple[str, str], Callable[[Any], str]]] = {
    ("model", "extends"): lambda value: f": a model names its profile; write profile = {shown(value)}",
    ("profile", "profile"): lambda value: f": a profile extends another; write extends = {shown(value)}",
    ("on", "extends"): _facts_alone,
    ("on", "profile"): _facts_alone,
}
"""Keys of rows of one table that belong to those of another, by table and key."""


@cache
def _fact_paths() -> tuple[str, ...]:
    return tuple(_below(Facts()))


def _below(table: Any) -> Iterator[str]:
    for one in fields(table):
        yield one.name
        if is_dataclass(inner := getattr(table, one.name)):
            yield from (f"{one.name}.{path}" for path in _below(inner))


def _better_word(wrong: Wrong) -> str:
    """The nearest of the words that are allowed."""
    allowed = re.findall(r"'([^']+)'", wrong.message)
    near = (
        difflib.get_close_matches(wrong.value.lower(), allowed, n=1) if isinstance(wrong.value, str) else []
    )
    return _line(wrong.path, quoted(near[0])) if near else ""


def _line(path: KeyPath, value: str | None) -> str:
    """The line that states a value; an item of a list has no key."""
    if value is None:
        return ""
    return f"; write {value}" if path[-1].isdigit() else f"; write {key_spelled(path[-1])} = {value}"
