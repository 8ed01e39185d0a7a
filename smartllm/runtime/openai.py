"""OpenAI's APIs: the SDK knows key, headers and address; aiohttp carries the bytes."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler import Step
from smartllm.config import LLMConfig
from smartllm.errors import (
    QUOTA_CODES,
    RETRYABLE_STATUS,
    ConfigError,
    MissingExtraError,
    ProviderError,
)
from smartllm.runtime.control.retry import retry_after
from smartllm.runtime.transport import Answer, json_object, read_answer
from smartllm.runtime.wire.http import (
    FIRST_REDIRECT,
    POOL,
    Waits,
    environment_proxy,
    own_errors,
    redirect_hint,
    whole_body,
)
from smartllm.runtime.wire.sse_events import OpenAIEvents

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from openai import AsyncOpenAI

# Said here because the SDK takes an empty OPENAI_BASE_URL for an address.
_PUBLIC: Final = "https://api.openai.com/v1"
_REQUEST_ID: Final = "x-request-id"


class OpenAITransport:
    """Sends steps of the OpenAI dialects.

    The SDK's own post costs several times what aiohttp's does (docs/performance.md).
    """

    def __init__(self, config: LLMConfig) -> None:
        try:
            import aiohttp  # noqa: F401, PLC0415 - an extra, loaded on first use
            import openai  # noqa: PLC0415 - same
        except ImportError as error:
            raise MissingExtraError(
                f"provider='openai' needs the openai SDK and aiohttp ({error})",
                hint='pip install "smartllm[openai]"',
            ) from None
        connect, read = config.resolved_timeouts()
        self._waits = Waits(connect, read, "the network and base_url")
        self._pool = config.max_concurrent or POOL
        self._sdk = openai
        key = _key(config)
        self._client: AsyncOpenAI = openai.AsyncOpenAI(
            api_key=key,
            base_url=config.resolved_base_url() or _PUBLIC,
            organization=config.organization,
            max_retries=0,
            timeout=openai.Timeout(read, connect=connect),
        )
        self._address, self._headers, password = _opened(self._client)
        self.secrets: tuple[str, ...] = (key, password) if password else (key,)
        self._session: ClientSession | None = None
        self._proxy: str | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    async def send(self, step: Step) -> Answer:
        """Post the step's bytes."""
        with own_errors(self._waits, step.model):
            async with await self._post(step, "application/json") as response:
                request_id = response.headers.get(_REQUEST_ID)
                content = await whole_body(response, step.model, request_id)
        return read_answer(content, step.model, status=response.status, request_id=request_id)

    async def stream(self, step: Step) -> OpenAIEvents:
        """Post the step's bytes and read the answer as it comes."""
        with own_errors(self._waits, step.model):
            response = await self._post(step, "text/event-stream")
        request_id = response.headers.get(_REQUEST_ID)
        return OpenAIEvents(response, model=step.model, waits=self._waits, request_id=request_id)

    async def models(self) -> list[dict[str, Any]]:
        """All models that the endpoint lists."""
        try:
            return [model.to_dict() async for model in self._client.models.list()]
        except self._sdk.APIStatusError as error:
            response = error.response
            raise _status_error(error.status_code, response.headers, response.content, "") from None
        except self._sdk.APITimeoutError as error:
            kind = "connect" if "Connect" in type(error.__cause__).__name__ else "read"
            raise self._waits.too_slow(kind, "") from None
        except self._sdk.APIConnectionError as error:
            raise self._waits.unreachable(type(error.__cause__ or error).__name__, "") from None

    async def aclose(self) -> None:
        """Close all connections."""
        async with self._lock:
            self._closed = True
            session, self._session = self._session, None
            if session is not None:
                await session.close()
        await self._client.close()

    async def _post(self, step: Step, accept: str) -> ClientResponse:
        """The response to a step, not read yet.

        Raises:
            ProviderError: Its status tells of an error.
        """
        session = self._session or await self._connect()
        response = await session.post(
            self._address + step.operation.partition(" ")[2],
            data=step.payload,
            headers={**self._headers, "Accept": accept},
            proxy=self._proxy,
            allow_redirects=False,
        )
        if response.status < FIRST_REDIRECT:
            return response
        async with response:
            content = await whole_body(response, step.model, response.headers.get(_REQUEST_ID))
        raise _status_error(response.status, response.headers, content, step.model)

    async def _connect(self) -> ClientSession:
        import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

        async with self._lock:
            if self._closed:
                raise ConfigError("this client is closed; make a new one")
            if self._session is None:
                url = self._client.base_url
                # Certificates are read from the disk, which takes milliseconds.
                secure = await asyncio.to_thread(_trusted, self._sdk) if url.scheme == "https" else True
                self._proxy = environment_proxy(url.scheme, url.host)
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=self._pool, ssl=secure),
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=self._waits.connect, sock_read=self._waits.read
                    ),
                    cookie_jar=aiohttp.DummyCookieJar(),
                )
            return self._session


def _trusted(sdk: Any) -> ssl.SSLContext:
    """Certificates that the SDK trusts: its HTTP library decides, whose name differs by version."""
    _, client, *_ = sdk.DefaultAsyncHttpxClient.__mro__
    library = sys.modules[client.__module__.partition(".")[0]]
    context: ssl.SSLContext = library.create_ssl_context()
    return context


def _opened(client: AsyncOpenAI) -> tuple[str, dict[str, str], str | None]:
    """What the SDK would use: the address without credentials, the headers, a password in the address."""
    headers = {
        name: value
        for name, value in {**client.default_headers, **client.auth_headers}.items()
        if isinstance(value, str)  # else it stands for a header that is left out
    }
    url = client.base_url
    if url.userinfo:
        login = b64encode(f"{url.username}:{url.password}".encode())
        headers["Authorization"] = f"Basic {login.decode()}"
        url = url.copy_with(username=None, password=None)
    return str(url).rstrip("/"), headers, client.base_url.password or None


def _status_error(status: int, headers: Any, content: bytes, model: str) -> ProviderError:
    body: dict[str, Any] = json_object(content) or {}
    inner = body.get("error", body)
    body = inner if isinstance(inner, dict) else {}
    codes = [str(body[name]) for name in ("code", "type") if body.get(name)]
    message = str(body.get("message") or content[:200].decode(errors="replace"))
    return ProviderError(
        f"{status} from the provider: {message}",
        model=model,
        status=status,
        code=codes[0] if codes else None,
        request_id=headers.get(_REQUEST_ID),
        retry_after=retry_after(headers),
        retryable=status in RETRYABLE_STATUS and QUOTA_CODES.isdisjoint(codes),
        hint=redirect_hint(status, "base_url"),
    )


def _key(config: LLMConfig) -> str:
    key = config.api_key or os.environ.get("OPENAI_API_KEY")
    if not key:
        raise ConfigError(
            "api_key: no OpenAI key is given", hint="set OPENAI_API_KEY, or pass LLMConfig(api_key=...)"
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            "api_key: the key holds a character that no HTTP header may hold; allowed: printable ASCII",
            hint="look for a line break at its end",
        )
    return key
