"""LLMConfig: what it refuses, and what it finds in the environment."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm import LLMClient, LLMConfig, TextRequest, defaults
from smartllm.errors import ConfigError
from smartllm.rules import load_rules
from smartllm.testing import FakeTransport
from smartllm.words import Provider

KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


def test_everything_is_optional() -> None:
    config = LLMConfig()
    assert config.resolved_provider() == "openai"
    assert config.resolved_region() == "us-east-1"
    assert config.resolved_timeouts() == (10.0, 300.0)
    assert config.request_defaults() == {}
    assert (config.max_retries, config.retry_delay, config.max_retry_delay) == (3, 1.0, 60.0)


def test_defaults_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {
        "provider": "bedrock",
        "max_retries": 7,
        "retry_delay": 0.5,
        "max_retry_delay": 9.0,
        "aws_region": "eu-west-3",
        "read_timeout": 11.0,
        "connect_timeout": 2.0,
    }
    for name, value in changed.items():
        monkeypatch.setattr(defaults, name, value)
    config = LLMConfig()
    assert config.resolved_provider() == "bedrock"
    assert config.resolved_region() == "eu-west-3"
    assert config.resolved_timeouts() == (2.0, 11.0)
    assert (config.max_retries, config.retry_delay, config.max_retry_delay) == (7, 0.5, 9.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"provider": "vertex"}, "provider='vertex' is not known; allowed: openai, bedrock, anthropic"),
        ({"level": "loud"}, "level='loud' is not known; allowed: ignore, warn, raise"),
        ({"reasks": 11}, "reasks=11 is not usable; allowed: a whole number from 0 to 10"),
        ({"max_retries": -1}, "max_retries=-1 is not usable; allowed: a whole number from 0 on"),
        ({"max_retries": 1.5}, "max_retries=1.5 is not usable; allowed: a whole number from 0 on"),
        ({"max_retries": True}, "max_retries=True is not usable; allowed: a whole number from 0 on"),
        ({"max_retries": None}, "max_retries=None is not usable; allowed: a whole number from 0 on"),
        ({"max_tokens": 0}, "max_tokens=0 is not usable; allowed: a whole number from 1 on"),
        ({"retry_delay": -0.1}, "retry_delay=-0.1 is not usable; allowed: seconds, a number from 0 on"),
        ({"retry_delay": None}, "retry_delay=None is not usable; allowed: seconds, a number from 0 on"),
        ({"max_retry_delay": "60"}, "max_retry_delay='60' is not usable; allowed: seconds"),
        ({"max_retry_delay": False}, "max_retry_delay=False is not usable; allowed: seconds"),
        ({"read_timeout": 0}, "read_timeout=0 is not usable; allowed: seconds, a number above 0"),
        ({"connect_timeout": float("nan")}, "connect_timeout=nan is not usable; allowed: seconds"),
        ({"connect_timeout": float("inf")}, "connect_timeout=inf is not usable; allowed: seconds"),
        ({"temperature": 2.1}, "temperature=2.1 is not usable; allowed: a number from 0 to 2"),
        ({"temperature": -1}, "temperature=-1 is not usable; allowed: a number from 0 to 2"),
        ({"base_url": "localhost:8000"}, "base_url='localhost:8000' is not usable; allowed: a URL"),
        ({"base_url": "http://[::1"}, "base_url='http://[::1' is not usable; allowed: a URL"),
        ({"base_url": "http://host:99999"}, "base_url='http://host:99999' is not usable; allowed: a URL"),
        ({"base_url": "https:///v1"}, "base_url='https:///v1' is not usable; allowed: a URL"),
        ({"base_url": "http://host/v1#part"}, "base_url='http://host/v1#part' is not usable; allowed: a URL"),
        ({"base_url": "http://host/v1\n/x"}, "base_url='http://host/v1\\n/x' is not usable; allowed: a URL"),
        ({"base_url": "http://a b/v1"}, "base_url='http://a b/v1' is not usable; allowed: a URL"),
        ({"base_url": "http://a\xad0/v1"}, "base_url='http://a\\xad0/v1' is not usable; allowed: a URL"),
        ({"base_url": "http://a..b/v1"}, "base_url='http://a..b/v1' is not usable; allowed: a URL"),
        ({"rules": {"a.toml"}}, "rules={'a.toml'} is not usable; allowed: paths of rules files"),
        ({"rules": [""]}, "rules=[''] is not usable; allowed: paths of rules files"),
        ({"rules": b"a.toml"}, "rules=b'a.toml' is not usable; allowed: a path"),
        ({"cache_dir": 5}, "cache_dir=5 is not usable; allowed: a path"),
        ({"default_model": ["m"]}, "default_model=['m'] is not usable; allowed: text, not list"),
        ({"default_model": "a\nb"}, "default_model='a\\nb' is not usable; allowed: text without line breaks"),
        ({"dynamo_table_name": 5}, "dynamo_table_name=5 is not usable; allowed: 3 to 255"),
        (
            {"api_key": ["canary"]},
            "api_key=(hidden) is not usable; allowed: text or a function, not list",
        ),
        ({"trace_content": "yes"}, "trace_content='yes' is not usable; allowed: True or False"),
        ({"endpoint_url": "ftp://host"}, "endpoint_url='ftp://host' is not usable; allowed: a URL"),
        ({"aws_access_key_id": "AKID"}, "aws_access_key_id and aws_secret_access_key: give both, or neither"),
        (
            {"aws_secret_access_key": "s"},
            "aws_access_key_id and aws_secret_access_key: give both, or neither",
        ),
        ({"aws_session_token": "t"}, "aws_session_token: it needs aws_access_key_id"),
    ],
)
def test_an_unusable_value_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        LLMConfig(**settings)
    assert str(caught.value).startswith(message)


def test_a_password_in_an_unusable_url_is_hidden() -> None:
    with pytest.raises(
        ConfigError, match=r"base_url=\(hidden, it may hold a password\) is not usable"
    ) as caught:
        LLMConfig(base_url="user:canary@host")
    assert "canary" not in str(caught.value)


def test_usable_values() -> None:
    config = LLMConfig(
        provider="bedrock",
        temperature=0,
        max_tokens=1,
        max_retries=0,
        retry_delay=0,
        max_retry_delay=0,
        read_timeout=0.1,
        connect_timeout=1,
        endpoint_url="http://[::1]:8080",
        base_url="",
        level="raise",
        aws_session_token="t",
        **KEYS,
    )
    assert config.request_defaults() == {"temperature": 0, "max_tokens": 1}
    assert config.resolved_timeouts() == (1, 0.1)


@pytest.mark.parametrize(
    ("settings", "environment", "provider"),
    [
        ({"provider": "bedrock", "api_key": "k"}, {"OPENAI_API_KEY": "k"}, "bedrock"),
        ({"api_key": "k", **KEYS}, {"AWS_PROFILE": "p"}, "openai"),
        ({"base_url": "http://host"}, {"AWS_PROFILE": "p"}, "openai"),
        (KEYS, {"OPENAI_API_KEY": "k"}, "bedrock"),
        ({"aws_region": "eu-west-1"}, {"OPENAI_API_KEY": "k"}, "bedrock"),
        ({"endpoint_url": "http://host"}, {"OPENAI_API_KEY": "k"}, "bedrock"),
        ({}, {"OPENAI_API_KEY": "k", "AWS_ACCESS_KEY_ID": "k"}, "openai"),
        ({}, {"AWS_ACCESS_KEY_ID": "k"}, "bedrock"),
        ({}, {"AWS_PROFILE": "p"}, "bedrock"),
        ({}, {"AWS_BEARER_TOKEN_BEDROCK": "t"}, "bedrock"),
        ({}, {"AWS_ROLE_ARN": "arn"}, "bedrock"),
        ({}, {"AWS_PROFILE": "", "OPENAI_API_KEY": ""}, "openai"),
        ({}, {"AWS_REGION": "eu-west-1"}, "openai"),
    ],
)
def test_the_provider_is_detected(
    settings: dict[str, Any], environment: dict[str, str], provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert LLMConfig(**settings).resolved_provider() == provider


def test_the_region_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert LLMConfig().resolved_region() == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "")
    assert LLMConfig().resolved_region() == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert LLMConfig().resolved_region() == "eu-central-1"
    assert LLMConfig(aws_region="us-west-2").resolved_region() == "us-west-2"


def test_timeouts_from_the_environment_are_bedrocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDROCK_READ_TIMEOUT", "600.5")
    monkeypatch.setenv("BEDROCK_CONNECT_TIMEOUT", "")
    assert LLMConfig(provider="bedrock").resolved_timeouts() == (10.0, 600.5)
    assert LLMConfig(provider="bedrock", read_timeout=5).resolved_timeouts() == (10.0, 5)
    assert LLMConfig(provider="openai").resolved_timeouts() == (10.0, 300.0)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf", "nan", "1e999"])
@pytest.mark.parametrize("variable", ["BEDROCK_READ_TIMEOUT", "BEDROCK_CONNECT_TIMEOUT"])
def test_an_unusable_timeout_names_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        LLMConfig(provider="bedrock").resolved_timeouts()
    assert str(caught.value) == f"{variable}={value!r} is not usable; allowed: seconds, a number above 0"


def test_the_default_model_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def model(provider: Provider) -> tuple[str, str]:
        client = LLMClient(provider=provider, transport=FakeTransport())
        plan = client.compile(TextRequest(prompt="hi"))
        origins = plan.origins.get("steps[0].model")
        return plan.model, str(origins)

    usual = load_rules().table("host")
    monkeypatch.setenv("OPENAI_MODEL", "")
    assert model("openai")[0] == usual["openai"]["default_model"]
    assert "fact host.openai.default_model" in model("openai")[1]
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4.1")
    monkeypatch.setenv("BEDROCK_MODEL", "claude-opus-4-7")
    assert model("openai") == ("gpt-4.1", "environment OPENAI_MODEL")
    assert model("bedrock")[0] == "claude-opus-4-7"


def test_secrets_are_not_shown() -> None:
    config = LLMConfig(api_key="canary-1", aws_session_token="canary-2", **KEYS)
    for secret in ("canary-1", "canary-2", *KEYS.values()):
        assert secret not in repr(config)
        assert secret not in str(config)
