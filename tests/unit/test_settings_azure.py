"""Azure's settings: address, version, key and tokens are those that the openai SDK's client would send."""

from __future__ import annotations

import sys
from typing import Any

import openai
import pytest
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from versions import with_todays_openai

from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import ConfigError
from smartllm.settings import Settings
from smartllm.testing import FakeTransport

_HTTP: Any = sys.modules[openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0]]
HOST = "https://my-resource.openai.azure.com"
DATED = "2025-04-01-preview"
CHAT: Any = [{"role": "user", "content": "hi"}]


class Recorder(_HTTP.AsyncBaseTransport):  # type: ignore[misc]
    """The wire's end of the SDK: keeps what would be sent."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    async def handle_async_request(self, request: Any) -> Any:
        self.requests.append(request)
        body = {"id": "r", "object": "chat.completion", "created": 0, "model": "m", "choices": []}
        return _HTTP.Response(200, json=body)


async def sent_by_the_sdk(config: dict[str, Any], environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    """URL and credentials of a call of the SDK's to the deployment ``gpt-4o``."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        http = openai.DefaultAsyncHttpxClient(transport=recorder)
        async with openai.AsyncAzureOpenAI(**config, max_retries=0, http_client=http) as client:
            await client.chat.completions.create(model="gpt-4o", messages=CHAT)
    [request] = recorder.requests
    return str(request.url), credentials(request.headers)


