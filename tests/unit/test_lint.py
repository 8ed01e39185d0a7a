"""The rules' linter: for each check an example that it must not like and one that it must."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from commands import invoke
from linted import EVIDENCE, TODAY, rules_of

from smartllm.cli import main
from smartllm.rules import load_rules
from smartllm.rules.layer import LayerKind
from smartllm.rules.lint import CHECKS, lint

THINKS = 'thinking = { modes = ["budget"] }\neffort.levels = ["low", "high"]\n'

# code -> (text added to BASE, the line's text that must be pointed at, a piece of the message)
BAD = {
    "R001": ("[profile.x]\nsampling = 'often'\n", "sampling = 'often'", "'always', 'effort-none' or 'never'"),
    "R002": ('[model]\nrocket-3 = "tow"\n', "rocket-3", "did you mean 'two'?"),
    "R003": (
        '[profile.a]\nextends = "b"\n[profile.b]\nextends = "a"\n',
        'extends = "b"',
        "circle: a -> b -> a",
    ),
    "R004": (
        "[model]\nrocket-2 = { profile = 'two', streaming = false }\n",
        "rocket-2",
        "streaming = False is inherited",
    ),
    "R005": ("[model]\n'acme.rocket-1' = 'base'\n", "acme.rocket-1", "write 'rocket-1'"),
    "R006": ("[profile.x]\nextends = 'base'\n", "[profile.x]", "no source and no verified"),
    "R007": ("[profile.two]\nverified = 2025-01-01\n", "verified = 2025-01-01", "over a year old"),
    "R008": (f"[profile.x]\n{EVIDENCE}", "[profile.x]", "'x' is used by nothing"),
    "R009": (
        "[profile.two]\n" + THINKS.replace('"low", "high"', '"high", "low"'),
        "effort.levels",
        "do not rise",
    ),
    "R010": (
        f"[profile.two]\n{THINKS}effort.budgets = {{ low = 2000, high = 1500 }}\n",
        "effort.budgets",
        "do not rise",
    ),
    "R011": ("[profile.two]\nsampling = 'effort-none'\n", "sampling", "needs the level 'none'"),
    "R012": ("[vendor.acme]\nlatest = 'base'\n", "latest = 'base'", "newest listed generation is 2: ['two']"),
    "R013": ("[host.openai]\ndefault_model = 'rocket-9'\n", "default_model = 'rocket-9'", "is not listed"),
    "R014": ("[alias]\nmine = 'rocket-9'\n", "mine", "'rocket-9', which is not listed"),
    "R015": (
        "[model]\nrocket-1 = { profile = 'base', lifecycle = { shutdown = 2026-01-01 } }\n",
        "rocket-1",
        "shut down on 2026-01-01, but is active",
    ),
    "R016": ("[vendor.acme]\nfamilies = ['rocket', 'ship']\n", "families", "'ship' has no listed model"),
    "R018": ("[quota]\nrocket-9 = { concurrency = 2 }\n", "rocket-9", "which is not listed"),
    "R017": ("[profile.two]\nwire.openai_chat = {}\n", "wire.openai_chat", "is empty"),
    "R019": (f"[profile.x]\n{EVIDENCE}", "[profile.x]", "profile.x belongs into a file in profiles/"),
    "R020": (
        "[profile.two]\nstreaming = true\n",
        "[profile.two]",
        "profile.two is defined at base.toml:16 too",
    ),
    "R021": (
        "[profile.two]\ntools.parallel = 'additional'\n",
        "tools.parallel",
        "tools.parallel = 'additional' has no place on this wire",
    ),
}
# Checks of the shipped files: what base.toml and extra.toml are. Elsewhere they are overlays.
SHIPPED: dict[str, tuple[LayerKind, LayerKind]] = {
    "R019": ("overlay", "models"),
    "R020": ("profiles", "profiles"),
}
# Further ways to break a check: code, text, piece of the message.
MORE_BAD = [
    ("R001", "[model]\nrocket-9 = { streaming = true }\n", "'model.rocket-9.profile' is missing"),
    ("R001", "[profile.two]\nendpoints = ['bedrock_invoke']\n", "is called 'anthropic_messages' now"),
    ("R001", "[profile.two.wire.bedrock_invoke]\nsampling = 'never'\n", "is called 'anthropic_messages' now"),
    ("R001", "[host.openai]\nauth = 'sigv4'\n", "unknown key 'host.openai.auth'"),
    ("R001", "[vendor.other]\nhost = 'openai'\n", "'vendor.other.families' is missing"),
    ("R002", "[vendor.acme]\nlatest = 'nowhere'\n", "'nowhere' is not defined"),
    ("R002", "[on.openai.profile.nowhere]\nstreaming = true\n", "'nowhere' is not defined"),
    ("R007", "[profile.two]\nverified = 2027-01-01\n", "in the future"),
    ("R009", f"[profile.two]\n{THINKS}effort.default = 'max'\n", "default 'max' is not among"),
    (
        "R010",
        f"[profile.two]\n{THINKS}effort.budgets = {{ low = 5, high = 2000 }}\n",
        "below the minimum 1024",
    ),
    ("R010", f"[profile.two]\n{THINKS}effort.budgets = {{ low = 2000, high = 20000 }}\n", "leaves nothing"),
    (
        "R011",
        "[profile.two]\nthinking = { modes = ['effort'], default = 'always' }\n",
        "must be 'impossible'",
    ),
    ("R011", "[profile.two]\nthinking = { modes = ['effort'], off = 'impossible' }\n", "must be 'always'"),
    ("R011", "[profile.two]\neffort.levels = ['low']\n", "without thinking modes"),
    ("R011", "[profile.two]\nthinking = { modes = ['effort'], default = 'on' }\n", "a way to say off"),
    ("R011", "[profile.two]\nlimits = { min_output = 9, max_output = 8 }\n", "below min_output"),
    ("R011", "[profile.two]\nlimits.max_output = 40000\n", "above the context window"),
    ("R011", "[profile.two]\nexclusive = [['temperature', 'top_k']]\n", "exclusive pair"),
    ("R011", "[profile.two]\nstructured.prefer = 'native'\n", "no native structured output"),
    ("R011", "[profile.two]\ntools.functions = 'never'\n", "a tool can be forced, but"),
    (
        "R011",
        "[profile.two]\ntools = { functions = 'never', strict = 'accepted' }\n",
        "have a strict key, but",
    ),
    (
        "R011",
        "[profile.two]\ntools = { functions = 'never', parallel = 'field' }\n",
        "can be switched off, but",
    ),
    ("R011", "[profile.two]\ntools.forced = 'skips-thinking'\n", "the model does not think"),
    ("R011", "[profile.two]\ntools.forced = 'unless-thinking'\n", "the model does not think"),
    ("R011", "[profile.two]\ntools.functions = 'effort-none'\n", "tools at effort none"),
    ("R011", "[profile.two]\ntools.forced = 'effort-none'\n", "tools at effort none"),
    ("R011", "[profile.two]\ntools = { some = 'choice', choice = 'any' }\n", "cannot name one"),
    ("R011", "[profile.two]\ntools.buffered = true\n", "no request with tools is streamed"),
    (
        "R011",
        "[profile.two]\nstreaming = true\ntools = { buffered = true, streaming = false }\n",
        "is streamed",
    ),
    ("R011", "[profile.two]\ntools.unbuffered_by = 'a-beta'\n", "but nothing is"),
    ("R011", "[profile.two]\ncalls.results = ['image']\n", "must be able to hold text"),
    ("R011", "[profile.two]\ncarry.reasoning = 'items'\n", "does not reason"),
    ("R011", f"[profile.two]\n{THINKS}carry.leads = true\n", "none goes back or"),
    (
        "R011",
        "[profile.two]\nthinking.modes = ['adaptive']\ncarry = { reasoning = 'signed', leads = true }\n",
        "thinking has no budget",
    ),
    ("R011", f"[profile.two]\n{THINKS}carry.prefix = true\n", "no signed reasoning goes back"),
    ("R011", f"[profile.two]\n{THINKS}carry.include = true\n", "no reasoning items go back"),
    ("R021", "[profile.two]\ntools.none = 'additional'\n", "no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'items'\n", "'items' has no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'signed'\n", "'signed' has no place on this wire"),
    ("R021", f"[profile.two]\n{THINKS}carry.reasoning = 'sealed'\n", "'sealed' has no place on this wire"),
    (
        "R021",
        (
            "[profile.two]\nendpoints = ['bedrock_converse']\n"
            "tools = { none = 'choice', some = 'choice', parallel = 'choice' }\n"
        ),
        "rocket-2 on bedrock_converse: tools.some = 'choice' has no place on this wire",
    ),
    (
        "R013",
        "[model]\nrocket-2 = { profile = 'two', lifecycle = { shutdown = 2027-01-01 } }\n",
        "shuts down on 2027-01-01",
    ),
    ("R005", "[model]\n'xy.unheard-of' = 'base'\n", "write 'unheard-of'"),
    ("R014", "[alias]\nrocket-1 = 'rocket-2'\n", "hides the listed model"),
    (
        "R015",
        "[profile.two]\nlifecycle = { state = 'retired', shutdown = 2027-01-01 }\n",
        "retired, but shuts down only on",
    ),
    (
        "R015",
        "[model]\nrocket-1 = { profile = 'base', lifecycle = { successor = 'rocket-9' } }\n",
        "is not listed",
    ),
    (
        "R015",
        (
            "[model.rocket-1]\nprofile = 'base'\n"
            "lifecycle = { shutdown = 2027-09-01, successor = 'rocket-2' }\n"
            "[model.rocket-2]\nprofile = 'two'\nlifecycle = { shutdown = 2027-06-01 }\n"
        ),
        "no later than rocket-1",
    ),
    ("R016", "[model]\ncar-1 = 'base'\n", "family 'car' of car-1 belongs to no vendor"),
    ("R016", "[vendor.other]\nhost = 'openai'\nfamilies = ['rocket']\nlatest = 'two'\n", "more than once"),
]
GOOD = {
    "R004": "[model]\nrocket-2 = { profile = 'two', limits.max_output = 9000 }\n",
    "R005": "[model]\nrocket-1-20260101 = { profile = 'base', limits.max_output = 10 }\n",
    "R007": "[profile.two]\nverified = 2025-11-24\n",
    "R009": f"[profile.two]\n{THINKS}effort.default = 'high'\n",
    "R010": f"[profile.two]\n{THINKS}effort.budgets = {{ low = 1024, high = 2000 }}\n",
    "R011": "[profile.two]\nthinking = { modes = ['effort'], default = 'always', off = 'impossible' }\n",
    "R013": "[model]\nrocket-2 = { profile = 'two', lifecycle = { shutdown = 2027-06-01 } }\n",
    "R014": "[alias]\nmine = 'acme.rocket-1'\n",
    "R015": "[model.rocket-1]\nprofile='base'\n"
    "lifecycle = { shutdown = 2027-06-01, successor = 'rocket-2' }\n",
    "R018": "[quota]\nrocket-1 = { requests_per_minute = 60 }\n",
    "R017": "[profile.two]\nwire.openai_chat.limits.min_output = 2\n",
    "R021": (
        "[profile.two]\nendpoints = ['bedrock_converse', 'openai_chat']\nstreaming = true\n"
        "tools = { none = 'choice', some = 'choice', parallel = 'field' }\n"
        "wire.bedrock_converse.tools = { none = 'additional', some = 'omit', parallel = 'additional' }\n"
    ),
    "R002": "[on.openai.model.rocket-1]\nlimits.context = 50000\n",
}


def test_the_base_of_these_examples_is_clean(tmp_path: Path) -> None:
    assert lint(rules_of(tmp_path, ""), today=TODAY) == []


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_bad(code: str, tmp_path: Path) -> None:
    text, line, message = BAD[code]
    rules = rules_of(tmp_path, text, SHIPPED.get(code, ("overlay", "overlay")))
    found = [item for item in lint(rules, today=TODAY) if item.code == code]
    assert found, f"{code} found nothing"
    first = found[0]
    assert first.file == "extra.toml"
    assert line in text.splitlines()[first.line - 1]
    assert message in first.message
    assert str(first) == f"extra.toml:{first.line}: {code} {first.message}"


@pytest.mark.parametrize(("code", "text", "message"), MORE_BAD)
def test_more_bad(code: str, text: str, message: str, tmp_path: Path) -> None:
    found = [item for item in lint(rules_of(tmp_path, text), today=TODAY) if item.code == code]
    assert any(message in item.message for item in found), found


@pytest.mark.parametrize("code", sorted(GOOD))
def test_good(code: str, tmp_path: Path) -> None:
    assert lint(rules_of(tmp_path, GOOD[code]), today=TODAY) == []


def test_every_check_has_a_title() -> None:
    assert all(item.title.endswith(".") and item.code == code for code, item in CHECKS.items())
    assert list(CHECKS) == sorted(CHECKS) == sorted(BAD)


def test_the_shipped_rules_are_clean() -> None:
    today = dt.datetime.now(dt.UTC).date()
    assert [str(item) for item in lint(load_rules(), today=today)] == []


class TestCommand:
    def test_the_shipped_rules(self) -> None:
        result, files = invoke(main, ["lint"]), len(load_rules().layers)
        assert (result.exit_code, result.stdout, result.stderr) == (
            0,
            "",
            f"no findings in {files} file(s)\n",
        )

    def test_an_overlay_with_a_finding(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('[model]\nclaude-opus-9 = "claude-9"\n')
        result = invoke(main, ["lint", str(path)])
        assert result.exit_code == 1
        assert result.stdout.startswith(f"{path}:2: R002 profile 'claude-9' is not defined; did you mean")
        assert result.stderr == "1 finding in 1 file(s)\n"
        as_json = json.loads(invoke(main, ["lint", "--json", str(path)]).stdout)
        assert as_json[0]["line"] == 2

    def test_facts_on_a_host_that_is_not_the_models_usual_one(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('[on.bedrock.profile."gpt-5.6".wire.bedrock_converse]\ntools.parallel = "field"\n')
        found = invoke(main, ["lint", str(path)]).stdout.splitlines()
        assert (
            f"{path}:2: R021 gpt-5.6 on bedrock_converse: tools.parallel = 'field' has no place on this wire"
            in found
        )
        assert not [line for line in found if "openai_" in line]

    def test_a_wrong_shape_is_a_finding(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text("[modle]\nx = 1\n")
        result = invoke(main, ["lint", str(path)])
        assert (result.exit_code, result.stdout) == (
            1,
            f"{path}:1: R001 unknown key 'modle'; did you mean 'model'?\n",
        )

    def test_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text("[[[")
        for name in ("mine.toml", "nowhere.toml"):
            result = invoke(main, ["lint", str(tmp_path / name)])
            assert (result.exit_code, result.stdout) == (2, "")
            assert f"{name}:1: " in result.stderr

    def test_the_catalogue(self) -> None:
        result = invoke(main, ["lint", "--list"])
        assert len(result.stdout.splitlines()) == len(CHECKS)
        assert result.stdout.startswith("R001  ")
