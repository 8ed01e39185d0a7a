"""What of AWS only its SDKs know: credentials that are not static, odd addresses, and DynamoDB's session."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import ConfigError, MissingExtraError
from smartllm.hosts.auth import Credentials
from smartllm.runtime.control.owner import PerOwner
from smartllm.said import SANDBOX, Named, said

if TYPE_CHECKING:
    from smartllm.settings import Settings

_SSO: Final = ("SSO", "UnauthorizedSSOToken", "TokenRetrieval", "PendingAuthorization", "Login")
"""How the names of botocore's errors for a sign-on that has ended begin."""
_STEPS: Final = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile or role"


def aws_session(settings: Settings) -> Any:
    """Aiobotocore's session, with the credentials, files and certificates that the settings say.

    Raises:
        MissingExtraError: aiobotocore is not installed.
    """
    session = _chain_of(settings)
    if settings.aws_session is not None or settings.role is not None:
        from smartllm.runtime.aws_credentials import CredentialSource  # noqa: PLC0415 - loads the SDK

        session.register_component("credential_provider", CredentialSource(settings, _chain_of))
    return session


def _chain_of(settings: Settings) -> Any:
    """A session that reads the profile and the files that were named when the client was made."""
    try:
        import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
    except ImportError as error:
        raise MissingExtraError(
            f"AWS needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
        ) from None
    session = aiobotocore.session.get_session()
    # botocore finds the others itself; it takes no folder.
    given = settings.certificates.source.kind == "setting"
    bundle = settings.certificates.cafile if given else None
    variables = {"profile": settings.profile, "region": settings.region, "ca_bundle": bundle}
    variables |= settings.aws_files
    for name, value in variables.items():
        if value is not None:
            session.set_config_variable(name, value)
    return session


class CredentialChain:
    """The credentials of a profile, a role, a session of the caller's, or of AWS's default chain.

    Args:
        settings: Which of them, and the files.
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
        try:
            async with self._lock:
                if self._found is None:
                    self._found = await aws_session(self._settings).get_credentials()
            frozen = None if self._found is None else await self._found.get_frozen_credentials()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK's own, of files, of a session of the caller's
            raise _unusable(error, self._settings) from None
        if frozen is None:
            raise _unusable("Unable to locate credentials", self._settings)
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
        raise _unusable(error, settings) from None
    return str(client.meta.endpoint_url).rstrip("/")


def _is_connection(error: object) -> bool:
    """Whether an SDK could not reach what gives credentials."""
    if isinstance(error, str):
        return False
    from botocore.exceptions import ConnectionError as Unreached  # noqa: PLC0415 - an extra, loaded by now
    from botocore.exceptions import HTTPClientError  # noqa: PLC0415 - same

    return isinstance(error, (Unreached, HTTPClientError))


def _unusable(reason: object, settings: Settings) -> ConfigError:
    """Our error for missing or unusable credentials and settings."""
    kind, profile = type(reason).__name__, settings.profile
    told = reason if isinstance(reason, str) or str(reason) else kind
    source = settings.sources["aws"]
    if kind.startswith(_SSO):
        hint = f"sign on again: aws sso login{f' --profile {shlex.quote(profile)}' if profile else ''}"
    elif _is_connection(reason):
        hint = said("the way to AWS's token service: check the network, the proxy and {}", Named("ca_bundle"))
    elif settings.role is not None:
        whose = f"those of {source.name}" if source.kind != "default" else "the credentials in use"
        hint = (
            f"aws_role_arn={settings.role.arn}: check that {whose} may call sts:AssumeRole, "
            "and that the role trusts them"
        )
    elif settings.aws_session is not None:
        hint = "they were asked of aws_session: check what it is made of"
    elif kind == "ProfileNotFound" or settings.sources["profile"].kind == "setting":
        hint = said("check {} and AWS's files", Named(settings.sources["profile"].name))
    else:
        hint = said("{}; {}", _STEPS, SANDBOX)
    return ConfigError(f"aws settings: {told}", hint=hint)
