"""No fact without evidence of its own, and no page shown for another fact."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from smartllm.rules import RuleSet, Target, load_rules, resolve, target_for
from smartllm.rules.evidence import evidence_pages
from smartllm.rules.facts import stated_facts
from smartllm.rules.layer import Layer, LayerKind
from smartllm.rules.life import hosts_of
from smartllm.rules.load import merge
from smartllm.rules.target import endpoints

BUILTIN = load_rules()
META = {"extends", "profile", "verified", "source", "quirk", "evidence"}
MODEL, PROFILE = "claude-sonnet-4-6", "claude-4.6"


@dataclass(frozen=True)
class Stated:
    """A fact as one row of one file states it, found without the code that is tested."""

    value: Any
    layer: Layer
    row: dict[str, Any]
    keys: tuple[str, ...]

    @property
    def entry(self) -> dict[str, Any]:
        table = self.row.get("evidence", {})
        named = [name for name in table if self.keys[: name.count(".") + 1] == tuple(name.split("."))]
        entry: dict[str, Any] = table[max(named, key=len)] if named else {}
        return entry

    def evidence(self, rules: RuleSet) -> tuple[dt.date | None, tuple[str, ...], str | None]:
        pages = self.entry.get("source") or self.row.get("source", [])
        shown = tuple(page if ":" in page else self.page(page, rules) for page in pages)
        return self.entry.get("verified", self.row.get("verified")), shown, self.entry.get("disputed")

    def page(self, name: str, rules: RuleSet) -> str:
        """By what this file and those before it call it; a shipped file knows no user's."""
        known: dict[str, str] = {}
        for layer in rules.layers:
            if layer.kind == "overlay" and self.layer.kind != "overlay":
                break
            known |= layer.data.get("page", {})
            if layer is self.layer and layer.kind == "overlay":
                break
        return known.get(name, name)


def leaves(node: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*at, key))
    else:
        yield at, node


def stated_of(target: Target) -> dict[str, Stated]:
    """Every fact that rows state, the last word of each: by wire, by row, by file."""
    found: dict[bool, dict[str, Stated]] = {False: {}, True: {}}
    for path in target.chain:
        here: dict[bool, dict[str, Stated]] = {False: {}, True: {}}
        for layer in target.rules.layers:
            row: Any = layer.data
            for key in path:
                row = row.get(key, {}) if isinstance(row, dict) else {}
            if isinstance(row, str):  # a profile's name in place of the row
                here = {False: {}, True: {}}
                continue
            for keys, value in leaves({key: value for key, value in row.items() if key not in META}):
                wired = keys[:2] == ("wire", target.dialect)
                if wired or keys[0] != "wire":
                    fact = ".".join(keys[2:] if wired else keys)
                    here[wired][fact] = Stated(value, layer, row, keys)
        for wired, facts in here.items():
            found[wired] |= facts
    return found[False] | found[True]


def assert_told(target: Target) -> None:
    """Each fact is told with the row that states it, and the evidence that this row gives for it."""
    stated = stated_of(target)
    for fact in stated_facts(target):
        origin, one = fact.origin, stated.pop(fact.path, None)
        if one is None:
            assert (origin.kind, origin.source, origin.verified) == ("default", (), None), fact.path
            continue
        assert fact.value == json.loads(json.dumps(one.value, default=str)), fact.path
        assert origin.file == one.layer.name
        assert (origin.verified, origin.source, origin.disputed) == one.evidence(target.rules), fact.path
    assert all(isinstance(one.value, dict) for one in stated.values()), stated


def targets(rules: RuleSet, model: str) -> Iterator[Target]:
    found = resolve(model, rules)
    for host in hosts_of(found, rules):
        for wire in endpoints(found, host, rules):
            yield target_for(found, host, wire, rules)


def representatives() -> list[str]:
    """Every model whose row states facts, and one of each profile on each host."""
    rows, chosen = BUILTIN.table("model"), []
    seen: set[tuple[tuple[str, ...], ...]] = set()
    for model, row in rows.items():
        chains = {target.chain[:-1] for target in targets(BUILTIN, model)}
        if isinstance(row, dict) or not chains <= seen:
            chosen.append(model)
        seen |= chains
    return chosen


def test_each_fact_of_the_table_is_told_with_its_own_evidence() -> None:
    for model in representatives():
        for target in targets(BUILTIN, model):
            assert_told(target)


FACTS: list[tuple[str, str]] = [
    ("limits.max_output", "777"),
    ("limits", "{ max_output = 778, context = 99999 }"),
    ("sampling", "'never'"),
    ("input.image.sources", "['data']"),
    ("lifecycle.successor", "'claude-opus-5-5'"),
    ("effort.budgets.low", "1500"),
    ("wire.bedrock_converse.limits.max_output", "779"),
    ("wire.anthropic_messages.input.image.sources", "[]"),
]
NAMED = [
    *(path for path, _ in FACTS),
    "input",
    "input.image",
    "wire",
    "wire.bedrock_converse",
    "effort",
    "caching",
]
ROWS = [
    f"profile.'{PROFILE}'",
    "profile.claude-3",
    f"model.{MODEL}",
    f"on.bedrock.profile.'{PROFILE}'",
    f"on.bedrock.model.{MODEL}",
]
SOURCES = st.sampled_from(
    [[], ["https://one.example"], ["https://two.example", "card"], ["measured"], ["card"]]
)
DAYS = st.sampled_from([None, "2026-11-01", "2026-11-02"])


