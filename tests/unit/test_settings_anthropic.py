"""Anthropic's settings: a key in its own header, tokens as bearers, an address without the version's path."""

from __future__ import annotations

from typing import Any

import pytest

import smartllm
from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import ConfigError
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.runtime.authorised import auth_of
from smartllm.settings import Settings
from smartllm.testing import FakeTransport

PUBLIC = "https://api.anthropic.com"


def resolved(config: dict[str, Any], environment: dict[str, str] | None = None, **more: Any) -> Settings:
    return Settings.resolve(LLMConfig(provider="anthropic", **config), environment or {}, **more)


@pytest.mark.parametrize(
    ("config", "environment", "headers", "source"),
    [
        ({"api_key": " sk-ant \n"}, {}, {"x-api-key": "sk-ant"}, "api_key"),
        ({}, {"ANTHROPIC_API_KEY": "sk-ant"}, {"x-api-key": "sk-ant"}, "ANTHROPIC_API_KEY"),
        ({}, {"ANTHROPIC_AUTH_TOKEN": "tok"}, {"Authorization": "Bearer tok"}, "ANTHROPIC_AUTH_TOKEN"),
        # As the anthropic SDK 2.14.0 has it: one credential, the key first, what the caller gives before all.
        (
            {},
            {"ANTHROPIC_API_KEY": "sk-ant", "ANTHROPIC_AUTH_TOKEN": "tok"},
            {"x-api-key": "sk-ant"},
            "ANTHROPIC_API_KEY",
        ),
        (
            {"api_key": "given"},
            {"ANTHROPIC_API_KEY": "sk-ant", "ANTHROPIC_AUTH_TOKEN": "tok"},
            {"x-api-key": "given"},
            "api_key",
        ),
        # A gateway's login beside the key of whoever is behind it.
        (
            {"api_key": "given", "base_url": "http://user:pass@gate"},
            {},
            {"x-api-key": "given", "Authorization": "Basic dXNlcjpwYXNz"},
            "api_key",
        ),
        (
            {"api_key": "given"},
            {"ANTHROPIC_CUSTOM_HEADERS": "X-API-Key: custom\nX-One: 1"},
            {"X-API-Key": "custom", "X-One": "1"},
            "api_key",
        ),
        ({"api_key": "given", "default_headers": {"X-Api-Key": "own"}}, {}, {}, "api_key"),
        # Variables of others are not for it.
        (
            {"api_key": "given"},
            {"OPENAI_ORG_ID": "o", "OPENAI_CUSTOM_HEADERS": "A: 1"},
            {"x-api-key": "given"},
            "api_key",
        ),
    ],
)
def test_what_lets_calls_in(
    config: dict[str, Any], environment: dict[str, str], headers: dict[str, str], source: str
) -> None:
    found = resolved(config, environment)
    assert (dict(found.headers), found.key_source) == (headers, source)


@pytest.mark.parametrize(
    ("given", "header", "sent"),
    [
        ("short-lived", "authorization", "Bearer short-lived"),
        ("sk-ant-oat01-token", "authorization", "Bearer sk-ant-oat01-token"),
        ("sk-ant-api03-key", "x-api-key", "sk-ant-api03-key"),
    ],
)
async def test_a_function_gives_a_token_or_a_key(given: str, header: str, sent: str) -> None:
    found = resolved({"api_key": lambda: given}, {"ANTHROPIC_API_KEY": "sk-ant"})
    assert found.ask_key is not None
    auth = auth_of(host_row("anthropic", load_rules()), found)
    headers = await auth.sign("POST", PUBLIC, {"X-One": "1"}, b"")
    assert headers == {"X-One": "1", **{name: sent for name in headers if name.lower() == header}}
    assert len(headers) == 2
    assert given in auth.secrets


@pytest.mark.parametrize("own", ["x-API-key", "authorization"])
def test_a_credential_in_the_callers_headers_outranks_a_function(own: str) -> None:
    found = resolved({"api_key": lambda: "token", "default_headers": {own: "mine"}})
    assert found.ask_key is None


@pytest.mark.parametrize(
    ("config", "environment", "address", "custom"),
    [
        ({}, {}, PUBLIC, None),
        ({"base_url": f"{PUBLIC}/"}, {}, PUBLIC, None),
        (
            {},
            {"ANTHROPIC_BASE_URL": "http://127.0.0.1:4000/anthropic/"},
            "http://127.0.0.1:4000/anthropic",
            "same",
        ),
        (
            {"base_url": "http://a"},
            {"ANTHROPIC_BASE_URL": "http://b", "OPENAI_BASE_URL": "http://c"},
            "http://a",
            "same",
        ),
    ],
)
def test_where_calls_go(
    config: dict[str, Any], environment: dict[str, str], address: str, custom: str | None
) -> None:
    found = resolved({"api_key": "k", **config}, environment)
    assert found.address == address
    assert found.custom_endpoint == found.cache_scope == (custom and address)


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "/v1/messages", "/v1/models"])
def test_the_versions_path_is_ours_to_add(ending: str) -> None:
    with pytest.raises(
        ConfigError, match=r"base_url: the address ends in /v1.*, which SmartLLM adds"
    ) as wrong:
        resolved({"api_key": "k", "base_url": PUBLIC + ending})
    assert wrong.value.hint == f"use {PUBLIC}"


