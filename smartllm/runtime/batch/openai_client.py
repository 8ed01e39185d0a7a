"""The openai SDK's client for files and batches: our settings, our retries, and errors that are ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.errors import (
    MissingExtraError,
    ProviderError,
    ProviderTimeoutError,
    ResponseError,
    SmartLLMError,
)
from smartllm.hosts.called import Called, shown_address
from smartllm.hosts.openai import openai_error
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.runtime.authorised import auth_of
from smartllm.runtime.batch.attempts import Attempts
from smartllm.runtime.wire.causes import connection_error

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from smartllm.settings import Settings

T = TypeVar("T")

# All others are of our settings, whatever the SDK finds in the environment meanwhile.
_KEPT: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_SDKS_OWN: Final = "x-stainless-"
_NO_SUCH_PATH: Final = frozenset({404, 405})
# A server of few words answers so, and one whose file is gone: its content tells which.
_UNTOLD: Final = frozenset({404, 405, 501})
_SHOWN: Final = 200
_HTTP: Final = frozenset({"httpx", "httpx2", "httpcore", "httpcore2"})
_UNKNOWN: Final = "if this server knows no Batch API, answer the requests online: smartllm batch run"


class OpenAIClient:
    """Calls of the openai SDK, in one event loop.

    Its own retries are off: one layer retries, and never what begins a job.

    Args:
        settings: Address, key, headers, proxy, certificates, time limits and retries.
        sleep: Waits between attempts.
    """

    def __init__(
        self, settings: Settings, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._row = host_row(settings.provider, load_rules(settings.rules))
        self._auth = auth_of(self._row, settings)
        self._attempts = Attempts(settings, lambda: self._auth.secrets, sleep)
        self._opened: AsyncOpenAI | None = None
        self._lock = asyncio.Lock()

    async def json(
        self, make: Callable[[AsyncOpenAI], Awaitable[Any]], *, model: str = "", once: bool = False
    ) -> dict[str, Any]:
        """The JSON object that a call gives.

        Args:
            make: Makes the call, with a raw response.
            model: Model id, for errors.
            once: Never try again.

        Raises:
            ProviderError: The call failed.
        """

        async def attempt() -> dict[str, Any]:
            limit = self._settings.total_timeout
            try:
                async with asyncio.timeout(limit):
                    raw = await make(await self._client())
                    return _object(raw.http_response, model)
            except TimeoutError:
                raise ProviderTimeoutError("total", limit, model=model, retryable=True) from None

        return await self._attempts.make(lambda: self._told(attempt, model), once=once)

    async def whole(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What several calls give, all of them made again where one of them failed in passing.

        Raises:
            ProviderError: The last error.
        """
        return await self._attempts.make(attempt)

    async def size(self, file: str, model: str) -> int | None:
        """How long a file is, asked once; None where the server does not tell.

        Raises:
            ProviderError: It does not answer.
        """
        try:
            about = await self.json(
                lambda sdk: sdk.files.with_raw_response.retrieve(file), model=model, once=True
            )
        except ResponseError:
            return None
        except ProviderError as error:
            if error.status not in _UNTOLD:
                raise
            return None
        told = about.get("bytes")
        return told if isinstance(told, int) and told > 0 else None

    async def content(self, file: str, model: str, size: int | None = None) -> AsyncIterator[bytes]:
        """The parts of a file, as they come.

        Args:
            file: The file.
            model: Model id, for errors.
            size: How long it is, where that is known.

        Raises:
            ProviderError: It cannot be had, or broke off.
        """
        client, had = await self._client(), 0
        try:
            async with client.files.with_streaming_response.content(file) as response:
                async for part in response.iter_bytes(1 << 20):
                    had += len(part)
                    yield part
        except Exception as error:
            ours = self._ours(error, model)
            if ours is None:
                raise
            raise ours from None
        if size is not None and had < size:
            raise ProviderError(
                f"the file {file} broke off {size - had:,} bytes before its end", model=model, retryable=True
            )

    async def aclose(self) -> None:
        """Close the connections."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def _told(self, call: Callable[[], Awaitable[T]], model: str) -> T:
        """What a call gives, its errors ours."""
        try:
            return await call()
        except Exception as error:
            ours = self._ours(error, model)
            if ours is None:
                raise
            raise ours from None

    async def _client(self) -> AsyncOpenAI:
        async with self._lock:
            if self._opened is None:
                self._opened = await asyncio.to_thread(self._open)
            return self._opened

    def _open(self) -> AsyncOpenAI:
        try:
            import openai  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise MissingExtraError(
                f"batches at {self._row.title} need the openai SDK ({error})",
                hint='pip install "smartllm[openai]"',
            ) from None
        settings = self._settings
        secure = settings.address.startswith("https:")
        http = openai.DefaultAsyncHttpxClient(
            proxy=settings.proxy,
            verify=settings.certificates.context() if secure else True,
            # Proxies and certificates are settled by now.
            trust_env=False,
            # A redirect would take the key to anywhere.
            follow_redirects=False,
            event_hooks={"request": [self._sign]},
            timeout=openai.Timeout(settings.read_timeout, connect=settings.connect_timeout),
        )
        return openai.AsyncOpenAI(
            api_key="in the hook below",
            base_url=settings.address,
            max_retries=0,
            timeout=openai.Timeout(settings.read_timeout, connect=settings.connect_timeout),
            http_client=http,
        )

    async def _sign(self, request: Any) -> None:
        """Give a request of the SDK's our headers and query, in place of those that it found itself."""
        settings = self._settings
        for name in list(request.headers):
            if name.lower() not in _KEPT and not name.lower().startswith(_SDKS_OWN):
                del request.headers[name]
        signed = await self._auth.sign(request.method, str(request.url), settings.default_headers, b"")
        request.headers.update(signed)
        if settings.query:
            url = str(request.url)
            request.url = type(request.url)(f"{url}{'&' if '?' in url else '?'}{settings.query}")

    def _ours(self, error: Exception, model: str) -> ProviderError | None:
        """Our error for what the SDK or its HTTP library raised; None for what is none of theirs."""
        if isinstance(error, SmartLLMError):  # such as that the SDK is not there
            return None
        import openai  # noqa: PLC0415 - loaded by now

        address = _address(error) or self._settings.address
        if isinstance(error, openai.APIStatusError):
            return self._status_error(error, model, address)
        if not (isinstance(error, openai.APIError) or _module(error) in _HTTP):
            return None
        for cause in _causes(error):
            slow = type(cause).__name__
            if slow.endswith("Timeout"):
                kind = "connect" if slow.startswith(("Connect", "Pool")) else "read"
                settings = self._settings
                seconds = settings.connect_timeout if kind == "connect" else settings.read_timeout
                return ProviderTimeoutError(
                    kind, seconds, model=model, retryable=True, address=shown_address(address)
                )
        return connection_error(
            _root(error),
            model=model,
            address=address,
            proxy=self._settings.proxy,
            certificates_source=self._settings.certificates.source.name,
        )

    def _status_error(self, error: Any, model: str, address: str) -> ProviderError:
        settings, response = self._settings, error.response
        called = Called(
            model=model,
            id_header=self._row.id_header,
            address=address,
            method=response.request.method,
            public=settings.custom_endpoint is None,
            key_source=settings.key_source,
        )
        ours = openai_error(response.status_code, response.headers, response.content, called)
        if ours.status in _NO_SUCH_PATH and ours.code is None and not called.public:
            ours.hint = f"{ours.hint}; {_UNKNOWN}" if ours.hint else _UNKNOWN
        return ours


def _object(response: Any, model: str) -> dict[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise ResponseError(
        f"the provider's answer is no JSON object: {response.content[:_SHOWN]!r}",
        model=model,
        status=response.status_code,
        address=shown_address(str(response.request.url)),
        retryable=True,
        hint="check that the address points at the API itself",
    )


def _causes(error: BaseException) -> list[BaseException]:
    """An error and those that led to it."""
    found: list[BaseException] = [error]
    while (cause := found[-1].__cause__ or found[-1].__context__) is not None and cause not in found:
        found.append(cause)
    return found


def _root(error: BaseException) -> BaseException:
    """What the system or TLS said, where they did; else the last word of the HTTP library."""
    causes = _causes(error)
    system = (each for each in reversed(causes) if isinstance(each, OSError))
    return next(system, causes[min(1, len(causes) - 1)])


def _address(error: BaseException) -> str:
    try:
        return str(error.request.url)  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):  # httpx's raises where no request is known
        return ""


def _module(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]
