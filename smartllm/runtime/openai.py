"""OpenAI's APIs, and servers that speak them: addresses, headers and errors over the one HTTP transport.

What the openai SDK would send is held by tests that compare (tests/unit/test_settings*.py): its own post
costs several times what aiohttp's does, and loading it most of a cold start (docs/performance.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler import Step
from smartllm.errors import ProviderError
from smartllm.runtime.listing import openai_models
from smartllm.runtime.status_errors import ID_HEADER, openai_error
from smartllm.runtime.transport import Answer, parsed, read_answer, require
from smartllm.runtime.wire.auth import FixedHeaders
from smartllm.runtime.wire.http import HttpTransport, WireRequest
from smartllm.runtime.wire.sse_events import OpenAIEvents
from smartllm.runtime.wire.way import Way
from smartllm.settings import Settings

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_CONTENT: Final = {"Content-Type": "application/json"}


class OpenAITransport:
    """Sends steps of the OpenAI dialects.

    Raises:
        MissingExtraError: aiohttp is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        require("openai", "aiohttp")
        self._settings = settings
        self._auth = FixedHeaders(settings.headers, settings.secrets)
        self._http = HttpTransport(Way.of(settings), ID_HEADER)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat."""
        return self._auth.secrets

    async def send(self, step: Step) -> Answer:
        """Post the step's bytes."""
        with self._http.way.own_errors(step.model):
            async with await self._post(step, "application/json") as response:
                content = await self._http.whole(response, step.model)
        return read_answer(
            content,
            step.model,
            status=response.status,
            request_id=self._http.id_of(response),
            address=self._url(step.path),
            elsewhere=self._settings.custom_endpoint is not None,
        )

    async def stream(self, step: Step) -> OpenAIEvents:
        """Post the step's bytes and read the answer as it comes."""
        response = await self._post(step, "text/event-stream")
        request_id = self._http.id_of(response)
        return OpenAIEvents(response, model=step.model, way=self._http.way, request_id=request_id)

    async def models(self) -> list[dict[str, Any]]:
        """All models that the endpoint lists."""
        url = self._url("/models")
        with self._http.way.own_errors(""):
            headers = await self._auth.sign("GET", url, {"Accept": "application/json"}, b"")
            async with await self._http.send(
                WireRequest("GET", url, headers, b"", ""), self._refused
            ) as response:
                content = await self._http.whole(response, "")
        return openai_models(parsed(content))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _url(self, path: str) -> str:
        settings = self._settings
        return f"{settings.address}{path}" + (f"?{settings.query}" if settings.query else "")

    async def _post(self, step: Step, accept: str) -> ClientResponse:
        url = self._url(step.path)
        headers = await self._auth.sign("POST", url, {**_CONTENT, "Accept": accept}, step.payload)
        return await self._http.send(
            WireRequest("POST", url, headers, step.payload, step.model), self._refused
        )

    def _refused(self, request: WireRequest, response: ClientResponse, content: bytes) -> ProviderError:
        settings, source = self._settings, self._settings.sources.get("api_key")
        return openai_error(
            response.status,
            response.headers,
            content,
            request.model,
            request.url,
            public=settings.custom_endpoint is None,
            method=request.method,
            key_source=None if source is None else source.name,
        )