async def sent_by_us(config: dict[str, Any], environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The same of ours."""
    fake = FakeTransport()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        client = LLMClient(transport=fake, provider="azure", **config)
    async with client:
        await client.generate_text(TextRequest(prompt="hi", model="gpt-4o", use_cache=False))
    return fake.sent[0].url, credentials(fake.sent[0].headers)


def credentials(headers: Any) -> dict[str, str]:
    return {name: headers[name] for name in ("api-key", "authorization") if name in headers}


def resolved(config: dict[str, Any], environment: dict[str, str] | None = None, **more: Any) -> Settings:
    return Settings.resolve(LLMConfig(**config), environment or {}, **more)


# What the SDK sends

_WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@with_todays_openai
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    config=st.fixed_dictionaries({}, optional={"api_key": _WORDS}),
    version=st.sampled_from(["2024-10-21", DATED]),
    environment=st.fixed_dictionaries(
        {"AZURE_OPENAI_ENDPOINT": st.sampled_from([HOST, f"{HOST}/", "http://127.0.0.1:9000"])},
        optional={"AZURE_OPENAI_API_KEY": _WORDS, "AZURE_OPENAI_AD_TOKEN": _WORDS},
    ),
    given_version=st.booleans(),
)
async def test_any_environment_gives_the_sdks_request(
    config: dict[str, Any], version: str, environment: dict[str, str], given_version: bool
) -> None:
    if not config and len(environment) == 1:
        config = {"api_key": "one"}
    if given_version:
        config = {**config, "api_version": version}
    else:
        environment = {**environment, "OPENAI_API_VERSION": version}
    expected = await sent_by_the_sdk(config, environment)
    assert await sent_by_us(config, environment) == expected


@with_todays_openai
async def test_a_given_endpoint_is_the_sdks() -> None:
    config = {"azure_endpoint": HOST, "api_key": "given-key", "api_version": DATED}
    environment = {
        "AZURE_OPENAI_ENDPOINT": "https://other.openai.azure.com",
        "OPENAI_API_VERSION": "2024-10-21",
    }
    expected = (
        f"{HOST}/openai/deployments/gpt-4o/chat/completions?api-version={DATED}",
        {"api-key": "given-key"},
    )
    assert await sent_by_us(config, environment) == await sent_by_the_sdk(config, environment) == expected


async def test_a_function_gives_tokens_of_entra() -> None:
    given = {"azure_endpoint": HOST, "api_key": lambda: "token-of-entra"}
    url, headers = await sent_by_us(given, {"AZURE_OPENAI_API_KEY": "a-key"})
    assert url.startswith(f"{HOST}/openai/v1/")
    assert headers == {"authorization": "Bearer token-of-entra"}


# Which API


@pytest.mark.parametrize(
    ("config", "environment", "provider", "address", "query"),
    [
        ({"azure_endpoint": HOST}, {}, "azure", f"{HOST}/openai/v1", ""),
        ({"azure_endpoint": f"{HOST}/openai/"}, {}, "azure", f"{HOST}/openai/v1", ""),
        ({"azure_endpoint": f"{HOST}/openai/v1/"}, {}, "azure", f"{HOST}/openai/v1", ""),
        ({"azure_endpoint": HOST, "api_version": "v1"}, {}, "azure", f"{HOST}/openai/v1", ""),
        (
            {"azure_endpoint": HOST, "api_version": "preview"},
            {"OPENAI_API_VERSION": DATED},
            "azure",
            f"{HOST}/openai/v1",
            "api-version=preview",
        ),
        (
            {"azure_endpoint": HOST, "api_version": "latest"},
            {},
            "azure",
            f"{HOST}/openai/v1",
            "api-version=latest",
        ),
        ({"azure_endpoint": HOST, "api_version": DATED}, {}, "azure-deployments", f"{HOST}/openai", DATED),
        (
            {},
            {"AZURE_OPENAI_ENDPOINT": HOST, "OPENAI_API_VERSION": DATED},
            "azure-deployments",
            f"{HOST}/openai",
            DATED,
        ),
        # The address says which API it is of, and outranks a variable that is for the other.
        ({"base_url": f"{HOST}/openai/v1"}, {"OPENAI_API_VERSION": DATED}, "azure", f"{HOST}/openai/v1", ""),
        (
            {"base_url": "http://gate/openai"},
            {"OPENAI_API_VERSION": DATED},
            "azure-deployments",
            "http://gate/openai",
            DATED,
        ),
        ({"base_url": f"http://gate/x?api-version={DATED}"}, {}, "azure-deployments", "http://gate/x", DATED),
        (
            {"base_url": f"http://gate/x?api-version={DATED}&a=1"},
            {"OPENAI_API_VERSION": "2024-10-21"},
            "azure-deployments",
            "http://gate/x",
            f"{DATED}&a=1",
        ),
        (
            {"base_url": "http://gate/x?a=1", "api_version": DATED},
            {},
            "azure-deployments",
            "http://gate/x",
            f"a=1&api-version={DATED}",
        ),
        ({"base_url": "http://gate/v1/"}, {"OPENAI_API_VERSION": DATED}, "azure", "http://gate/v1", ""),
        ({"base_url": "http://gate/x"}, {"AZURE_OPENAI_ENDPOINT": HOST}, "azure", "http://gate/x", ""),
    ],
)
def test_the_address_and_the_version_tell_the_api(
    config: dict[str, Any], environment: dict[str, str], provider: str, address: str, query: str
) -> None:
    found = resolved({"provider": "azure", "api_key": "a-key", **config}, environment)
    told = f"api-version={query}" if query[:1].isdecimal() else query
    assert (found.provider, found.address, found.query) == (provider, address, told)
    # A deployment's name means what the resource says.
    assert found.cache_scope == address + (f"?{told}" if told else "")
    ours = address.startswith(HOST)
    assert found.custom_endpoint == (None if ours else found.cache_scope)


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        (
            {},
            "azure_endpoint: no address of a resource of Azure OpenAI is given",
            "set AZURE_OPENAI_ENDPOINT, or pass LLMClient(azure_endpoint=...); it is like https://my-resource.",
        ),
        (
            {"azure_endpoint": HOST, "api_key": None},
            "api_key: no Azure OpenAI key is given",
            "set AZURE_OPENAI_API_KEY, or pass LLMClient",
        ),
        ({"azure_endpoint": HOST, "base_url": HOST}, "azure_endpoint and base_url: give one of them", ""),
        (
            {"azure_endpoint": HOST, "api_version": "2024-1"},
            "api_version='2024-1' is not usable; allowed: a date such as 2024-10-21, or one of v1, preview",
            "",
        ),
        (
            {"azure_endpoint": f"{HOST}?a=1"},
            "azure_endpoint: the address has a query",
            f"use {HOST}, and api_version",
        ),
        ({"azure_endpoint": "https://user:pass@h"}, "azure_endpoint=.* is not usable", ""),
        ({"azure_endpoint": "ftp://h"}, "azure_endpoint='ftp://h' is not usable", ""),
        (
            {"azure_endpoint": f"{HOST}/openai/deployments/my%20dep/chat/completions?api-version=1"},
            "azure_endpoint: the address is that of one deployment",
            f"give azure_endpoint='{HOST}', and model='my dep'",
        ),
        (
            {"base_url": f"{HOST}/openai/deployments/dep?api-version={DATED}"},
            "base_url: the address is that of one deployment",
            f"give azure_endpoint='{HOST}', and model='dep'",
        ),
        (
            {"base_url": f"{HOST}/openai/v1/responses"},
            "base_url: the address ends in /responses",
            f"use {HOST}/openai/v1",
        ),
        (
            {"base_url": f"{HOST}/openai/v1", "api_version": DATED},
            "api_version: .* is of the current API",
            "leave it out",
        ),
        (
            {"base_url": f"{HOST}/openai/v1?api-version={DATED}"},
            "base_url: .* is of the current API",
            "leave it out",
        ),
        (
            {"base_url": f"http://g/x?api-version={DATED}", "api_version": "2024-10-21"},
            "api_version and base_url name two versions",
            "leave api_version out",
        ),
        (
            {"provider": "azure-deployments", "azure_endpoint": HOST},
            "api_version: azure-deployments speaks dated",
            'set OPENAI_API_VERSION, such as 2024-10-21, or pass provider="azure"',
        ),
        (
            {"provider": "azure-deployments", "azure_endpoint": HOST, "api_version": "v1"},
            "api_version: azure-deployments",
            "set",
        ),
        (
            {"azure_endpoint": HOST, "organization": "o"},
            "organization is a setting for provider='openai'; the provider here is 'azure', which takes no",
            "leave it out",
        ),
        (
            {"azure_endpoint": HOST, "aws_region": "eu-west-1"},
            "aws_region is a setting for provider='bedrock'",
            "leave it out",
        ),
        (
            {"provider": "openai", "azure_endpoint": HOST},
            "azure_endpoint is a setting for provider='azure'; .* takes base_url",
            "leave it out, or pass provider='azure'",
        ),
    ],
)
def test_what_cannot_be_used_is_named(config: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        resolved({"provider": "azure", "api_key": "a-key", **config})
    assert caught.value.hint.startswith(hint)


# Secrets


def test_nothing_of_the_credentials_is_shown() -> None:
    secret = "azure-secret-7f3a"
    for config, environment in (
        ({"api_key": secret}, {}),
        ({}, {"AZURE_OPENAI_API_KEY": secret}),
        ({}, {"AZURE_OPENAI_AD_TOKEN": secret}),
        ({"base_url": f"https://gate/x?api-key={secret}&api-version={DATED}"}, {}),
    ):
        endpoint = {} if "base_url" in config else {"azure_endpoint": HOST}
        found = resolved({"provider": "azure", **endpoint, **config}, environment)
        assert secret in found.secrets
        assert secret not in repr(found) + repr(found.config) + repr(found.sources)
