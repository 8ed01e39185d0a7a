"""The grammar of model ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.rules import load_rules, resolve
from smartllm.rules.names import parse

SAME = {
    "claude-opus-4-7": [
        "claude-opus-4-7",
        "anthropic.claude-opus-4-7",
        "eu.anthropic.claude-opus-4-7",
        "us-gov.anthropic.claude-opus-4-7",
        "global.anthropic.claude-opus-4-7",
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-7",
        "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-opus-4-7",
        "anthropic/claude-opus-4-7",
        "claude-opus-4-7@20260401",
        "Anthropic.Claude-Opus-4-7",
    ],
    "claude-3-5-sonnet": [
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.anthropic.claude-3-5-sonnet-20240620-v1:0",
        "anthropic.claude-3-5-sonnet-20240620-v1:0:200k",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/anthropic.claude-3-5-sonnet-20240620-v1:0/abc123",
    ],
    "claude-opus-4-6": ["us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"],
    "gpt-4.1": ["gpt-4.1", "gpt-4.1-2025-04-14", "ft:gpt-4.1-2025-04-14:acme:mine:abc123", "openai/gpt-4.1"],
    "gpt-4": ["gpt-4-0613", "gpt-4"],
    "gpt-oss-120b": ["openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b"],
    "o3": ["o3", "o3-2025-04-16"],
}


@pytest.mark.parametrize(("key", "spelling"), [(key, text) for key, texts in SAME.items() for text in texts])
def test_spellings_of_one_model(key: str, spelling: str) -> None:
    assert parse(spelling).key == key


@pytest.mark.parametrize(
    ("model", "family", "version"),
    [
        ("claude-opus-4-7", "claude-opus", (4, 7)),
        ("claude-3-5-sonnet", "claude-sonnet", (3, 5)),
        ("gpt-5.4-mini", "gpt-mini", (5, 4)),
        ("gpt-4o-mini", "gpt-4o-mini", ()),
        ("o3-mini", "o-mini", (3,)),
        ("gpt-6.1-sol", "gpt-sol", (6, 1)),
        ("gpt-4-1106-preview", "gpt-1106-preview", (4,)),
        ("chat-latest", "chat-latest", ()),
    ],
)
def test_family_and_version(model: str, family: str, version: tuple[int, ...]) -> None:
    name = parse(model)
    assert (name.family, name.version) == (family, version)


@pytest.mark.parametrize(
    ("model", "shape", "version"),
    [
        ("claude-opus-4-7", ("claude", "opus", "#"), (4, 7)),
        ("claude-3-5-sonnet", ("claude", "#", "sonnet"), (3, 5)),
        ("o3-mini", ("o", "#", "mini"), (3,)),
        ("qwen3-next-80b", ("qwen", "#", "next", "80b"), (3,)),
        ("rocket-3-stage2", ("rocket", "#", "stage2"), (3,)),
        ("rocket-3-stage-2", ("rocket", "#", "stage", "2"), (3,)),
    ],
)
def test_one_mark_stands_for_the_version(
    model: str, shape: tuple[str, ...], version: tuple[int, ...]
) -> None:
    name = parse(model)
    assert (name.shape, name.version) == (shape, version)


def test_what_stands_before_a_name() -> None:
    assert parse("OpenAI/gpt-4o").vendor == "openai"
    assert parse("a/b/gpt-4o").route == "a/b"
    arn = parse("arn:aws:bedrock:us-east-1::foundation-model/acme/rocket-1")
    assert (arn.route, arn.key, arn.resource) == ("", "acme/rocket-1", "foundation-model")
    assert parse("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a:b").host == "bedrock"


def test_a_version_may_come_first() -> None:
    assert (parse("3-rocket").version, parse("3-rocket").family) == ((3,), "rocket")


def test_the_date_stays_in_the_dated_key() -> None:
    name = parse("us.anthropic.claude-3-5-sonnet-20240620-v1:0")
    assert name.dated == "claude-3-5-sonnet-20240620"
    assert (name.geo, name.vendor, name.host) == ("us", "anthropic", "bedrock")


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123",
        "arn:aws:bedrock:us-east-1::foundation-model/",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine",
        "arn:broken",
    ],
)
def test_opaque_arns_are_their_own_key(arn: str) -> None:
    name = parse(arn)
    assert name.opaque
    assert name.key == arn
    assert name.host == (arn.split(":")[2] if arn.count(":") == 5 else None)


def test_a_service_that_is_no_host_reveals_none() -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine"
    assert resolve(arn, load_rules(), like="gpt-4o").host == "openai"


def test_fine_tunes_take_their_base() -> None:
    name = parse("ft:gpt-4o-2024-08-06:acme::xyz")
    assert name.fine_tuned
    assert (name.key, name.dated) == ("gpt-4o", "gpt-4o-2024-08-06")


def test_a_version_with_a_dot_is_no_vendor_prefix() -> None:
    assert parse("gpt-5.4").vendor is None
    assert parse("o4.5-mini").vendor is None


@given(st.text(max_size=60))
def test_any_text_parses(text: str) -> None:
    assert parse(text).raw == text


@given(st.from_regex(r"\A[a-z]{2,8}(-[a-z0-9]{1,6}){0,4}\Z"))
def test_parsing_a_key_again_changes_nothing(text: str) -> None:
    key = parse(text).key
    assert parse(parse(key).key).key == parse(key).key