@st.composite
def overlays(draw: st.DrawFn) -> str:
    """A user's file: some rows with some facts, and evidence for some of them, or for none, or for others."""
    lines = [f"[page]\ncard = 'https://{draw(st.sampled_from('xy'))}.example'"] if draw(st.booleans()) else []
    for row in draw(st.lists(st.sampled_from(ROWS), unique=True, max_size=4)):
        if row.startswith("model") and draw(st.booleans()):
            lines.append(f"[model]\n{MODEL} = '{PROFILE}'")
            continue
        lines.append(f"[{row}]")
        facts = draw(st.lists(st.sampled_from(FACTS), unique_by=lambda one: one[0].split(".")[0], max_size=3))
        lines += [f"{path} = {value}" for path, value in facts]
        lines += evidence(draw, "")
        for named in draw(st.lists(st.sampled_from(NAMED), unique=True, max_size=3)):
            lines += [*evidence(draw, f"evidence.'{named}'.")]
            lines += [f"evidence.'{named}'.disputed = 'one says {named}'"] if draw(st.booleans()) else []
    return "\n".join(lines) + "\n"


def evidence(draw: st.DrawFn, at: str) -> Iterator[str]:
    day, pages = draw(DAYS), draw(SOURCES)
    if day:
        yield f"{at}verified = {day}"
    if pages:
        yield f"{at}source = {pages}"


def with_overlays(*texts: str) -> RuleSet:
    data, layers = BUILTIN.data, [*BUILTIN.layers]
    for number, text in enumerate(texts):
        layers.append(Layer(f"mine{number}.toml", text, tomli.loads(text), "overlay"))
        data = merge(data, layers[-1].data)
    return RuleSet(tuple(layers), data)


@settings(deadline=None)
@given(st.lists(overlays(), min_size=1, max_size=3))
def test_each_fact_of_overlays_too(texts: list[str]) -> None:
    rules = with_overlays(*texts)
    for target in targets(rules, MODEL):
        assert_told(target)


def origin_of(rules: RuleSet, model: str, fact: str) -> Any:
    return next(targets(rules, model)).origin(fact)


class TestPages:
    def test_all_of_them_count_once_by_their_address(self) -> None:
        new = evidence_pages(
            with_overlays(
                "[page]\ncard = 'https://card.example'\n"
                f"[model.{MODEL}]\nlimits.max_output = 5\n"
                "source = ['card', 'https://one.example', 'measured']\n"
                "evidence.limits.source = ['https://card.example', 'https://two.example']\n"
                "[retired]\nold = { vendor = 'openai', source = ['https://three.example'] }\n"
            )
        ) - evidence_pages(BUILTIN)
        assert new == {f"https://{name}.example" for name in ("card", "one", "two", "three")}

    def test_a_name_means_what_the_shipped_files_say_whatever_a_user_calls_so(self, tmp_path: Path) -> None:
        shipped = tmp_path / "shipped.toml"
        shipped.write_text(
            "[page]\ncard = 'https://ours.example'\n"
            "[profile.base]\nendpoints = ['openai_chat']\nsource = ['card']\n[model]\ngpt-4o = 'base'\n"
            "[vendor.acme]\nhost = 'openai'\nfamilies = ['gpt-4o']\nlatest = 'base'\n[host.openai]\n"
        )
        ours = Layer("ours.toml", shipped.read_text(), tomli.loads(shipped.read_text()), "profiles")
        text = "[page]\ncard = 'https://mine.example'\n"
        text += "[model]\ngpt-4o = { streaming = false, source = ['card'] }\n"
        mine = Layer("mine.toml", text, tomli.loads(text), "overlay")
        text = "[page]\ncard = 'https://theirs.example'\n"
        theirs = Layer("theirs.toml", text, tomli.loads(text), "overlay")
        rules = RuleSet((ours, mine, theirs), merge(merge(ours.data, mine.data), theirs.data))
        assert origin_of(rules, "gpt-4o", "endpoints").source == ("https://ours.example",)
        assert origin_of(rules, "gpt-4o", "streaming").source == ("https://mine.example",)

    def test_a_page_of_another_file_counts_for_a_user(self) -> None:
        rules = with_overlays(
            "[page]\ncard = 'https://first.example'\n",
            f"[model]\n{MODEL} = {{ limits.max_output = 5, source = ['card', 'nowhere', 'measured'] }}\n",
        )
        source = origin_of(rules, MODEL, "limits.max_output").source
        assert source == ("https://first.example", "nowhere", "measured")


def test_a_page_is_found_in_whichever_shipped_file_names_it_and_in_no_users() -> None:
    def layer(kind: LayerKind, text: str) -> Layer:
        return Layer(kind, text, tomli.loads(text), kind)

    rows, pages = layer("models", ""), layer("profiles", "[page]\ncard = 'https://ours.example'\n")
    mine = layer("overlay", "[page]\ncard = 'https://mine.example'\n[quota.x]\nrpm = 1\n")
    rules = RuleSet((rows, pages, mine), merge(pages.data, mine.data))
    assert [rules.address("card", one) for one in rules.layers] == [
        "https://ours.example",
        "https://ours.example",
        "https://mine.example",
    ]
    mine.data["page"]["own"] = "https://own.example"
    assert [rules.address("own", one) for one in rules.layers] == ["own", "own", "https://own.example"]
    assert rules.place(("quota",)) == ("overlay", 3)
    assert rules.layer_of(("page",)) is mine
    assert rules.layer_of(("model",)) is None
