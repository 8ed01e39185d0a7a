"""A small set of rules that the linter likes, and what is added to it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from smartllm.rules import RuleSet
from smartllm.rules.layer import LayerKind, read_layer
from smartllm.rules.load import merge

TODAY = dt.date(2026, 11, 23)
EVIDENCE = 'verified = 2026-11-01\nsource = ["https://example.com/facts"]\n'
THINKS = 'thinking = { modes = ["budget"] }\neffort.levels = ["low", "high"]\n'
BASE = f"""\
[vendor.acme]
host = "openai"
families = ["rocket"]
latest = "two"

[host.openai]
default_model = "rocket-2"

[profile.base]
{EVIDENCE}endpoints = ["openai_chat"]
structured.native = false
limits = {{ max_output = 20000, context = 30000 }}

[profile.two]
extends = "base"
{EVIDENCE}streaming = false

[model]
rocket-1 = "base"
rocket-2 = "two"
"""


def rules_of(
    tmp_path: Path, text: str, kinds: tuple[LayerKind, LayerKind] = ("overlay", "overlay")
) -> RuleSet:
    layers = []
    for name, content, kind in zip(("base.toml", "extra.toml"), (BASE, text), kinds, strict=True):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        layers.append(read_layer(path, name=name, kind=kind))
    return RuleSet(tuple(layers), merge(layers[0].data, layers[1].data))
