"""What of AWS only its SDKs know: credentials that are not static, odd addresses, and DynamoDB's session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from smartllm.errors import ConfigError, MissingExtraError
from smartllm.hosts.auth import Credentials
from smartllm.runtime.control.owner import PerOwner

if TYPE_CHECKING:
    from smartllm.settings import Settings


def aws_session(settings: Settings) -> Any:
    """A session that reads the profile and the files that were named when the client was made.

    Raises:
        MissingExtraError: aiobotocore is not installed.
    """
    try:
        import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
    except ImportError as error:
        raise MissingExtraError(
            f"AWS needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
        ) from None
    session = aiobotocore.session.get_session()
    for name, value in {"profile": settings.profile, **settings.aws_files}.items():
        if value is not None:
            session.set_config_variable(name, value)
    return session


class CredentialChain:
    """The default credential chain: profile, role, container, instance.

    Args:
        settings: Which profile and files.
    """

    def __init__(self, settings: Settings) -> None:
        self._owned: PerOwner[_Chain] = PerOwner(lambda: _Chain(settings))

    async def __call__(self) -> Credentials:
        """The keys as they are now.

        Raises:
            ConfigError: There are none, or they cannot be refreshed.
        """
        return await self._owned.get().credentials()


class _Chain:
    """The chain in one event loop: what it finds may refresh itself there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Any = None
        self._lock = asyncio.Lock()

    async def credentials(self) -> Credentials:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use

        try:
            async with self._lock:
                if self._found is None:
                    self._found = await aws_session(self._settings).get_credentials()
            if self._found is None:
                raise _unusable("Unable to locate credentials")
            frozen = await self._found.get_frozen_credentials()
        except BotoCoreError as error:
            raise _unusable(error) from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


async def odd_address(settings: Settings) -> str:
    """The service's address as botocore finds it out, for variables and files that ask for another."""
    return await asyncio.to_thread(_odd_address, settings)


def _odd_address(settings: Settings) -> str:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use
    from botocore.session import Session  # noqa: PLC0415 - same

    session = Session(profile=settings.profile)
    for name, place in settings.aws_files.items():
        session.set_config_variable(name, place)
    try:
        client = session.create_client(
            settings.row.service,
            region_name=settings.region,
            # Nothing is signed with them; without any, the credential chain would be asked.
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - no secret
        )
    except (BotoCoreError, ValueError) as error:
        raise _unusable(error) from None
    return str(client.meta.endpoint_url).rstrip("/")


def _unusable(reason: object) -> ConfigError:
    """Our error for missing or unusable credentials and settings."""
    return ConfigError(
        f"aws settings: {reason}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile or role",
    )
