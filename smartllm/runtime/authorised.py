"""What lets a client's calls in: an auth scheme made of a host's row and the settings."""

from __future__ import annotations

from typing import Final

from smartllm.hosts.auth import AskedKey, Auth, Credentials, FixedHeaders, KeyForm, SigV4
from smartllm.rules.hosts import HostRow
from smartllm.runtime.asked_key import KeyFunction
from smartllm.runtime.aws_session import CredentialChain
from smartllm.settings import Settings


def auth_of(row: HostRow, settings: Settings, *, keyless: bool = False) -> Auth:
    """What lets calls in.

    Args:
        row: The host's.
        settings: Keys.
        keyless: Without keys calls go out as they are.
    """
    return AUTHS[row.auth](row, settings, keyless=keyless)


def _bearer(_: HostRow, settings: Settings, *, keyless: bool) -> Auth:  # noqa: ARG001 - as the other
    if settings.ask_key is not None:
        form = KeyForm(settings.row.key_header, settings.row.key_start)
        return AskedKey(KeyFunction(settings.ask_key), settings.headers, settings.secrets, form)
    return FixedHeaders(settings.headers, settings.secrets)


def _sigv4(row: HostRow, settings: Settings, *, keyless: bool) -> Auth:
    static = None if settings.role is not None else settings.aws
    if settings.bearer_token is not None or (keyless and static is None):
        return FixedHeaders(settings.headers, settings.secrets)
    keys = CredentialChain(settings) if static is None else Credentials(*static)
    return SigV4(settings.region, row.signs_as or settings.row.signs_as, keys, settings.secrets)


AUTHS: Final = {"bearer": _bearer, "sigv4": _sigv4}
"""The schemes, by the name that a host's row gives."""
