"""What settings and variables of each provider are called: one row a provider, and nothing but data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from smartllm.errors import ConfigError

_OPENAI_SETTINGS: Final = ("api_key", "base_url", "organization")
_AWS_SETTINGS: Final = (
    "endpoint_url",
    "aws_region",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_profile",
    "aws_role_arn",
    "aws_role_session_name",
    "aws_session",
)


class ProviderRow(NamedTuple):
    """What settings and variables of a provider are called.

    Attributes:
        title: The name for people.
        kind: How address and credentials are found: a key with a base URL, or AWS's way.
        settings: Fields of ``LLMConfig`` that are its own.
        instead: What it takes instead of others' settings, by those.
        extra: The extra that holds ``packages``.
        packages: What calls over HTTP need.
        signs: Settings that tell the provider when it is not given.
        variables: Variables that tell it.
        default_model: Variable that names the model for requests that name none.
        timeouts: How the variables of its timeouts begin; empty for none.
        public_address: ``key``: its public base URL.
        base_url: ``key``: variable for another one.
        key: ``key``: variable for the key.
        headers: ``key``: single headers: header, field of ``LLMConfig`` if there is one, variable.
        custom_headers: ``key``: variable for any headers, one ``Name: value`` a line.
        service: ``aws``: the service that is called.
        control: ``aws``: the service that lists models.
        signs_as: ``aws``: the name of both in signatures.
        token: ``aws``: variable for a bearer token.
    """

    title: str
    kind: Literal["key", "aws"]
    settings: tuple[str, ...]
    instead: Mapping[str, str]
    extra: str
    packages: tuple[str, ...]
    signs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    default_model: str = ""
    timeouts: str = ""
    public_address: str = ""
    base_url: str = ""
    key: str = ""
    headers: tuple[tuple[str, str, str], ...] = ()
    custom_headers: str = ""
    service: str = ""
    control: str = ""
    signs_as: str = ""
    token: str = ""


ROWS: Final[dict[str, ProviderRow]] = {
    "openai": ProviderRow(
        title="OpenAI",
        kind="key",
        settings=_OPENAI_SETTINGS,
        instead={
            "endpoint_url": "base_url",
            "aws_region": "no region",
            "aws_access_key_id": "api_key",
            "aws_secret_access_key": "api_key",
            "aws_session_token": "api_key",
            "aws_profile": "api_key",
            "aws_role_arn": "api_key",
            "aws_role_session_name": "api_key",
            "aws_session": "api_key, which may be a function",
        },
        extra="openai",
        packages=("aiohttp",),
        signs=("api_key", "base_url"),
        variables=("OPENAI_API_KEY",),
        default_model="OPENAI_MODEL",
        public_address="https://api.openai.com/v1",
        base_url="OPENAI_BASE_URL",
        key="OPENAI_API_KEY",
        headers=(
            ("OpenAI-Organization", "organization", "OPENAI_ORG_ID"),
            ("OpenAI-Project", "project", "OPENAI_PROJECT_ID"),
        ),
        custom_headers="OPENAI_CUSTOM_HEADERS",
    ),
    "bedrock": ProviderRow(
        title="Bedrock",
        kind="aws",
        settings=_AWS_SETTINGS,
        instead={
            "api_key": "aws_access_key_id and aws_secret_access_key, or AWS_BEARER_TOKEN_BEDROCK in the "
            "environment",
            "base_url": "endpoint_url",
            "organization": "no such setting: the account is told by the keys",
        },
        extra="bedrock",
        packages=("aiohttp", "botocore"),
        signs=(
            "aws_access_key_id",
            "aws_region",
            "endpoint_url",
            "aws_profile",
            "aws_role_arn",
            "aws_session",
        ),
        variables=("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ROLE_ARN"),
        default_model="BEDROCK_MODEL",
        timeouts="BEDROCK_",
        service="bedrock-runtime",
        control="bedrock",
        signs_as="bedrock",
        token="AWS_BEARER_TOKEN_BEDROCK",  # noqa: S106 - a variable's name
    ),
}
"""The rows, in the order in which providers are detected."""

PROVIDERS: Final = tuple(ROWS)
"""Their names."""


def provider_of_host(host: str) -> str:
    """Whose door a host is: its name is the provider's, or begins with it and a dash."""
    return host.partition("-")[0]


def row_of(provider: str) -> ProviderRow:
    """The row of a provider, or of the one whose door is named.

    Raises:
        ConfigError: There is no such provider.
    """
    if (row := ROWS.get(provider_of_host(provider))) is None:
        raise ConfigError(f"provider={provider!r} is not known; allowed: {', '.join(ROWS)}")
    return row


def owner_of(setting: str) -> str | None:
    """The first provider whose own a setting is; None for what all take."""
    return next((name for name, row in ROWS.items() if setting in row.settings), None)