def test_its_own_address_needs_a_key() -> None:
    with pytest.raises(ConfigError, match="api_key: no Anthropic key is given") as missing:
        resolved({}, {"OPENAI_API_KEY": "another's"})
    assert missing.value.hint.startswith("set ANTHROPIC_API_KEY, or pass LLMClient(api_key=...)")
    assert dict(resolved({"base_url": "http://gate"}).headers) == {}
    assert dict(resolved({}, sends=False).headers) == {}
    for own in ({"x-api-key": "k"}, {"AUTHORIZATION": "Bearer k"}):
        assert dict(resolved({"default_headers": own}).headers) == {}


@pytest.mark.parametrize(
    ("setting", "instead"),
    [
        ("organization", "no such setting: the key tells it"),
        ("endpoint_url", "base_url"),
        ("azure_endpoint", "base_url"),
        ("api_version", "no version"),
        ("aws_profile", "api_key"),
    ],
)
def test_settings_of_others(setting: str, instead: str) -> None:
    value = "2024-10-21" if setting == "api_version" else "http://host"
    with pytest.raises(ConfigError, match=f"{setting} is a setting for .*, which takes {instead}"):
        resolved({"api_key": "k", setting: value})


async def test_what_goes_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-environment")
    monkeypatch.setenv("ANTHROPIC_MODEL", "claude-sonnet-4-6")
    fake = FakeTransport()
    async with LLMClient(transport=fake) as client:
        await client.generate_text(TextRequest(prompt="hi", use_cache=False))
    [sent] = fake.sent
    assert sent.url == f"{PUBLIC}/v1/messages"
    assert sent.headers["x-api-key"] == "sk-ant-environment"
    assert sent.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in sent.headers
    assert sent.body["model"] == "claude-sonnet-4-6"


def test_nothing_of_the_credentials_is_shown() -> None:
    secret = "anthropic-secret-7f3a"
    for config, environment in (
        ({"api_key": secret}, {}),
        ({}, {"ANTHROPIC_API_KEY": secret}),
        ({}, {"ANTHROPIC_AUTH_TOKEN": secret}),
        ({}, {"ANTHROPIC_CUSTOM_HEADERS": f"x-api-key: {secret}"}),
    ):
        found = resolved(config, environment)
        assert secret in found.secrets
        assert secret not in repr(found) + repr(found.config) + repr(found.sources)


# Betas: what the settings, the environment and a request ask for adds up


@pytest.mark.parametrize(
    ("environment", "settings", "both"),
    [
        ("Anthropic-Beta: first, shared", {}, "first,shared"),
        ("", {"default_headers": {"ANTHROPIC-BETA": "first,shared,first"}}, "first,shared"),
        # As with every header, the settings outrank the environment.
        ("anthropic-beta: lost", {"default_headers": {"Anthropic-Beta": "first,shared"}}, "first,shared"),
    ],
)
async def test_betas_of_all_who_ask_add_up(
    environment: str, settings: dict[str, Any], both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", environment)
    fake = FakeTransport()
    client = LLMClient(transport=fake, provider="anthropic", level="ignore", **settings)
    request: TextRequest[Any] = TextRequest(prompt="hi", model="claude-sonnet-4-6", use_cache=False)
    extra = {"extra": {"anthropic_beta": ["of-body", "shared"]}}
    headers = {"extra_headers": {"anthropic-beta": "of-request"}}
    async with client:
        for more in ({}, extra, headers, {**extra, **headers}):
            await client.generate_text(request.model_copy(update=more))
    for sent, asked in zip(fake.sent, ((), ("body",), ("request",), ("body", "request")), strict=True):
        [betas] = [value for name, value in sent.request.headers.items() if name.lower() == "anthropic-beta"]
        assert {one.strip() for one in betas.split(",")} == {
            *both.split(","),
            *(f"of-{one}" for one in asked),
        }
    assert all("anthropic_beta" not in sent.body for sent in fake.sent)


def test_other_betas_are_another_answer() -> None:
    asked: dict[str, Any] = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "extra_headers": {"anthropic-beta": "a"},
    }
    one = smartllm.compile("hi", **asked)
    other = smartllm.compile("hi", **asked, extra={"anthropic_beta": ["b"]})
    assert one.fingerprint != other.fingerprint
    assert dict(other.steps[0].headers)["anthropic-beta"] == "b,a"
