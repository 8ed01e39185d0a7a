"""What an unlisted id takes: the newest generation only if it can be nothing else, and nothing retired."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from model_ids import RULES, over

import smartllm
from smartllm import TextRequest
from smartllm.errors import SmartLLMError, UnknownModelError
from smartllm.rules import Resolution, RuleSet, resolve
from smartllm.rules.inference import vendor_of
from smartllm.rules.names import ModelName, parse

LISTED = sorted(RULES.table("model"))
VENDORS = RULES.table("vendor")


def found(model: str, rules: RuleSet = RULES) -> Resolution | None:
    try:
        return resolve(model, rules)
    except UnknownModelError:
        return None


def newest(vendor: str, rules: RuleSet = RULES) -> tuple[int, ...]:
    """The newest version that a vendor's listed models have."""
    names = map(parse, rules.table("model"))
    return max((name.version for name in names if vendor_of(name, rules) == vendor), default=())


def inherits(item: Resolution | None) -> bool:
    """Whether a whole generation was inherited."""
    return item is not None and item.how == "inferred" and item.model is None


def above(key: str, more: int = 1) -> str:
    """A listed key with a version that is above all of its vendor's."""
    name = parse(key)
    vendor = vendor_of(name, RULES)
    assert vendor is not None
    written = re.search(r"\d{1,2}([.-]\d{1,2})?(?=-|$)", key)
    assert written is not None
    return f"{key[: written.start()]}{newest(vendor)[0] + more}{key[written.end() :]}"


class TestTheNewestGeneration:
    @pytest.mark.parametrize(
        "model", ["claude-opus-5-5", "gpt-5.4-mini", "nova-2-lite", "grok-4.6", "kimi-k3"]
    )
    def test_is_for_a_known_family_above_all_versions(self, model: str) -> None:
        item = resolve(above(model), RULES)
        assert inherits(item)
        assert item.vendor is not None
        assert item.profile == VENDORS[item.vendor]["latest"]
        assert resolve(f"{above(model)}-2027-01-31", RULES).profile == item.profile, "a date is no other word"

    def test_is_not_for_a_version_that_another_family_has_already(self) -> None:
        for vendor, row in VENDORS.items():
            version = newest(vendor)
            top = [key for key in LISTED if parse(key).version == version]
            behind = [one for one in row["families"] if one not in {parse(key).family for key in top}]
            number = ".".join(map(str, version))
            for family in behind if number else ():
                first, _, rest = family.partition("-")
                assert not inherits(found(f"{first}-{number}{'-' if rest else ''}{rest}"))

    @pytest.mark.parametrize("model", ["claude-opus-5-5", "gpt-5.4-mini", "nova-2-lite", "grok-4.6"])
    def test_is_not_for_words_that_nobody_knows(self, model: str) -> None:
        assert not inherits(found(f"{above(model)}-law"))
        assert not inherits(found(f"{above(model)}:free"))
        assert not inherits(found(f"{above(model)} x"))

    def test_is_not_for_another_servers_spelling(self) -> None:
        with pytest.raises(UnknownModelError) as caught:
            resolve("acme/gpt-77", RULES)
        assert "acme/ is a prefix of other servers" in caught.value.message
        assert caught.value.hint.startswith("pass model='gpt-77'")
        assert found("acme/what-is-it-77") is None
        assert found("openai/gpt-77") is None, "hosts have this prefix, but with a dot"

    def test_a_name_of_one_word_has_variants_too(self) -> None:
        rules = over(
            '[vendor.acme]\nhost = "openai"\nfamilies = ["rocket"]\nlatest = "gpt-4o"\n'
            '[model]\nrocket = "gpt-4o"\n'
        )
        assert resolve("rocket-plus", rules).model == "rocket"

    def test_is_not_for_a_letter_that_may_be_anybodys(self) -> None:
        assert inherits(found("deepseek.v77-v1:0"))
        assert found("v77") is None

    def test_is_not_for_a_prefix_that_the_vendor_never_has(self) -> None:
        rules = over('[on.bedrock.model]\nclaude-opus-5-5.ids.name = "anthropic.claude-opus-5-5"\n')
        assert inherits(found("us.anthropic.claude-opus-77", rules))
        assert found("us.acme.claude-opus-77", rules) is None
        assert found("acme.claude-opus-4-2-x", rules) is None

    def test_of_a_vendor_that_lists_nothing_yet(self) -> None:
        rules = over('[vendor.acme]\nhost = "bedrock"\nfamilies = ["rocket"]\nlatest = "converse"\n')
        assert found("acme.rocket-1", rules) is None, "there is no newest version to be above of"

    @pytest.mark.parametrize(
        "model",
        [
            "gpt-5.3-codex-spark",
            "gpt-6-astra-law",
            "gpt-5.5-cyber-preview",
            "gpt-rosalind-discovery",
            "openai.gpt-daybreak-blue-5.6-sol",
            "openai.gpt-oss-safeguard-120b",
            "gpt-4-turbo-preview",
            "gpt-3.5-turbo-instruct",
            "gpt-35-turbo",
            "gpt-4.5-preview",
            "gpt-5-chat",
            "gpt-image-1",
            "gpt-realtime",
            "google.gemma-4-31b",
            "qwen.qwen3-coder-480b-a35b-instruct",
            "claude-v2:1",
            "claude-instant-v1",
            "amazon.nova-sonic-v1:0",
            "amazon.titan-embed-text-v2:0",
            "stability.sd3-5-large-v1:0",
        ],
    )
    def test_is_not_for_what_once_took_it(self, model: str) -> None:
        assert not inherits(found(model))


