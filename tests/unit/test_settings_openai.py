"""OpenAI's settings: address and headers are those that the openai SDK itself would send."""

from __future__ import annotations

import json
import sys
from typing import Any

import openai
import pytest
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from versions import with_todays_openai

from smartllm import LLMConfig
from smartllm.errors import ConfigError
from smartllm.settings import Settings

_HTTP: Any = sys.modules[openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0]]
_OTHERS = ("accept", "user-agent", "connection", "content-", "x-stainless", "host")


class Recorder(_HTTP.AsyncBaseTransport):  # type: ignore[misc]
    """The wire's end of the SDK: keeps what would be sent."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    async def handle_async_request(self, request: Any) -> Any:
        self.requests.append(request)
        body = {"id": "r", "object": "response", "created_at": 0, "model": "m", "output": []}
        return _HTTP.Response(200, json=body)


async def sent_by_the_sdk(config: dict[str, Any], environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    """URL and headers of a call of the SDK's."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        http = openai.DefaultAsyncHttpxClient(transport=recorder)
        async with openai.AsyncOpenAI(**config, max_retries=0, http_client=http) as client:
            await client.responses.create(model="m", input="hi")
    [request] = recorder.requests
    headers = {name: value for name, value in request.headers.items() if not name.startswith(_OTHERS)}
    return str(request.url), headers


def sent_by_us(config: dict[str, Any], environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    """URL and headers that our settings stand for."""
    resolved = Settings.resolve(LLMConfig(provider="openai", **config), environment)
    url = str(_HTTP.URL(f"{resolved.address}/responses"))
    return url, {name.lower(): value for name, value in resolved.headers.items()}


BASES = [
    base
    for base in (
        "http://127.0.0.1:8000/v1",
        "http://127.0.0.1:8000/v1/",
        "https://eu.api.openai.com/v1",
        "HTTP://Host.Example:8080/V1",
        "http://host.example",
        "http://host.example/",
        "http://host.example:80/v1",
        "http://[::1]:8080/v1",
        "http://host.example/a%20b/v1",
        "http://host.example/ä/v1",
        "http://bücher.example/v1",
    )
    # A variable cannot hold every letter in every locale.
    if base.isascii() or sys.getfilesystemencoding() == "utf-8"
]
LOGINS = [
    "http://user:pass@host/v1",
    "http://user@host/v1",
    "http://:pass@host/v1",
    "http://u%40x:p%3Aw@host/v1",
]
CUSTOM = [
    "",
    "X-One: 1",
    "X-One: 1\nX-Two:two words \n\nno colon here\nX-Three:",
    "X-One: 1\nx-one: 2",
    "authorization: Token custom",
    "Authorization:Token custom\nOpenAI-Organization: org-custom",
    "OpenAI-Project: proj-custom",
    "X-Colons: a:b:c",
    "X-Lines: 1\r\nX-More: 2\r",
]


@pytest.mark.parametrize("base", BASES + LOGINS)
@pytest.mark.parametrize("from_environment", [False, True])
async def test_the_address_is_the_sdks(base: str, from_environment: bool) -> None:
    config: dict[str, Any] = {} if from_environment else {"base_url": base}
    environment = {"OPENAI_API_KEY": "sk-environment"} | (
        {"OPENAI_BASE_URL": base} if from_environment else {}
    )
    expected_url, expected = await sent_by_the_sdk(config, environment)
    url, headers = sent_by_us(config, environment)
    assert str(_HTTP.URL(url)) == str(_HTTP.URL(expected_url).copy_with(username=None, password=None))
    assert headers == expected


@with_todays_openai
@pytest.mark.parametrize("custom", CUSTOM)
@pytest.mark.parametrize("base", ["http://host/v1", LOGINS[0]])
async def test_the_headers_are_the_sdks(custom: str, base: str) -> None:
    environment = {
        "OPENAI_API_KEY": "sk-environment",
        "OPENAI_ORG_ID": "org-environment",
        "OPENAI_PROJECT_ID": "proj-environment",
        "OPENAI_CUSTOM_HEADERS": custom,
    }
    for config in (
        {"base_url": base},
        {"base_url": base, "api_key": "sk-given", "organization": "org-given"},
    ):
        assert sent_by_us(config, environment)[1] == (await sent_by_the_sdk(config, environment))[1]


_WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True).map("X-".__add__)
_MAYBE = st.none() | _WORDS


@with_todays_openai
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    given=st.fixed_dictionaries({}, optional={"api_key": _WORDS, "organization": _WORDS}),
    environment=st.fixed_dictionaries(
        {"OPENAI_API_KEY": _WORDS},
        optional={
            "OPENAI_ORG_ID": _WORDS,
            "OPENAI_PROJECT_ID": _WORDS,
            "OPENAI_CUSTOM_HEADERS": st.lists(st.tuples(_NAMES, _WORDS), max_size=4).map(
                lambda rows: "\n".join(f"{name}: {value}" for name, value in rows)
            ),
            "OPENAI_BASE_URL": st.sampled_from(BASES),
        },
    ),
)
async def test_any_environment_gives_the_sdks_request(
    given: dict[str, Any], environment: dict[str, str]
) -> None:
    expected_url, expected = await sent_by_the_sdk(given, environment)
    url, headers = sent_by_us(given, environment)
    assert (str(_HTTP.URL(url)), headers) == (expected_url, expected)


def test_the_public_address_is_the_sdks() -> None:
    client = openai.AsyncOpenAI(api_key="any")
    assert f"{Settings.resolve(LLMConfig(api_key='k'), {}).address}/" == str(client.base_url)


# Where we do better than the SDK, or otherwise


