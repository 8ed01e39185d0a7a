"""How hosts are called: the spellings that they take, and what is said of the others."""

from __future__ import annotations

import pytest
from model_ids import ARN, HAIKU, MADE, ON_BEDROCK, OPUS, OVERLAY, RULES, called, over, spelled, told

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnknownModelError
from smartllm.rules import RuleSet, resolve, served_on, target_for
from smartllm.rules.hosts import host_row
from smartllm.rules.ids import IdProblem, id_problem, ids_on, usual_id, usual_ids
from smartllm.rules.vocabulary.ids import Ids

SPELLED = spelled()


def refused(model: str, rules: RuleSet = MADE) -> UnknownModelError:
    with pytest.raises(UnknownModelError) as caught:
        told(model, rules=rules)
    return caught.value


class TestWhatIsKnown:
    @pytest.mark.parametrize(
        ("ids", "expected"),
        [
            (Ids(), ("key",)),
            (Ids("a.key"), ("a.key",)),
            (Ids("a.key", "accepted"), ("a.key",)),
            (Ids("a.key", "accepted", ("us", "eu")), ("a.key", "us.a.key", "eu.a.key")),
            (Ids("a.key", "refused", ("us", "eu")), ("us.a.key", "eu.a.key")),
            (Ids("a.key", "unknown", ("us",)), ("us.a.key",)),
            (Ids(prefixes=("us",)), ("us.key",)),
        ],
        ids=["nothing", "name", "bare", "both", "prefix", "unknown", "key"],
    )
    def test_ids_to_call(self, ids: Ids, expected: tuple[str, ...]) -> None:
        assert usual_ids("key", ids) == expected
        assert usual_id("key", ids) == expected[0]

    @pytest.mark.parametrize("rules", [RULES, SPELLED], ids=["shipped", "made"])
    def test_every_id_to_call_is_its_row_and_nothing_is_said_of_it(self, rules: RuleSet) -> None:
        for host in rules.table("host"):
            for model in rules.table("model"):
                wires = served_on(resolve(model, rules), host, rules)
                if not wires:
                    continue
                ids = target_for(resolve(model, rules), host, wires[0], rules).facts.ids
                for id_ in usual_ids(model, ids):
                    item = resolve(id_, rules)
                    assert (item.how, item.model) == ("exact", model), id_
                    assert id_problem(id_, model, ids, host) is None

    def test_every_form_of_an_id_is_its_row(self) -> None:
        for model in ON_BEDROCK:
            name = f"maker.{model}-v1:0"
            forms = [
                *(f"{prefix}.{name}" for prefix in ("us", "eu", "global", "us-gov")),
                *(f"{ARN}:inference-profile/{prefix}.{name}" for prefix in ("us", "eu", "global")),
                f"arn:aws:bedrock:us-east-1::foundation-model/{name}",
                f"{ARN}:custom-model/{name}/abc123",
                f"{name}:200k",
                name.removesuffix(":0"),
                name.removesuffix("-v1:0"),
            ]
            for form in forms:
                item = resolve(form, SPELLED)
                assert (item.how, item.model, item.host) == ("exact", model, "bedrock"), form


class TestTheSpelling:
    @pytest.mark.parametrize(
        ("model", "code", "use", "fact"),
        [
            (OPUS, "bare", "us.anthropic.claude-opus-4-7", "ids.bare"),
            (f"anthropic.{OPUS}", "bare", "us.anthropic.claude-opus-4-7", "ids.bare"),
            (
                f"arn:aws:bedrock:us-east-1::foundation-model/anthropic.{OPUS}",
                "bare",
                "us.anthropic.claude-opus-4-7",
                "ids.bare",
            ),
            (f"xx.anthropic.{OPUS}", "unknown-prefix", "us.anthropic.claude-opus-4-7", "ids.prefixes"),
            (
                f"{ARN}:inference-profile/apac.anthropic.{OPUS}",
                "unknown-prefix",
                "us.anthropic.claude-opus-4-7",
                "ids.prefixes",
            ),
            (f"eu.anthropic.{OPUS}-v1:0", "spelling", "eu.anthropic.claude-opus-4-7", "ids.name"),
            (f"us.{OPUS}", "bare", "us.anthropic.claude-opus-4-7", "ids.bare"),
            (HAIKU, "spelling", "us.anthropic.claude-haiku-4-5-v1:0", "ids.name"),
            ("nova-pro", "spelling", "amazon.nova-pro-v1:0", "ids.name"),
            ("eu.amazon.nova-pro-v1:0", "unknown-prefix", "amazon.nova-pro-v1:0", "ids.prefixes"),
            ("us.openai.gpt-oss-20b-1:0", "unknown-prefix", "openai.gpt-oss-20b-1:0", "ids.prefixes"),
        ],
    )
    def test_is_said_with_the_id_to_use(self, model: str, code: str, use: str, fact: str) -> None:
        (item,) = told(model)
        assert (item.code, item.severity, item.action) == (f"model-id-{code}", "warning", "noted")
        assert item.reason.endswith(f"use {use}")
        assert item.origin.name == fact
        assert not told(use), "what we say to use is taken"

    def test_that_nobody_knows_of_is_worth_a_word(self) -> None:
        (item,) = told("anthropic.claude-haiku-4-5-v1:0")
        assert (item.code, item.severity) == ("model-id-bare", "info")
        assert "is not known" in item.reason

    @pytest.mark.parametrize(
        "model",
        [
            f"eu.anthropic.{OPUS}",
            f"{ARN}:inference-profile/global.anthropic.{OPUS}",
            f"{ARN}:custom-model/anthropic.{OPUS}/abc123",
            "amazon.nova-pro-v1:0",
            "us.amazon.nova-pro-v1:0:24k",
            "us.anthropic.claude-opus-4-3",
            "gpt-5.4",
            "ft:gpt-4o-2024-08-06:acme::xyz",
        ],
    )
    def test_that_is_right_or_unknown_is_no_word_worth(self, model: str) -> None:
        assert not told(model)

    def test_of_an_alias_and_of_like_is_the_callers_own(self) -> None:
        rules = over(f'{OVERLAY}[alias]\nmine = "{OPUS}"\n')
        assert not told("mine", rules=rules)
        request = TextRequest(prompt="hi", model=f"anthropic.{OPUS}", like=OPUS)
        assert not smartllm.compile(request, rules=rules, level="ignore").diagnostics

    def test_raises_nothing(self) -> None:
        assert smartllm.compile(TextRequest(prompt="hi", model=OPUS), rules=MADE, level="raise")


