"""The listed models, by maker."""

from __future__ import annotations

import re
from typing import Any, Final

from pages.text import code, head, table, written
from smartllm.cli.models import COLUMNS, describe, row_of
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.rules.names import parse

_NAMES: Final = {
    "openai": "OpenAI",
    "xai": "xAI",
    "deepseek": "DeepSeek",
    "minimax": "MiniMax",
    "nvidia": "NVIDIA",
    "zai": "Z.ai",
    "ai21": "AI21",
}
"""Makers whose names are not their ids with a capital."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_STATES: Final = ("active", "preview", "legacy", "retired")
_SAME: Final = {"thinking", "efforts", "sampling", "structured", "takes", "caching", "max output"}
"""Columns that a line replaces where all their cells are the same."""
_TITLES: Final = (
    ("model", "Model"),
    ("id", "Id"),
    ("host", "Host"),
    ("life", "Life"),
    ("thinking", "Thinking"),
    ("efforts", "Efforts"),
    ("sampling", "Sampling"),
    ("structured", "Native schema"),
    ("takes", "Takes"),
    ("caching", "Caching"),
    ("max output", "Output"),
)


def page() -> str:
    """Every listed model with its main facts, those first that are served longest."""
    rules = load_rules()
    by_maker: dict[str, list[dict[str, Any]]] = {}
    for model in rules.table("model"):
        item = describe(model, rules)
        by_maker.setdefault(item["vendor"], []).append(item)
    lines = [
        *head("Models", wide=True),
        "What the rules say of each model on its first wire; `smartllm explain MODEL` tells the sources.",
        "",
        "The id is the one to call the model by, on each host. Beside text a model takes what stands under",
        "Takes. Caching is `implicit` where long prompts are kept without being asked, and `marks` where a",
        "request can mark what is kept. Of each maker the active models come first, the newest on top, and",
        "retired ones last.",
        "",
        " · ".join(f"[{_name(maker)}](#{maker})" for maker in _sorted(by_maker)),
        "",
    ]
    for maker in _sorted(by_maker):
        lines += _section(maker, by_maker[maker])
    return written(lines)


def _section(maker: str, items: list[dict[str, Any]]) -> list[str]:
    """A maker's models, without columns that say the same of all."""
    newest = sorted(items, key=lambda item: parse(item["model"]).version, reverse=True)
    rows = [_row(item) for item in sorted(newest, key=lambda item: _STATES.index(item["state"]))]
    told = {name for name, _ in _TITLES if len({row[name] for row in rows}) > 1} | {"model", "id", "life"}
    hosts = list(dict.fromkeys(row["host"] for row in rows if row["host"] != "-"))
    lines = [f"## {_name(maker)} {{ #{maker} }}", ""]
    if len(hosts) == 1:
        titles = [host_row(name, load_rules()).title for name in re.split(r", |\n", hosts[0])]
        lines += [f"All on {' and '.join(filter(None, (', '.join(titles[:-1]), titles[-1])))}.", ""]
        told.discard("host")
    shown = [(name, title) for name, title in _TITLES if name in told]
    same = [f"{title.lower()} {code(rows[0][name])}" for name, title in _TITLES if name in _SAME - told]
    same = [text.replace("`-`", "none") for text in same]
    if same:
        lines += [f"Of all: {', '.join(same)}.", ""]
    return [
        *lines,
        *table([title for _, title in shown], ([row[name] for name, _ in shown] for row in rows)),
        "",
    ]


def _sorted(makers: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Makers, those with most models that are served first."""
    return sorted(makers, key=lambda maker: (-sum(one["state"] != "retired" for one in makers[maker]), maker))


def _name(maker: str) -> str:
    return _NAMES.get(maker, maker.capitalize())


def _row(item: dict[str, Any]) -> dict[str, str]:
    cells = dict(zip(COLUMNS, row_of(item), strict=True))
    efforts = cells["efforts"].split()
    if len(efforts) > 2:  # noqa: PLR2004 - a first and a last one
        cells["efforts"] = f"{efforts[0]} … {efforts[-1]}"
    for name in ("model", "id"):
        cells[name] = "\n".join(code(line) for line in cells[name].split("\n") if line != "-") or "-"
    cells["life"] = _DAY.sub(r'<span class="whole">\g<0></span>', cells["life"])
    return {name: cells[name].replace("\n", "<br>") for name, _ in _TITLES}