def test_a_custom_header_wins_in_any_spelling() -> None:
    environment = {"OPENAI_ORG_ID": "org", "OPENAI_CUSTOM_HEADERS": "openai-ORGANIZATION: custom"}
    resolved = Settings.resolve(LLMConfig(base_url="http://host/v1"), environment)
    assert dict(resolved.headers) == {"openai-ORGANIZATION": "custom"}


def test_a_query_stays_at_the_end() -> None:
    resolved = Settings.resolve(LLMConfig(base_url="http://host/openai/?api-version=1&key=canary"), {})
    assert (resolved.address, resolved.query) == ("http://host/openai", "api-version=1&key=canary")
    assert resolved.custom_endpoint == "http://host/openai?api-version=1&key=canary"
    assert resolved.secrets == ("canary",)


@pytest.mark.parametrize("where", ["setting", "environment"])
def test_another_server_needs_no_key(where: str) -> None:
    base = "http://127.0.0.1:8000/v1"
    config = LLMConfig(provider="openai", base_url=base if where == "setting" else None)
    resolved = Settings.resolve(config, {"OPENAI_BASE_URL": base} if where == "environment" else {})
    assert dict(resolved.headers) == {}
    assert "api_key" not in resolved.sources


@pytest.mark.parametrize("base", [None, "https://api.openai.com/v1", "https://api.openai.com/v1/"])
def test_the_public_address_needs_a_key(base: str | None) -> None:
    config = LLMConfig(provider="openai", base_url=base)
    with pytest.raises(ConfigError, match="api_key: no OpenAI key is given"):
        Settings.resolve(config, {})
    assert Settings.resolve(config, {}, sends=False).headers == {}
    assert Settings.resolve(config, {"OPENAI_API_KEY": "k"}).custom_endpoint is None
    custom = {"OPENAI_CUSTOM_HEADERS": "authorization: Token t"}
    assert dict(Settings.resolve(config, custom).headers) == {"authorization": "Token t"}


def test_the_public_host_with_a_query_is_another_server() -> None:
    resolved = Settings.resolve(LLMConfig(base_url="https://api.openai.com/v1?tenant=1"), {})
    assert resolved.custom_endpoint == resolved.cache_scope == "https://api.openai.com/v1?tenant=1"


def test_white_space_around_a_key_is_left_out() -> None:
    resolved = Settings.resolve(LLMConfig(api_key=" sk-given\n"), {"OPENAI_PROJECT_ID": "\tproj\r\n"})
    assert dict(resolved.headers) == {"Authorization": "Bearer sk-given", "OpenAI-Project": "proj"}
    assert resolved.secrets == ("sk-given",)


@pytest.mark.parametrize(
    "value", ["can\nary", "can\rary", "can\x00ary", "канарейка", "can\udc80ary", "“canary”"]
)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("OPENAI_API_KEY", False),
        ("OPENAI_ORG_ID", False),
        ("OPENAI_PROJECT_ID", False),
        ("OPENAI_CUSTOM_HEADERS", False),
        ("organization", True),
        ("api_key", False),
    ],
)
def test_what_no_header_may_hold_is_refused_by_name(name: str, value: str, shown: bool) -> None:
    environment = {"OPENAI_API_KEY": "k"}
    if name == "OPENAI_CUSTOM_HEADERS" and value == "can\nary":
        value = "can\x0bary"
    if name.isupper():
        environment[name] = f"X-A: {value}" if "HEADERS" in name else value
    given: dict[str, Any] = {} if name.isupper() else {name: value}
    with pytest.raises(ConfigError, match=f"^{name}") as caught:
        Settings.resolve(LLMConfig(provider="openai", **given), environment)
    assert shown or value not in str(caught.value)


@pytest.mark.parametrize(
    "line", [": value", "a b: 1", "Content-Length: 7", "transfer-encoding: chunked", "Ä: 1", "a\x00: 1"]
)
def test_what_is_no_header_is_refused(line: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^OPENAI_CUSTOM_HEADERS: .* is not the name of a header that may be set"
    ):
        Settings.resolve(LLMConfig(api_key="k"), {"OPENAI_CUSTOM_HEADERS": line})


@pytest.mark.parametrize("ending", ["/chat/completions", "/responses", "/responses/", "/models"])
@pytest.mark.parametrize("variable", ["base_url", "OPENAI_BASE_URL"])
def test_the_address_of_one_operation_names_the_right_one(variable: str, ending: str) -> None:
    url = f"http://host/v1{ending}"
    config = LLMConfig(provider="openai", base_url=url if variable == "base_url" else None)
    with pytest.raises(ConfigError, match=f"^{variable}: the address ends in {ending.rstrip('/')}") as caught:
        Settings.resolve(config, {"OPENAI_BASE_URL": url})
    assert caught.value.hint == "use http://host/v1"


def test_a_long_password_is_a_password() -> None:
    long = "p" * 200
    resolved = Settings.resolve(LLMConfig(base_url=f"http://user:{long}@host/v1"), {})
    assert (resolved.address, long in resolved.secrets) == ("http://host/v1", True)


def test_a_login_is_sent_and_not_shown() -> None:
    resolved = Settings.resolve(LLMConfig(base_url="http://user:can%61ry@host/v1", api_key="k"), {})
    assert resolved.address == resolved.custom_endpoint == "http://host/v1"
    assert resolved.headers["Authorization"].startswith("Basic ")
    assert {"canary", "can%61ry"} <= set(resolved.secrets)
    assert "can" not in repr(resolved).replace("cancel", "")
    assert json.dumps(dict(resolved.headers)).count("Authorization") == 1
