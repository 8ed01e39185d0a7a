"""Azure and Anthropic over real sockets: paths, queries, credentials; refusals, waits and pages of models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from smartllm import LLMClient, TextRequest
from smartllm.errors import AuthenticationError, ConfigError, NotFoundError, QuotaError

DATED = "2025-04-01-preview"
CHAT = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
RESPONSE = {
    "id": "r-1",
    "object": "response",
    "status": "completed",
    "model": "m",
    "output": [
        {
            "type": "message",
            "id": "m-1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Paris", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
}
MESSAGE = {
    "id": "msg-1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Paris"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
ANSWERS = {"/chat/completions": CHAT, "/responses": RESPONSE, "/messages": MESSAGE}


class Sent(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


class Provider:
    """A provider's server.

    Attributes:
        sent: What came, oldest first.
        scripted: What to answer first, in order: status, body and headers.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.scripted: list[tuple[int, Any, dict[str, str]]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request of any path."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.json() if request.can_read_body else None
        self.sent.append(Sent(request.path_qs, headers, body))
        if self.scripted:
            status, reply, more = self.scripted.pop(0)
            return web.json_response(reply, status=status, headers=more)
        return web.json_response(next(value for end, value in ANSWERS.items() if request.path.endswith(end)))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found, app = Provider(), web.Application()
    app.router.add_route("*", "/{path:.*}", found.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


def asks(model: str, **more: Any) -> TextRequest[Any]:
    return TextRequest(prompt="hi", model=model, use_cache=False, **more)


async def test_dated_versions_of_azure(provider: Provider) -> None:
    given: Any = {"azure_endpoint": provider.url, "api_version": DATED, "api_key": "azure-key"}
    async with LLMClient(deployments={"front door": "gpt-4o"}, **given) as client:
        assert client.provider == "azure-deployments"
        assert (await client.generate_text(asks("front door"))).text == "Paris"
    async with openai.AsyncAzureOpenAI(max_retries=0, **given) as sdk:
        messages: Any = [{"role": "user", "content": "hi"}]
        await sdk.chat.completions.create(model="front door", messages=messages)
    ours, theirs = provider.sent
    assert ours.path == theirs.path
    assert ours.path == f"/openai/deployments/front%20door/chat/completions?api-version={DATED}"
    assert ours.headers["api-key"] == theirs.headers["api-key"] == "azure-key"
    assert "authorization" not in ours.headers
    assert ours.body["model"] == theirs.body["model"] == "front door"


async def test_responses_by_a_dated_version(provider: Provider) -> None:
    """Few versions have them: they are for who asks, and for models that have nothing else."""
    given: Any = {"azure_endpoint": provider.url, "api_version": DATED, "api_key": "azure-key"}
    async with LLMClient(**given) as client:
        await client.generate_text(asks("gpt-4o", api_type="responses"))
        await client.generate_text(asks("gpt-5-pro"))
    async with openai.AsyncAzureOpenAI(max_retries=0, **given) as sdk:
        await sdk.responses.create(model="gpt-4o", input="hi")
    assert [sent.path for sent in provider.sent] == [f"/openai/responses?api-version={DATED}"] * 3
    assert [sent.body["model"] for sent in provider.sent] == ["gpt-4o", "gpt-5-pro", "gpt-4o"]


@pytest.mark.parametrize("version", [None, "v1", "preview"])
async def test_the_current_api_of_azure(provider: Provider, version: str | None) -> None:
    async with LLMClient(azure_endpoint=provider.url, api_version=version, api_key="azure-key") as client:
        for api in ("responses", "chat_completions"):
            assert (await client.generate_text(asks("gpt-4o", api_type=api))).text == "Paris"
    query = "?api-version=preview" if version == "preview" else ""
    assert [sent.path for sent in provider.sent] == [
        f"/openai/v1/responses{query}",
        f"/openai/v1/chat/completions{query}",
    ]
    assert all(sent.headers["api-key"] == "azure-key" for sent in provider.sent)


async def test_a_token_of_entra_that_expired(provider: Provider) -> None:
    tokens = iter(["of-yesterday", "of-today"])
    provider.scripted = [(401, {"error": {"code": "401", "message": "of-yesterday has expired"}}, {})]
    async with LLMClient(azure_endpoint=provider.url, api_key=lambda: next(tokens), max_retries=0) as client:
        assert (await client.generate_text(asks("gpt-4o"))).text == "Paris"
    sent = [one.headers["authorization"] for one in provider.sent]
    assert sent == ["Bearer of-yesterday", "Bearer of-today"]


async def test_refusals_of_azure(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-secret-key")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", provider.url)
    missing = {"error": {"code": "DeploymentNotFound", "message": "no azure-secret-key"}}
    refused = {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}
    lost = {"error": {"code": "404", "message": "Resource not found"}}
    provider.scripted = [(404, missing, {"apim-request-id": "az-7"}), (401, refused, {}), (404, lost, {})]
    async with LLMClient(max_retries=0) as client:
        with pytest.raises(NotFoundError, match=r"no \[secret\]") as nowhere:
            await client.generate_text(asks("gpt-4o"))
        with pytest.raises(AuthenticationError) as wrong:
            await client.generate_text(asks("gpt-4o"))
        with pytest.raises(NotFoundError) as elsewhere:
            await client.generate_text(asks("gpt-4o"))
    told = f"POST {provider.url}/openai/v1/responses was called; check azure_endpoint, api_version"
    assert elsewhere.value.hint == told
    assert nowhere.value.request_id == "az-7"
    assert nowhere.value.hint.startswith("model is the name of a deployment")
    assert wrong.value.hint == "check the key; it comes from AZURE_OPENAI_API_KEY"


async def test_the_models_of_a_resource(provider: Provider) -> None:
    provider.scripted = [(200, {"data": [{"id": "gpt-4o", "lifecycle_status": "legacy"}]}, {})]
    async with LLMClient(azure_endpoint=provider.url, api_key="azure-key") as client:
        assert await client.list_available_model_ids() == ["gpt-4o"]
    assert provider.sent[0].path == "/openai/v1/models"
    assert provider.sent[0].headers["api-key"] == "azure-key"


async def test_anthropic(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{provider.url}/proxied/")
    busy = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    spent = {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "sk-ant-secret has spent it all",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
        "request_id": "req_7",
    }
    provider.scripted = [(529, busy, {"retry-after": "0"})]
    async with LLMClient(retry_delay=0) as client:
        assert (await client.generate_text(asks("claude-sonnet-4-6"))).text == "Paris"
        provider.scripted = [(429, spent, {})]
        with pytest.raises(QuotaError, match=r"429 from the provider: \[secret\] has spent") as quota:
            await client.generate_text(asks("claude-sonnet-4-6"))
    assert (quota.value.attempts, quota.value.request_id) == (1, "req_7")
    assert [sent.path for sent in provider.sent] == ["/proxied/v1/messages"] * 3
    for sent in provider.sent:
        assert sent.headers["x-api-key"] == "sk-ant-secret"
        assert sent.headers["anthropic-version"] == "2023-06-01"
        assert "authorization" not in sent.headers
        assert sent.body["model"] == "claude-sonnet-4-6"


async def test_pages_of_anthropics_models(provider: Provider) -> None:
    provider.scripted = [
        (200, {"data": [{"id": "claude-a"}], "has_more": True, "last_id": "claude-a"}, {}),
        (200, {"data": [{"id": "claude-b"}], "has_more": False, "last_id": "claude-b"}, {}),
    ]
    async with LLMClient(provider="anthropic", base_url=provider.url, api_key="sk-ant") as client:
        assert await client.list_available_model_ids() == ["claude-a", "claude-b"]
    assert [sent.path for sent in provider.sent] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=claude-a",
    ]
    assert all(sent.headers["anthropic-version"] == "2023-06-01" for sent in provider.sent)


async def test_one_that_takes_over_gets_none_of_the_others_settings(provider: Provider) -> None:
    provider.scripted = [(503, {"error": {"code": "ServiceUnavailable", "message": "busy"}}, {})]
    claude = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "base_url": provider.url,
        "api_key": "sk-ant",
    }
    client = LLMClient(
        azure_endpoint=provider.url,
        api_key="azure-key",
        api_version=DATED,
        deployments={"front": "gpt-4o"},
        max_retries=0,
        fallback=[claude],
    )
    async with client:
        assert (await client.generate_text(asks("front"))).text == "Paris"
    first, second = provider.sent
    assert first.path == f"/openai/deployments/front/chat/completions?api-version={DATED}"
    assert (second.path, second.body["model"]) == ("/v1/messages", "claude-sonnet-4-6")
    assert second.headers["x-api-key"] == "sk-ant"
    assert "api-key" not in second.headers


async def test_mantle_is_not_called_at_the_plain_address_where_another_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    keys: dict[str, Any] = {
        "aws_access_key_id": "AKID",
        "aws_secret_access_key": "secret",
        "aws_region": "us-east-1",
    }
    async with LLMClient(provider="bedrock-mantle", max_retries=0, **keys) as client:
        with pytest.raises(ConfigError) as caught:
            await client.generate_text("hi", model="openai.gpt-5.4", use_cache=False)
    assert "FIPS" in caught.value.message
    assert "Bedrock" in caught.value.message
    assert "endpoint_url" in caught.value.hint