class TestANearRelative:
    def test_a_lower_version_takes_the_nearest_lower_one(self) -> None:
        assert resolve("claude-opus-4-3", RULES).model == "claude-opus-4-1"
        assert resolve("deepseek.v3.1-v1:0", RULES).model == "v3"

    def test_one_below_its_family_takes_the_lowest_of_it(self) -> None:
        item = resolve("claude-fable-4", RULES)
        assert (item.how, item.model) == ("inferred", "claude-fable-5")
        assert item.note == "nearest listed relative: claude-fable-5"

    def test_one_between_its_family_and_the_newest_stays_in_the_family(self) -> None:
        family = {parse(key).version: key for key in LISTED if parse(key).family == "claude-fable"}
        assert resolve("claude-fable-5-3", RULES).model == family[max(family)]

    def test_one_below_all_is_unknown(self) -> None:
        assert found("claude-opus-2") is None
        assert found("grok-1") is None

    def test_a_word_more(self) -> None:
        assert resolve("gpt-5.3-codex-other", RULES).model == "gpt-5.3-codex"
        assert resolve("us.qwen.qwen3-coder-480b-a35b-instruct", RULES).model == "qwen3-coder-480b-a35b"
        assert resolve("gpt-4o-other", RULES).model == "gpt-4o"
        assert resolve("gpt-77-other", RULES).model in LISTED, "the highest of the family, not a generation"

    def test_a_version_without_its_dot(self) -> None:
        assert resolve("gpt-35-turbo", RULES).model == "gpt-3.5-turbo"
        assert resolve("gpt-35-turbo-16k", RULES).model == "gpt-3.5-turbo"
        assert resolve("claude-opus-47", RULES).model == "claude-opus-4-7"

    def test_a_family_without_a_version_is_none(self) -> None:
        assert found("claude-opus") is None
        assert found("claude-latest") is None

    def test_a_row_of_an_overlay_is_a_relative_too(self) -> None:
        rules = over('[model]\nopus-mine = "claude-4.7"\n')
        assert found("opus-mine-2b", rules) is None, "its family is no vendor's"
        rules = over('[model]\nclaude-epic-9 = "claude-4.7"\n')
        assert found("claude-epic-9-fast", rules) == Resolution(
            "claude-epic-9-fast",
            "claude-epic-9-fast",
            "inferred",
            "claude-epic-9",
            "claude-4.7",
            "anthropic",
            "bedrock",
            "nearest listed relative: claude-epic-9",
        )

    def test_is_announced(self) -> None:
        plan = smartllm.compile(TextRequest(prompt="hi"), model="gpt-5.3-codex-other", level="ignore")
        told = plan.diagnostics[0]
        assert (told.code, told.severity, told.applied) == ("model-inferred", "warning", "gpt-5.3-codex")
        assert told.origin.name == "model.gpt-5.3-codex"


PREFIXES = st.sampled_from(
    ["", "", "openai/", "azure/", "us.", "us.anthropic.", "openai.", "global.amazon.", "xx."]
)
WORDS = st.sampled_from(
    [
        "",
        "",
        "-latest",
        "-preview",
        "-law",
        "-32k",
        "-0125-preview",
        "-chat",
        "-20270101",
        "-v1:0",
        ":free",
        "-2",
        "-x-y",
    ]
)


@st.composite
def ids(draw: st.DrawFn) -> str:
    """Ids as catalogues have them: a listed one with another version, another prefix, another end."""
    key = draw(st.sampled_from(LISTED))
    if draw(st.booleans()):
        number = st.integers(0, 99).map(str)
        key = re.sub(r"\d{1,2}([.-]\d{1,2})?", lambda _: draw(number | st.just("4.5")), key, count=1)
    if draw(st.booleans()):
        parts = key.split("-")
        del parts[draw(st.integers(0, len(parts) - 1))]
        key = "-".join(parts) or key
    return f"{draw(PREFIXES)}{key}{draw(WORDS)}"


def may_inherit(name: ModelName) -> bool:
    vendor = next((one for one, row in VENDORS.items() if name.family in row["families"]), None)
    return vendor is not None and not name.route and name.version > newest(vendor)


@given(ids())
def test_no_stranger_inherits_the_newest_generation(model: str) -> None:
    item = found(model)
    assert not inherits(item) or may_inherit(parse(model))
    if item is not None and item.how == "inferred" and item.model is not None:
        own, theirs = parse(model), parse(item.model)
        words = own.family.split("-")
        assert (
            words[: len(theirs.family.split("-"))] == theirs.family.split("-") or own.family == theirs.family
        )
    if item is not None and item.how == "exact":
        assert item.model in {parse(model).key, parse(model).dated}


@given(st.from_regex(r"\A[a-z]{3,9}(-[a-z0-9.]{1,5}){0,4}\Z").map(lambda text: f"zz{text}"))
def test_an_id_of_nobody_listed_is_unknown(model: str) -> None:
    assert found(model) is None


@example(model="claude-3-5-haiku-latest", day=dt.date(2026, 1, 1))  # an alias says whom it means
@given(model=ids(), day=st.dates(dt.date(2024, 1, 1), dt.date(2026, 11, 1)))
def test_what_is_retired_is_refused_and_nothing_else_changes(model: str, day: dt.date) -> None:
    key = parse(model).key
    rules = RuleSet(RULES.layers, RULES.data | {"retired": {key: {"vendor": "openai", "shutdown": day}}})
    before = found(model)
    if before is not None and before.how in {"exact", "alias"}:
        assert found(model, rules) == before
        return
    with pytest.raises(UnknownModelError) as caught:
        resolve(model, rules)
    assert caught.value.retired == (day.isoformat() in str(caught.value))


@given(st.text(max_size=40) | ids())
def test_every_text_resolves_or_is_refused(model: str) -> None:
    try:
        item = resolve(model, RULES)
    except SmartLLMError:
        return
    assert item.asked == model
