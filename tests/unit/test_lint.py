"""The rules' linter: for each check an example that it must not like and one that it must."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from linted import EVIDENCE, THINKS, TODAY, rules_of

from smartllm.rules import load_rules
from smartllm.rules.layer import LayerKind
from smartllm.rules.lint import CHECKS, lint

PAGES = [f"https://example.com/{number}" for number in range(5)]

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
    "R006": (
        "[profile.x]\nextends = 'base'\nstreaming = false\nlimits.context = 9\n",
        "streaming = false",
        "'x' has no source and no verified for streaming, limits.context; write verified = ",
    ),
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
        'rocket-1 on openai: shut down on 2026-01-01, but active; write state = "retired"',
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
    "R022": (
        f"[profile.two]\nstreaming = false\nlimits.context = 25000\nsource = {PAGES}\n",
        "source = ",
        '5 pages for facts of 2 groups; say which speaks of what, as in evidence."streaming" = ',
    ),
    "R024": (
        "[profile.two]\nsource = ['card']\n",
        "source = ['card']",
        "page 'card' is not defined; write its",
    ),
    "R025": (
        "[profile.two]\nevidence.streming = { source = ['https://example.com'] }\nstreaming = false\n",
        "evidence.streming",
        "evidence for 'streming', which this row does not state; did you mean 'streaming'?",
    ),
    "R026": (
        "[model]\nrocket-3 = 'two'\n[on.openai.model]\nrocket-1 = { ids.name = 'one' }\n",
        "rocket-3",
        "how openai is called for 'rocket-3' is not said; write [on.openai.model.rocket-3] with ids = ",
    ),
    "R027": (
        "[retired]\nrocket-0 = { vendor = 'acme', successor = 'rocket-9' }\n",
        "rocket-0",
        "has as its successor 'rocket-9', which is not listed",
    ),
    "R021": (
        "[profile.two]\ntools.parallel = 'additional'\n",
        "tools.parallel",
        "tools.parallel = 'additional' has no place on this wire",
    ),
    "R023": (
        "[host.openai]\ncompatible = 'two'\n",
        "compatible",
        "'two', which has no wire that openai speaks",
    ),
    "R029": (
        "[server.one]\nprofile = 'two'\nports = [1]\n[server.other]\nprofile = 'two'\nports = [2, 1]\n",
        "ports = [2, 1]",
        "1 tells 'one' already, which comes first",
    ),
}
# Checks of the shipped files: what base.toml and extra.toml are. Elsewhere they are overlays.
SHIPPED: dict[str, tuple[LayerKind, LayerKind]] = {
    "R019": ("overlay", "models"),
    "R020": ("profiles", "profiles"),
    "R026": ("overlay", "models"),
}
# Further ways to break a check: code, text, piece of the message.
MORE_BAD = [
    (
        "R029",
        "[server.one]\nprofile = 'two'\n[server.one.models]\n'a*' = 'two'\n'ab*' = 'two'\n",
        "'ab*' is never reached: 'a*' stands before it and fits too",
    ),
    (
        "R002",
        "[host.openai]\ncompatible = 'one'\n[server.one]\nprofile = 'nobody'\n",
        "'nobody' is not defined",
    ),
    ("R001", "[model]\nrocket-9 = { streaming = true }\n", "'model.rocket-9.profile' is missing"),
    ("R001", "[profile.two]\nendpoints = ['bedrock_invoke']\n", "is called 'anthropic_messages' now"),
    ("R001", "[profile.two.wire.bedrock_invoke]\nsampling = 'never'\n", "is called 'anthropic_messages' now"),
    ("R001", "[host.openai]\nauth = 'sigv4'\n", "unknown key 'host.openai.auth'"),
    ("R001", "[vendor.other]\nhost = 'openai'\n", "'vendor.other.families' is missing"),
    ("R002", "[vendor.acme]\nlatest = 'nowhere'\n", "'nowhere' is not defined"),
    ("R002", "[on.openai.profile.nowhere]\nstreaming = true\n", "'nowhere' is not defined"),
    ("R007", "[profile.two]\nverified = 2027-01-01\n", "in the future"),
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
        "rocket-1 on openai: successor 'rocket-2' shuts down on 2027-06-01, no later than it",
    ),
    (
        "R016",
        f"[profile.lone]\n{EVIDENCE}[model]\ncar-1 = 'lone'\n",
        "family 'car' of car-1 belongs to no vendor",
    ),
    (
        "R016",
        "[vendor.other]\nhost = 'openai'\nfamilies = []\nlatest = 'two'\n",
        "vendor 'other' has no families, so no id belongs to it",
    ),
    ("R016", "[vendor.other]\nhost = 'openai'\nfamilies = ['rocket']\nlatest = 'two'\n", "more than once"),
]
SHOWN = "verified = 2026-11-01, source = ['https://example.com']"
GOOD = {
    "R004": (
        f"[model]\nrocket-2 = {{ profile = 'two', limits.max_output = 9000, streaming = false, {SHOWN}, "
        "evidence.streaming = { disputed = 'One page has streams, another none: none is asked for.' } }\n"
    ),
    "R005": f"[model]\nrocket-1-20260101 = {{ profile = 'base', limits.max_output = 10, {SHOWN} }}\n",
    "R006": "[model]\nrocket-3 = 'two'\n",
    "R007": "[profile.two]\nverified = 2025-11-23\n",
    "R009": (
        f"[profile.two]\n{EVIDENCE}thinking = {{ modes = ['effort'] }}\neffort.levels = ['low', 'high']\n"
        "effort.budgets = { low = 1024, high = 2000 }\neffort.default = 'high'\n"
    ),
    "R010": (
        f"[profile.two]\n{EVIDENCE}endpoints = ['anthropic_messages']\n{THINKS}"
        "effort.budgets = { low = 1024, high = 2000 }\n"
    ),
    "R011": (
        f"[profile.two]\n{EVIDENCE}"
        "thinking = { modes = ['effort'], default = 'always', off = 'impossible' }\n"
    ),
    "R013": (
        f"[model]\nrocket-2 = {{ profile = 'two', {SHOWN}, "
        "lifecycle = { state = 'legacy', shutdown = 2027-06-01 } }\n"
    ),
    "R014": "[alias]\nmine = 'acme.rocket-1'\n",
    "R015": (
        f"[model.rocket-1]\nprofile='base'\n{EVIDENCE}lifecycle = {{ state = 'legacy', legacy = 2026-10-01, "
        "shutdown = 2027-06-01, not_before = 2027-06-01, successor = 'rocket-2' }\n"
    ),
    "R018": "[quota]\nrocket-1 = { requests_per_minute = 60 }\n",
    "R017": f"[profile.two]\n{EVIDENCE}wire.openai_chat.limits.min_output = 2\n",
    "R021": (
        f"[profile.two]\n{EVIDENCE}endpoints = ['bedrock_converse', 'openai_chat']\nstreaming = true\n"
        "tools = { none = 'choice', some = 'choice', parallel = 'field' }\n"
        "wire.bedrock_converse.tools = { none = 'additional', some = 'omit', parallel = 'additional' }\n"
        "wire.bedrock_converse.limits.field = 'inferenceConfig.maxTokens'\n"
    ),
    "R002": f"[on.openai.model.rocket-1]\n{EVIDENCE}limits.context = 50000\n",
    "R022": (
        f"[profile.two]\nverified = 2026-11-01\nstreaming = false\nlimits.context = 25000\nsource = {PAGES}\n"
        "evidence.limits = { source = ['https://example.com'] }\n"
    ),
    "R024": (
        "[page]\ncard = 'https://example.com/card'\n"
        "[profile.two]\nverified = 2026-11-01\nsource = ['card', 'measured']\nstreaming = false\n"
    ),
    "R027": (
        "[retired.rocket-0]\nvendor = 'acme'\nsuccessor = 'rocket-2'\n"
        "verified = 2026-11-01\nsource = ['measured']\n"
    ),
    "R025": (
        "[profile.two]\nverified = 2026-11-01\nlimits.context = 25000\nstreaming = false\n"
        "evidence.limits = { source = ['https://example.com'], disputed = 'one says this' }\n"
        "evidence.streaming.source = ['https://example.com']\n"
    ),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[retired]\nrocket-1 = { vendor = 'acme' }\n", "has a row of facts"),
        ("[retired]\nrocket-0 = { vendor = 'nobody' }\n", "vendor 'nobody' of 'rocket-0' is not defined"),
        ("[on.bedrock.model.rocket-1.ids]\nname = 'acme.rocket-2'\n", "gets 'rocket-2'"),
        ("[on.bedrock.model.rocket-1.ids]\nname = 'us.acme.rocket-1'\n", "is no name of rocket-1"),
        ("[on.bedrock.model.rocket-1.ids]\nname = '../rocket-1'\n", "is no name of rocket-1"),
        ("[on.bedrock.model.rocket-1.ids]\nname = 'acme.rocket-1-v1:0'\n", ""),
    ],
    ids=["row", "vendor", "other", "prefixed", "path", "right"],
)
def test_names_lead_to_their_rows(text: str, message: str, tmp_path: Path) -> None:
    rules = rules_of(tmp_path, text)
    found = [one.message for one in lint(rules, today=TODAY) if one.code in {"R005", "R027"}]
    assert [message in one for one in found] == [True] * bool(message)
