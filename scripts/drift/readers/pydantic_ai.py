"""pydantic-ai: the ids that it completes, and the efforts that it tried with OpenAI's models."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from drift.archives import Archive
from drift.claims import Claim, offered
from drift.readers.literals import bound, literal_types

NAMES: Final = "pydantic_ai/models/_known_model_names.py"
BEDROCK: Final = "pydantic_ai/models/bedrock.py"
OPENAI: Final = "pydantic_ai/profiles/openai.py"
TABLE: Final = "_REASONING_SUPPORT_BY_PREFIX"
HOSTS: Final = frozenset({"openai", "bedrock", "bedrock-mantle", "anthropic"})


def pydantic_ai(archive: Archive) -> Iterator[Claim]:
    """Claims of its lists of ids, and of its table of efforts by the first letters of an id."""
    for name in dict.fromkeys(literal_types(archive.text(NAMES))):
        host, _, model = name.partition(":")
        if host in HOSTS:
            yield Claim(host, model)
    known = literal_types(archive.text(BEDROCK))
    for model in dict.fromkeys(name for name in known if "." in name and "-" in name):
        yield Claim("bedrock", model)
    yield from _efforts(bound(archive.text(OPENAI)))


def _efforts(names: Mapping[str, ast.expr]) -> Iterator[Claim]:
    """What is said of the ids that are such first letters themselves."""
    table = names[TABLE]
    for key, value in zip(table.keys, table.values, strict=True):  # type: ignore[attr-defined]  # a dict
        support = {item.arg: item.value for item in _followed(value, names).keywords}
        levels = _levels(support.get("efforts"), names)
        off = ast.literal_eval(support["can_be_disabled"])
        facts = {
            "effort.levels": offered(levels) if levels else {"none": off},
            "thinking.always": ast.literal_eval(support["enabled_by_default"]) and not off,
        }
        yield Claim("openai", ast.literal_eval(key), facts, callable=False)


def _levels(node: ast.expr | None, names: Mapping[str, ast.expr]) -> list[str]:
    """The levels of ``frozenset((...))``, or of a name for it."""
    return list(ast.literal_eval(_followed(node, names).args[0])) if node is not None else []


def _followed(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    """What a name stands for, or the node itself."""
    return names[node.id] if isinstance(node, ast.Name) else node
