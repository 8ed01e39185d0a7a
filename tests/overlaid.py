"""A user's file over the shipped rules: what lint finds in it, and what a compilation says of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, Final

import pytest

import smartllm
from smartllm import TextRequest
from smartllm.errors import RulesError
from smartllm.rules import load_rules
from smartllm.rules.layer import Layer, read_layer
from smartllm.rules.lint import lint
from smartllm.rules.load import RuleSet, merge
from smartllm.rules.names import parse

BUILTIN: Final = load_rules()
ROW: Final = 'profile = "claude-4.7"'
MODEL: Final = "us.anthropic.claude-opus-77"
TODAY: Final = dt.datetime.now(dt.UTC).date()
ABOUT: Final = f'verified = {TODAY}\nsource = ["https://example.com/facts"]\n'


def _few(layer: Layer) -> Layer:
    """The layer with few of the models: what lint says of a user's file hangs on no others."""
    kept = {key: row for key, row in layer.data.get("model", {}).items() if key in _FEW}
    return replace(layer, data=layer.data | {"model": kept}) if kept else layer


_DEFAULTS: Final = {parse(row["default_model"]).key for row in BUILTIN.table("host").values()}
_FEW: Final = _DEFAULTS | {"claude-opus-4-7", "gpt-4o", "gpt-4.1", next(iter(BUILTIN.table("model")))}
_LAYERS: Final = tuple(map(_few, BUILTIN.layers))
_DATA: Final[dict[str, Any]] = reduce(merge, (layer.data for layer in _LAYERS), {})


def saved(folder: Path, text: str) -> str:
    """The path of a file with this text."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def findings(path: str) -> list[tuple[int, str, str]]:
    """Line, code and message of what lint finds in it."""
    layer = read_layer(path, name=path, kind="overlay")
    rules = RuleSet((*_LAYERS, layer), merge(_DATA, layer.data))
    return [(item.line, item.code, item.message) for item in lint(rules, today=TODAY) if item.file == path]


def refusal(path: Any) -> str:
    """What a compilation says of the file; the command, Python and lint say the same."""
    with pytest.raises(RulesError) as caught:
        smartllm.compile(TextRequest(prompt="x"), model=MODEL, rules=path)
    return str(caught.value)


def with_row(fact: str) -> str:
    """A file whose fourth line states a fact of a model of its own."""
    return f"# Mine.\n[model.claude-opus-77]\n{ROW}\n{fact}\n"
