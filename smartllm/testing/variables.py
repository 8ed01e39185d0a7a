"""The environment in which code meets the sandbox in place of the providers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .paths import root_of

if TYPE_CHECKING:
    from smartllm.testing.server import LoopbackServer

OTHERS: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_UNIX_SOCKET",
    "AZURE_OPENAI_AD_TOKEN",
)
"""Variables of the user's own accounts, which would lead elsewhere or be told to the sandbox."""
_DIRECT: Final = ("127.0.0.1", "localhost")


def no_proxy(variables: Mapping[str, str]) -> str:
    """The hosts that are reached without a proxy: those that an environment names, and this machine."""
    named = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    return ",".join(hosts if "*" in hosts else dict.fromkeys([*hosts, *_DIRECT]))


def reaching(url: str, access_key: str, secret_key: str, s3: str | None) -> dict[str, str]:
    """The variables with which clients reach a sandbox in place of the providers.

    Args:
        url: Its address.
        access_key: A key for AWS's signatures.
        secret_key: Its secret.
        s3: The address of the S3 beside it, if there is one.
    """
    direct = no_proxy(os.environ)
    return {
        "OPENAI_API_KEY": "sk-sandbox",
        "OPENAI_BASE_URL": f"{url}{root_of('openai')}",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_ENDPOINT_URL_BEDROCK": url,
        **({} if s3 is None else {"AWS_ENDPOINT_URL_S3": s3}),
        "ANTHROPIC_API_KEY": "sk-ant-sandbox",
        "ANTHROPIC_BASE_URL": url,
        "AZURE_OPENAI_API_KEY": "sandbox",
        "AZURE_OPENAI_ENDPOINT": url,
        # The SDKs of OpenAI and Anthropic for Bedrock's second endpoint (openai 3.57.0, anthropic 2.14.0).
        "AWS_BEDROCK_BASE_URL": f"{url}/openai/v1",
        "ANTHROPIC_BEDROCK_BASE_URL": url,
        "ANTHROPIC_BEDROCK_MANTLE_BASE_URL": f"{url}/anthropic",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def environment_of(variables: Mapping[str, str], server: LoopbackServer, folder: Path) -> dict[str, str]:
    """The environment of code that is tried: the user's own, with the sandbox in place of the providers.

    Args:
        variables: The user's own.
        server: The sandbox.
        folder: Where its answers are kept, apart from those of providers.
    """
    kept = {name: value for name, value in variables.items() if name not in OTHERS}
    if "AWS_REGION" not in kept:
        kept.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # other SDKs have no default
    own = {"SMARTLLM_CACHE_DIR": str(folder / "cache"), "SMARTLLM_TALKS_DIR": str(folder / "talks")}
    return {**kept, **server.environment(), **own}
