"""aiobotocore's clients for S3 and Bedrock's control plane, with our settings and our errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.environment import Environment
from smartllm.errors import ConfigError, ProviderError, ProviderTimeoutError, ResponseError, SmartLLMError
from smartllm.hosts.aws import aws_error
from smartllm.hosts.called import Called, shown_address
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.batch.attempts import Attempts
from smartllm.runtime.batch.aws_rights import code_hint, denied_hint
from smartllm.runtime.cache.aws_http import direct_session
from smartllm.runtime.wire.causes import connection_error
from smartllm.settings.aws_address import needs_botocore, public_address

if TYPE_CHECKING:
    from smartllm.settings import Settings

T = TypeVar("T")

S3: Final = "s3"
_ITS_REGION: Final = "x-amz-bucket-region"
CONTROL: Final = "bedrock"
_SHOWN: Final = 200
_KEYS: Final = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})


class AwsClients:
    """Clients of one event loop; their own retries are off.

    Args:
        settings: Region, credentials, proxies, certificates, time limits and retries. The address of S3 is
            that of ``AWS_ENDPOINT_URL_S3``, as it is now, or of AWS's files.
        sleep: Waits between attempts.

    Raises:
        ConfigError: The environment names a proxy that is none.
    """

    def __init__(
        self, settings: Settings, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._row = host_row(settings.provider, load_rules(settings.rules))
        self._stack = AsyncExitStack()
        self._opened: dict[str, Any] = {}
        self._lock = asyncio.Lock()
        environment = Environment()
        self._addresses = {CONTROL: settings.control_address, S3: _s3_address(environment)}
        # Only botocore reads what AWS's files say of addresses.
        self._asks_files = needs_botocore(environment)
        self._proxies = {service: self._proxy(service) for service in self._addresses}
        self._credentials: list[Any] = []
        self._found: dict[str, None] = {}
        self._attempts = Attempts(settings, lambda: (*settings.secrets, *self._found), sleep)

    async def call(
        self, service: str, make: Callable[[Any], Awaitable[T]], *, model: str = "", once: bool = False
    ) -> T:
        """What a call gives.

        Args:
            service: ``s3`` or ``bedrock``.
            make: Makes the call, with the service's client.
            model: Model id, for errors.
            once: Never try again.

        Raises:
            ProviderError: It failed.
            ConfigError: There are no credentials, or a field is not what AWS's SDK takes.
        """

        async def attempt() -> T:
            try:
                client = await self._client(service)
                await self._learn()
                return await make(client)
            except SmartLLMError:
                raise
            except Exception as error:
                ours = self._ours(error, service, model)
                if ours is None:
                    raise
                raise ours from None

        return await self._attempts.make(attempt, once=once)

    async def aclose(self) -> None:
        """Close the connections."""
        self._opened, self._credentials = {}, []
        await self._stack.aclose()

    async def _client(self, service: str) -> Any:
        async with self._lock:
            if service not in self._opened:
                self._opened[service] = await self._open(service)
            return self._opened[service]

    def _proxy(self, service: str) -> str | None:
        region = self._settings.region
        address = self._addresses[service] or public_address(service, region)
        return self._settings.proxy_for(address or f"https://{service}.{region}.amazonaws.com")

    async def _learn(self) -> None:
        """Keep what a chain or a role found, and finds again in time, out of errors."""
        for one in self._credentials:
            keys = await one.get_frozen_credentials()
            self._found |= dict.fromkeys(filter(None, (keys.secret_key, keys.token)))

    async def _open(self, service: str) -> Any:
        session = aws_session(self._settings)
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded by now

        settings = self._settings
        static = settings.aws if settings.role is None else None
        access_key, secret_key, token = static or (None, None, None)
        address, proxy = self._addresses[service], self._proxies[service]
        if not address and not self._asks_files:
            session.set_config_variable("ignore_configured_endpoint_urls", True)
        config = AioConfig(
            # Of the settings' environment; without any, botocore would look at the one of now.
            proxies={} if proxy is None else {"http": proxy, "https": proxy},
            retries={"total_max_attempts": 1},
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            http_session_cls=direct_session(),
        )
        if static is None and (found := await session.get_credentials()) is not None:
            self._credentials.append(found)
        try:
            return await self._stack.enter_async_context(
                session.create_client(
                    service,
                    region_name=settings.region,
                    endpoint_url=address or None,
                    aws_access_key_id=access_key,
                    aws_secret_access_key=secret_key,
                    aws_session_token=token,
                    config=config,
                )
            )
        except ValueError as error:  # an address in the environment or in a file that is none
            raise ConfigError(
                f"aws settings: {error}", hint="check AWS_ENDPOINT_URL_S3 and AWS's files"
            ) from None

    def _ours(self, error: Exception, service: str, model: str) -> SmartLLMError | None:
        """Our error for what the SDK raised; None for what is none of its."""
        import aiohttp  # noqa: PLC0415 - an extra, loaded by now
        from botocore import exceptions  # noqa: PLC0415 - same

        opened = self._opened.get(service)
        address = self._addresses[service] if opened is None else str(opened.meta.endpoint_url)
        if isinstance(error, exceptions.ClientError):
            return self._told(error, address, model)
        if type(error).__name__ in _KEYS:
            hint = "S3 takes no bearer token: set AWS_ACCESS_KEY_ID and its secret, a profile or a role"
            return ConfigError(f"aws settings: {error}", hint=hint)
        if isinstance(error, exceptions.ParamValidationError):
            return ConfigError(f"AWS's SDK refuses it: {error}", hint="check --s3 and --role-arn")
        slow = (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError)
        if isinstance(error, slow):
            kind = "connect" if isinstance(error, slow[0]) else "read"
            settings = self._settings
            seconds = settings.connect_timeout if kind == "connect" else settings.read_timeout
            return ProviderTimeoutError(
                kind, seconds, model=model, retryable=True, address=shown_address(address)
            )
        # What breaks while a body is read comes from the HTTP library itself.
        if isinstance(error, TimeoutError):
            seconds = self._settings.read_timeout
            return ProviderTimeoutError(
                "read", seconds, model=model, retryable=True, address=shown_address(address)
            )
        broken = (exceptions.HTTPClientError, exceptions.ConnectionError, OSError, aiohttp.ClientError)
        if isinstance(error, broken):
            return connection_error(
                error.__cause__ or error,
                model=model,
                address=address,
                proxy=self._proxies[service],
                certificates_source=self._settings.certificates.source.name,
            )
        if isinstance(error, exceptions.BotoCoreError):
            return ConfigError(f"aws settings: {error}")
        return None

    def _told(self, error: Any, address: str, model: str) -> ProviderError:
        told, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        called = Called(
            model=model,
            id_header=self._row.id_header,
            address=address,
            region=self._settings.region,
            key_source=self._settings.key_source,
        )
        content = json.dumps({"__type": told.get("Code"), "message": told.get("Message")}).encode()
        headers = {str(name): str(value) for name, value in about.get("HTTPHeaders", {}).items()}
        headers.pop("x-amzn-errortype", None)
        ours = aws_error(about.get("HTTPStatusCode") or 0, headers, content, called)
        ours.request_id = ours.request_id or about.get("RequestId")
        code = str(told.get("Code"))
        if code.startswith("AccessDenied"):
            ours.hint = denied_hint(error.operation_name, called.key_source)
        ours.hint = code_hint(code, headers.get(_ITS_REGION)) or ours.hint
        return ours


def field_of(body: Mapping[str, Any], name: str, model: str = "") -> Any:
    """A field that an answer must have.

    Raises:
        ResponseError: It has none.
    """
    found = body.get(name)
    if found is None or found == "":
        raise ResponseError(
            f"AWS's answer has no {name}: {str(dict(body))[:_SHOWN]}",
            model=model,
            status=200,
            hint="check that the addresses are those of S3 and Bedrock",
        )
    return found


def _s3_address(environment: Environment) -> str:
    """Another address of S3 than AWS's, by AWS's variables; "" for none."""
    if environment.truth("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return ""
    found = environment.first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return found.value if found else ""
