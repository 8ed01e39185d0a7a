"""How a client finds its provider, key, address, model, region and credentials; and that it keeps secrets."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from wires import (
    CLAUDE,
    CONVERSE,
    INVOKE,
    Wire,
    each_bedrock_wire,
    each_wire,
    key_of,
    region_of,
    share_service_models,
)

from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import ConfigError, MissingExtraError, ProviderError, ProviderTimeoutError
from smartllm.testing import LoopbackServer, Reply

HELLO = TextRequest(prompt="hello there", use_cache=False)


@pytest.fixture
def server(running: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    """A server that the environment points at, for both providers; no credentials are set."""
    share_service_models(monkeypatch)
    monkeypatch.setenv("OPENAI_BASE_URL", running.openai_base_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
    running.reset()
    return running


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")


async def ask(client: LLMClient, request: TextRequest[Any] = HELLO) -> str:
    async with client:
        return (await client.generate_text(request)).text


# OpenAI


async def test_openai_from_the_environment(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4.1")
    assert await ask(LLMClient(provider="openai")) == "echo: hello there"
    assert await ask(LLMClient(LLMConfig(api_key="sk-given", default_model="gpt-4o"))) == "echo: hello there"
    first, second = server.requests
    assert (first.headers["authorization"], first.json["model"]) == ("Bearer sk-environment", "gpt-4.1")
    assert (second.headers["authorization"], second.json["model"]) == ("Bearer sk-given", "gpt-4o")


async def test_openai_settings_win_over_the_environment(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    config = LLMConfig(base_url=f"{server.url}/proxy/v1", api_key="sk-given", organization="org-1")
    await ask(LLMClient(config))
    [recorded] = server.requests
    assert recorded.path == "/proxy/v1/responses"
    assert recorded.headers["openai-organization"] == "org-1"


async def test_the_public_address_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("OPENAI_BASE_URL", value)
        calls = LLMClient(provider="openai", api_key="any")._calls
        assert calls._url(await calls._address(), "/responses") == "https://api.openai.com/v1/responses"


def test_a_missing_key_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="api_key: no OpenAI key is given") as caught:
        LLMClient(provider="openai")
    assert caught.value.hint == (
        "set OPENAI_API_KEY, or pass LLMClient(api_key=...); "
        "to try without a key: smartllm sandbox -- COMMAND"
    )


@pytest.mark.parametrize("key", ["sk-can\nary", "sk-канарейка"])
def test_an_unusable_key_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigError, match="api_key") as caught:
        LLMClient(provider="openai", api_key=key)
    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "module", "line"),
    [
        ("openai", "aiohttp", 'pip install "smartllm[openai]"'),
        ("bedrock", "aiohttp", 'pip install "smartllm[bedrock]"'),
        ("bedrock", "botocore", 'pip install "smartllm[bedrock]"'),
    ],
)
def test_a_missing_extra_names_the_pip_line(
    provider: Any, module: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        LLMClient(LLMConfig(provider=provider, api_key="any" if provider == "openai" else None))
    assert caught.value.hint == line
    assert isinstance(caught.value, ConfigError)


def test_a_config_or_settings_but_not_both() -> None:
    with pytest.raises(ConfigError, match=r"not both \(api_key, provider\)"):
        LLMClient(LLMConfig(), provider="openai", api_key="any")


# Bedrock


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_from_the_environment(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDROCK_MODEL", CLAUDE)
    assert await ask(LLMClient()) == "echo: hello there"
    assert server.requests[0].raw_path == INVOKE.raw_path()
    assert (key_of(server), region_of(server)) == ("AKIDENVIRONMENT", "us-east-1")


@pytest.mark.usefixtures("aws_keys")
async def test_the_region_chain(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    await ask(LLMClient(provider="bedrock"))
    assert region_of(server) == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    await ask(LLMClient(provider="bedrock"))
    assert region_of(server) == "eu-central-1"
    await ask(LLMClient(provider="bedrock", aws_region="ap-southeast-2"))
    assert region_of(server) == "ap-southeast-2"


@each_bedrock_wire
@pytest.mark.usefixtures("aws_keys")
async def test_given_keys_come_first(
    wire: Wire, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-the-environment")
    client = LLMClient(
        aws_access_key_id="AKIDGIVEN", aws_secret_access_key="given", aws_session_token="session"
    )
    await ask(client, wire.request())
    assert server.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDGIVEN/")
    assert server.requests[0].headers["x-amz-security-token"] == "session"


async def test_a_bearer_token_is_enough(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-the-environment")
    await ask(LLMClient(), INVOKE.request())
    assert server.requests[0].headers["authorization"] == "Bearer bearer-of-the-environment"


async def test_a_shared_credentials_file(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = file-secret\n"
        "[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = other-secret\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    await ask(LLMClient(provider="bedrock"))
    assert key_of(server) == "AKIDFILE"
    monkeypatch.setenv("AWS_PROFILE", "other")
    await ask(LLMClient())
    assert key_of(server) == "AKIDOTHER"


async def test_no_aws_credentials(server: LoopbackServer) -> None:
    with pytest.raises(ConfigError, match="Unable to locate credentials") as caught:
        await ask(LLMClient(provider="bedrock"))
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    assert server.requests == []


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_PROFILE", "nobody", "The config profile .nobody. could not be found"),
        ("AWS_ACCESS_KEY_ID", "AKIDALONE", "Partial credentials found"),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "no url", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME='no url'"),
        ("AWS_REGION", "no region!", "AWS_REGION='no region!'"),
    ],
)
async def test_unusable_aws_settings(
    variable: str, value: str, message: str, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=message):
        await ask(LLMClient(provider="bedrock"))
    assert server.requests == []


@pytest.mark.usefixtures("aws_keys")
async def test_bedrock_timeouts_from_the_environment(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDROCK_READ_TIMEOUT", "0.2")
    server.script(Reply(delay=5))
    with pytest.raises(ProviderTimeoutError, match=r"read_timeout=0\.2 s"):
        await ask(LLMClient(provider="bedrock", max_retries=0))
    for name in ("BEDROCK_READ_TIMEOUT", "BEDROCK_CONNECT_TIMEOUT"):
        monkeypatch.setenv(name, "soon")
        with pytest.raises(ConfigError, match=f"{name}='soon' is not usable; allowed: seconds"):
            LLMClient(provider="bedrock")
        monkeypatch.delenv(name)


async def test_a_converse_field_that_botocore_does_not_know_is_sent(server: LoopbackServer) -> None:
    await ask(CONVERSE.client(server.url), CONVERSE.request(extra={"brandNew": 1}))
    assert server.requests[0].json["brandNew"] == 1


# Secrets

CANARIES = {
    "openai": {"api_key": "sk-canary-0001"},
    "bedrock": {"aws_secret_access_key": "aws-canary-0002", "aws_session_token": "token-canary-0003"},
}


@each_wire
@pytest.mark.parametrize("status", [200, 401, 403, 500, None, "body", "stream", "text"])
async def test_no_secret_leaves(
    wire: Wire, status: int | str | None, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    log, listener = logging.getLogger("smartllm"), logging.StreamHandler(stream)
    monkeypatch.setattr(log, "level", logging.DEBUG)
    log.addHandler(listener)
    canaries = CANARIES[wire.provider]
    *_, last = canaries.values()
    echo = f"no: {' '.join(canaries.values())}\n'x-amz-security-token:{last}'"
    if status is None:
        server.script(*[Reply(cut_after=0)] * 2)
    elif status == "body":
        server.script(*[Reply(raw=echo.encode())] * 2)
    elif isinstance(status, str):
        event = {"type": "throttlingException", "code": "rate_limit_exceeded", "message": echo}
        server.script(*[Reply(stream_error=event, stream_error_after={"text": -2}.get(status, 0))] * 2)
    elif status != 200:
        failed = Reply(status=status, error_code="SignatureDoesNotMatch", error_message=echo)
        server.script(*[failed] * 2)
    config = LLMConfig(**{**wire.settings(server.url, max_retries=1), **canaries})
    client = LLMClient(config)
    said = [repr(config), str(config), repr(client), str(client.__dict__)]
    error: ProviderError | None = None
    try:
        request = wire.request(
            temperature=0.1, top_p=0.1, top_k=3, on_progress=lambda event: said.append(str(event))
        )
        if status in {"stream", "text"}:
            said.extend([repr(chunk) async for chunk in client.generate_text_stream(request)])
        else:
            said.append(repr(await client.generate_text(request)))
    except ProviderError as raised:
        error = raised
    finally:
        log.removeHandler(listener)
        await client.aclose()
    assert (error is None) == (status == 200)
    if error is not None:
        assert error.__context__ is None
        said += [str(error), repr(error), repr(error.__dict__), *traceback.format_exception(error)]
    said.append(stream.getvalue())
    assert said[-1] != ""
    for secret in canaries.values():
        assert secret not in "\n".join(said)