class TestAPrefixOfOtherServers:
    def test_goes_out_as_it_is_where_the_body_has_the_model(self) -> None:
        (item,) = told("openai/gpt-4o-2024-08-06")
        assert (item.code, item.severity, item.origin.name) == ("model-id-prefixed", "warning", "model")
        assert (
            item.reason == "openai knows no such prefix, and the id is sent as it is; use gpt-4o-2024-08-06"
        )

    @pytest.mark.parametrize(
        ("model", "use"),
        [
            ("openai.gpt-5.4", "gpt-5.4"),
            ("us.gpt-5.4", "gpt-5.4"),
            ("global.openai.gpt-4o-2024-08-06-v1:0", "gpt-4o-2024-08-06"),
        ],
    )
    def test_so_does_the_spelling_of_another_host(self, model: str, use: str) -> None:
        (item,) = told(model, "openai")
        assert item.code == "model-id-prefixed"
        assert item.reason.endswith(f"use {use}")

    @pytest.mark.parametrize(
        ("model", "use"),
        [
            (f"bedrock/us.anthropic.{OPUS}", f"us.anthropic.{OPUS}"),
            (f"bedrock/converse/eu.anthropic.{OPUS}", f"eu.anthropic.{OPUS}"),
            (f"anthropic/{OPUS}", f"us.anthropic.{OPUS}"),
        ],
    )
    def test_is_refused_where_the_path_has_it(self, model: str, use: str) -> None:
        error = refused(model)
        assert error.hint == f"pass model={use!r}"
        assert error.nearest == (use,)

    def test_of_an_id_that_nobody_knows_without_it_either(self) -> None:
        assert "is not listed and cannot be inferred" in refused("acme/rocket").message

    def test_of_rules_without_profiles_an_alias_is_told(self) -> None:
        bare = RuleSet(RULES.layers, RULES.data | {"profile": {}, "model": {}})
        hint = refused("rocket-1", bare).hint or ""
        assert '\n\n    [alias]\n    "rocket-1" = ' in hint
        assert "[model]" not in hint


def test_the_default_models_are_called_by_ids_that_are_taken() -> None:
    for host in RULES.table("host"):
        assert not told(host_row(host, RULES).default_model, host, RULES)


def test_the_tests_call_by_ids_that_are_taken() -> None:
    assert called("acme-1") == "acme-1"
    for model in ON_BEDROCK:
        assert not told(called(model, "bedrock"), "bedrock", RULES)


def test_a_host_names_all_models_of_a_vendor_or_none() -> None:
    for host in RULES.table("host"):
        named: dict[str | None, dict[str, bool]] = {}
        for model in RULES.table("model"):
            ids = ids_on(model, host, RULES)
            if ids is not None:
                named.setdefault(resolve(model, RULES).vendor, {})[model] = bool(ids.name)
        for models in named.values():
            assert len(set(models.values())) == 1, [model for model, told in models.items() if not told]


def test_a_problem_is_plain_data() -> None:
    ids = Ids("a.b", "refused", ("us",))
    assert id_problem("a.b", "b", ids, "bedrock") == IdProblem("bare", "us.a.b", "ids.bare")
