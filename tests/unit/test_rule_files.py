"""The shipped rules are several files: which holds what, and that everything names its own."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

import smartllm
from smartllm.rules import RuleSet, load_rules, resolve, served_on, target_for
from smartllm.rules.facts import stated_facts
from smartllm.rules.layer import Layer, LayerKind, read_layer
from smartllm.rules.lint import Finding, lint
from smartllm.rules.load import merge

BUILTIN = load_rules()
PACKAGE = Path(smartllm.__file__).parent
MODELS, *OTHERS = BUILTIN.layers
PAGES, RETIRED, SERVERS, HOSTS, PROFILES = (
    [layer for layer in OTHERS if layer.kind == kind]
    for kind in ("pages", "retired", "servers", "hosts", "profiles")
)
OF_SERVERS = "smartllm/rules/profiles/servers.toml"
TODAY = dt.datetime.now(dt.UTC).date()


def test_models_pages_and_retired_ids_have_a_file_each_hosts_and_vendors_profiles_one_each() -> None:
    assert (MODELS.name, MODELS.kind) == ("smartllm/rules/models.toml", "models")
    assert [*PAGES, *RETIRED, *SERVERS, *HOSTS, *PROFILES] == OTHERS
    assert [layer.name for layer in PAGES] == ["smartllm/rules/pages.toml"]
    assert [layer.name for layer in RETIRED] == ["smartllm/rules/retired.toml"]
    assert [layer.name for layer in SERVERS] == ["smartllm/rules/servers.toml"]
    hosts = {f"smartllm/rules/hosts/{host}.toml" for host in BUILTIN.table("host")}
    assert {layer.name for layer in HOSTS} == hosts
    names = {layer.name for layer in PROFILES}
    vendors = {f"smartllm/rules/profiles/{vendor}.toml" for vendor in BUILTIN.table("vendor")}
    assert names == vendors | {"smartllm/rules/profiles/shared.toml", OF_SERVERS}


def test_all_of_them_count() -> None:
    files = set((PACKAGE / "rules").rglob("*.toml"))
    assert files == {PACKAGE.parent / layer.name for layer in BUILTIN.layers}


def test_editors_find_the_schema_of_each() -> None:
    for layer in BUILTIN.layers:
        word, schema = layer.text.splitlines()[0].split()
        assert word == "#:schema"
        path = PACKAGE.parent / layer.name
        assert (path.parent / schema).resolve() == PACKAGE / "rules" / "models.schema.json"


def test_every_origin_points_into_its_file() -> None:
    files = {layer.name: layer.text.splitlines() for layer in BUILTIN.layers}
    seen = set()
    for model in BUILTIN.table("model"):
        found = resolve(model, BUILTIN)
        wires = [(host, wire) for host in BUILTIN.table("host") for wire in served_on(found, host, BUILTIN)]
        for host, wire in wires:
            for fact in stated_facts(target_for(found, host, wire, BUILTIN)):
                origin = fact.origin
                if origin.file is not None and origin.line is not None:
                    line = files[origin.file][origin.line - 1]
                    # A model's row is one line; a fact of a profile stands where a word of its path does.
                    assert model in line or set(fact.path.split(".")) & set(re.findall(r"\w+", line))
                    seen.add(origin.file)
    stating = (layer for layer in HOSTS if "on" in layer.data)
    assert seen == {layer.name for layer in (MODELS, *stating, *PROFILES)} - {OF_SERVERS}


def test_a_finding_about_a_missing_key_stands_at_its_row() -> None:
    """Not in the last of the files, which has nothing to do with it."""
    data = MODELS.data | {"host": MODELS.data["host"] | {"bedrock": {"concurrency": 1}}}
    rules = RuleSet(
        (Layer(MODELS.name, MODELS.text, data, MODELS.kind), *OTHERS),
        BUILTIN.data | {"host": data["host"]},
    )
    (found,) = [item for item in lint(rules, today=TODAY) if item.code == "R013"]
    (row,) = [layer for layer in HOSTS if layer.name.endswith("/bedrock.toml")]
    assert found.file == row.name
    assert row.text.splitlines()[found.line - 1] == "[host.bedrock]"


class TestSplit:
    """Lint holds which file has what."""

    ROWS = (
        "[vendor.other]\nhost = 'openai'\nfamilies = ['car']\nlatest = 'gpt-4o'\n"
        "[host.openai]\ndefault_model = 'gpt-4o'\n"
        "[model]\ncar-1 = 'gpt-4o'\n"
        "[alias]\nmine = 'car-1'\n"
        "[quota]\ncar-1 = { concurrency = 2 }\n"
    )
    HOSTS = "[host.openai]\nconcurrency = 3\n[on.openai.model.gpt-4o]\nstreaming = true\n"
    PAGES = "[page]\na-page = 'https://example.com/a'\n"
    RETIRED = "[retired]\ncar-0 = { vendor = 'openai' }\n"
    PROFILES = "[profile.x]\nextends = 'base'\n[on.openai.profile.gpt-4o]\nstreaming = true\n"

    @staticmethod
    def findings(tmp_path: Path, code: str, text: str, kind: LayerKind) -> list[Finding]:
        path = tmp_path / "more.toml"
        path.write_text(text)
        layer = read_layer(path, name="more.toml", kind=kind)
        rules = RuleSet((*BUILTIN.layers, layer), merge(BUILTIN.data, layer.data))
        return [item for item in lint(rules, today=TODAY) if item.code == code]

    @pytest.mark.parametrize(
        ("kind", "text", "wrong"),
        [
            ("models", ROWS, []),
            ("hosts", HOSTS, []),
            ("profiles", PROFILES, []),
            ("pages", PAGES, []),
            ("retired", RETIRED, []),
            ("overlay", ROWS + PAGES + RETIRED + PROFILES, []),
            (
                "models",
                PAGES + RETIRED,
                [
                    "more.toml:2: R019 page.a-page belongs into pages.toml",
                    "more.toml:4: R019 retired.car-0 belongs into retired.toml",
                ],
            ),
            ("pages", RETIRED, ["more.toml:2: R019 retired.car-0 belongs into retired.toml"]),
            (
                "profiles",
                ROWS,
                [
                    "more.toml:1: R019 vendor.other belongs into models.toml",
                    "more.toml:5: R019 host.openai belongs into a file in hosts/",
                    "more.toml:8: R019 model.car-1 belongs into models.toml",
                    "more.toml:10: R019 alias.mine belongs into models.toml",
                    "more.toml:12: R019 quota.car-1 belongs into models.toml",
                ],
            ),
            (
                "models",
                HOSTS,
                ["more.toml:3: R019 on.openai.model.gpt-4o belongs into a file in hosts/"],
            ),
            (
                "models",
                PROFILES,
                [
                    "more.toml:1: R019 profile.x belongs into a file in profiles/",
                    "more.toml:3: R019 on.openai.profile.gpt-4o belongs into a file in profiles/",
                ],
            ),
        ],
    )
    def test_profiles_stand_apart(self, kind: LayerKind, text: str, wrong: list[str], tmp_path: Path) -> None:
        assert [str(item) for item in self.findings(tmp_path, "R019", text, kind)] == wrong

    @pytest.mark.parametrize(("kind", "count"), [("profiles", 2), ("models", 2), ("overlay", 0)])
    def test_a_profile_stands_once(self, kind: LayerKind, count: int, tmp_path: Path) -> None:
        text = (
            "[profile.claude-3]\nstreaming = true\n[profile.x]\nextends = 'base'\n"
            "[model]\ngpt-4o = 'gpt-4'\n[on.bedrock.profile.gpt-oss]\nstreaming = true\n"
        )
        found = self.findings(tmp_path, "R020", text, kind)
        assert [(item.file, item.line) for item in found] == [("more.toml", 1), ("more.toml", 7)][:count]
        if found:
            shared = next(layer for layer in PROFILES if "claude-3" in layer.data["profile"])
            assert found[0].message.endswith(f"at {shared.where(('profile', 'claude-3'))} too")
