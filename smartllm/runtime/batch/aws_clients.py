"""aiobotocore's clients for S3 and Bedrock's control plane, with our settings and our errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.errors import ConfigError, ProviderError, ProviderTimeoutError, SmartLLMError
from smartllm.hosts.aws import aws_error
from smartllm.hosts.called import Called, shown_address
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.batch.attempts import Attempts
from smartllm.runtime.cache.aws_http import direct_session
from smartllm.runtime.wire.causes import connection_error

if TYPE_CHECKING:
    from smartllm.settings import Settings

T = TypeVar("T")

S3: Final = "s3"
CONTROL: Final = "bedrock"
_KEYS: Final = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_READS: Final = "s3:GetObject, s3:PutObject, s3:ListBucket and s3:AbortMultipartUpload"
_BEGINS: Final = (
    "bedrock:CreateModelInvocationJob, GetModelInvocationJob, ListModelInvocationJobs, "
    "StopModelInvocationJob, and iam:PassRole of the role"
)
_OWNER: Final = "; if an owner is given, the bucket must be that account's"
_HINTS: Final = {
    (S3, "AccessDenied"): f"the caller needs {_READS} on the bucket{_OWNER}",
    (S3, "403"): f"the caller needs {_READS} on the bucket{_OWNER}",
    (S3, "NoSuchBucket"): "make the bucket, or name another: --s3 s3://BUCKET/PREFIX",
    (S3, "NoSuchKey"): "it was there when it was listed: somebody deleted it, or moved it",
    (CONTROL, "AccessDeniedException"): f"the caller needs {_BEGINS}",
    (CONTROL, "ServiceQuotaExceededException"): "wait until other jobs of the model have ended",
}
"""Next steps by service and code; rights as of userguide/batch-inference-permissions.html."""
_ELSEWHERE: Final = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
)
_ITS_REGION: Final = "x-amz-bucket-region"


class AwsClients:
    """Clients of one event loop; their own retries are off.

    Args:
        settings: Region, credentials, proxy, certificates, time limits and retries. The address of S3 is what
            botocore finds (``AWS_ENDPOINT_URL_S3``, AWS's files).
        sleep: Waits between attempts.
    """

    def __init__(
        self, settings: Settings, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._row = host_row(settings.provider, load_rules(settings.rules))
        self._stack = AsyncExitStack()
        self._opened: dict[str, Any] = {}
        self._lock = asyncio.Lock()
        self._attempts = Attempts(settings, lambda: settings.secrets, sleep)

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
            client = await self._client(service)
            try:
                return await make(client)
            except SmartLLMError:
                raise
            except Exception as error:
                ours = self._ours(error, client, model)
                if ours is None:
                    raise
                raise ours from None

        return await self._attempts.make(attempt, once=once)

    async def aclose(self) -> None:
        """Close the connections."""
        self._opened = {}
        await self._stack.aclose()

    async def _client(self, service: str) -> Any:
        async with self._lock:
            if service not in self._opened:
                self._opened[service] = await self._open(service)
            return self._opened[service]

    async def _open(self, service: str) -> Any:
        session = aws_session(self._settings)
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded by now

        settings = self._settings
        static = settings.aws if settings.role is None else None
        access_key, secret_key, token = static or (None, None, None)
        config = AioConfig(
            retries={"total_max_attempts": 1},
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            http_session_cls=direct_session(),
        )
        try:
            return await self._stack.enter_async_context(
                session.create_client(
                    service,
                    region_name=settings.region,
                    endpoint_url=settings.control_address or None if service == CONTROL else None,
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

    def _ours(self, error: Exception, client: Any, model: str) -> SmartLLMError | None:
        """Our error for what the SDK raised; None for what is none of its."""
        from aiohttp import ClientError  # noqa: PLC0415 - an extra, loaded by now
        from botocore import exceptions  # noqa: PLC0415 - same

        address = str(client.meta.endpoint_url)
        if isinstance(error, exceptions.ClientError):
            return self._told(error, client.meta.service_model.service_name, address, model)
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
        broken = (exceptions.HTTPClientError, exceptions.ConnectionError, OSError, ClientError)
        if isinstance(error, broken):
            return connection_error(
                error.__cause__ or error,
                model=model,
                address=address,
                proxy=self._settings.proxy,
                certificates_source=self._settings.certificates.source.name,
            )
        if isinstance(error, exceptions.BotoCoreError):
            return ConfigError(f"aws settings: {error}")
        return None

    def _told(self, error: Any, service: str, address: str, model: str) -> ProviderError:
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
        ours.hint = _HINTS.get((service, code)) or ours.hint
        if service == S3 and code in _ELSEWHERE:
            region = headers.get(_ITS_REGION)
            where = f"in {region}" if region else "in another region"
            ours.hint = f"the bucket is {where}, and jobs must run where it is: set aws_region"
        return ours
