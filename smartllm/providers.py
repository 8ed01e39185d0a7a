"""What settings and variables of each provider are called: one row a provider, and nothing but data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from smartllm.errors import ConfigError

_OPENAI_SETTINGS: Final = ("api_key", "base_url", "organization", "compatible")
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


_KEY_INSTEAD: Final = {
    "endpoint_url": "base_url",
    "aws_region": "no region",
    "aws_access_key_id": "api_key",
    "aws_secret_access_key": "api_key",
    "aws_session_token": "api_key",
    "aws_profile": "api_key",
    "aws_role_arn": "api_key",
    "aws_role_session_name": "api_key",
    "aws_session": "api_key, which may be a function",
}
_NO_AZURE: Final = {
    "azure_endpoint": "base_url",
    "api_version": "no version",
    "deployments": "the model's own id",
}
_OPENAI_ENDINGS: Final = ("/chat/completions", "/responses", "/completions", "/models")


class Resource(NamedTuple):
    """The address of a provider that gives every customer one of its own, and the version of its API.

    Attributes:
        setting: Field of ``LLMConfig`` for the resource's address.
        variable: Variable for it.
        example: What such an address looks like.
        domains: Ends of the names of the provider's own servers.
        path: What the current API adds to the address.
        version: Field of ``LLMConfig`` for the version of the API.
        version_variable: Variable for it.
        query: The version's name in the query string.
        current: Words for the current API in place of a date, each with what goes into the query.
        older: The host that speaks dated versions.
        older_path: What that one adds to the address.
        example_version: What a dated version looks like.
    """

    setting: str
    variable: str
    example: str
    domains: tuple[str, ...]
    path: str
    version: str
    version_variable: str
    query: str
    current: Mapping[str, str]
    older: str
    older_path: str
    example_version: str


class ProviderRow(NamedTuple):
    """What settings and variables of a provider are called.

    Attributes:
        title: The name for people.
        kind: How address and credentials are found: a key with a base URL, or AWS's way.
        settings: Fields of ``LLMConfig`` that are its own.
        instead: What it takes instead of others' settings, by those.
        extra: The extra that holds ``packages``.
        packages: What calls over HTTP need.
        certain: Settings that tell the provider when it is not given, whatever else is.
        address: Settings that say where calls go.
        signs: The same where no certain one tells another.
        variables: Variables that tell it.
        default_model: Variable that names the model for requests that name none.
        timeouts: How the variables of its timeouts begin; empty for none.
        public_address: ``key``: its public base URL.
        base_url: ``key``: variable for another one.
        endings: ``key``: paths of its API, which no base URL ends with.
        resource: ``key``: where its address is one of the customer's own.
        key: ``key``: variable for the key.
        key_header: ``key``: header that holds the key; ``Authorization`` as a bearer token.
        key_start: ``key``: how keys begin; what a function gives is a bearer token if it begins otherwise.
        headers: ``key``: single headers: header, field of ``LLMConfig`` if there is one, variable.
        custom_headers: ``key``: variable for any headers, one ``Name: value`` a line.
        service: ``aws``: the service that is called.
        control: ``aws``: the service that lists models.
        signs_as: ``aws``: the name of both in signatures.
        token: Variable for a bearer token.
        token_first: ``key``: it outranks the variable for the key.
    """

    title: str
    kind: Literal["key", "aws"]
    settings: tuple[str, ...]
    instead: Mapping[str, str]
    extra: str
    packages: tuple[str, ...]
    address: tuple[str, ...] = ("base_url",)
    certain: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    default_model: str = ""
    timeouts: str = ""
    public_address: str = ""
    base_url: str = ""
    endings: tuple[str, ...] = _OPENAI_ENDINGS
    resource: Resource | None = None
    key: str = ""
    key_header: str = "Authorization"
    key_start: str = ""
    headers: tuple[tuple[str, str, str], ...] = ()
    custom_headers: str = ""
    service: str = ""
    control: str = ""
    signs_as: str = ""
    token: str = ""
    token_first: bool = False


ROWS: Final[dict[str, ProviderRow]] = {
    "openai": ProviderRow(
        title="OpenAI",
        kind="key",
        settings=_OPENAI_SETTINGS,
        instead={**_KEY_INSTEAD, **_NO_AZURE},
        extra="openai",
        packages=("aiohttp",),
        signs=("api_key", "base_url", "compatible"),
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
        address=("endpoint_url",),
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
    # A key in its own header, short-lived tokens as bearers (platform.claude.com/docs/en/manage-claude/
    # authentication); variables: anthropic SDK 2.14.0, _client.py; 2026-11-27.
    "anthropic": ProviderRow(
        title="Anthropic",
        kind="key",
        settings=("api_key", "base_url"),
        instead={**_KEY_INSTEAD, **_NO_AZURE, "organization": "no such setting: the key tells it"},
        extra="anthropic",
        packages=("aiohttp",),
        variables=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
        default_model="ANTHROPIC_MODEL",
        public_address="https://api.anthropic.com",
        base_url="ANTHROPIC_BASE_URL",
        endings=("/v1/messages", "/v1/models", "/v1"),
        key="ANTHROPIC_API_KEY",
        key_header="x-api-key",
        key_start="sk-ant-api",
        custom_headers="ANTHROPIC_CUSTOM_HEADERS",
        token="ANTHROPIC_AUTH_TOKEN",  # noqa: S106 - a variable's name
    ),
    # The two APIs and their words for versions: learn.microsoft.com/en-us/azure/foundry/openai/
    # api-version-lifecycle; variables: openai SDK 3.57.0, lib/azure.py; 2026-11-27.
    "azure": ProviderRow(
        title="Azure OpenAI",
        kind="key",
        settings=("api_key", "base_url", "azure_endpoint", "api_version", "deployments"),
        instead={**_KEY_INSTEAD, "organization": "no such setting: the resource tells it"},
        extra="azure",
        packages=("aiohttp",),
        address=("azure_endpoint", "api_version"),
        certain=("azure_endpoint", "api_version", "deployments"),
        variables=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_ENDPOINT"),
        default_model="AZURE_OPENAI_DEPLOYMENT",
        resource=Resource(
            setting="azure_endpoint",
            variable="AZURE_OPENAI_ENDPOINT",
            example="https://my-resource.openai.azure.com",
            domains=(
                ".openai.azure.com",
                ".cognitiveservices.azure.com",
                ".services.ai.azure.com",
                ".api.cognitive.microsoft.com",
                ".openai.azure.us",
                ".cognitiveservices.azure.us",
                ".openai.azure.cn",
                ".cognitiveservices.azure.cn",
            ),
            path="/openai/v1",
            version="api_version",
            version_variable="OPENAI_API_VERSION",
            query="api-version",
            current={"v1": "", "preview": "preview", "latest": "latest"},
            older="azure-deployments",
            older_path="/openai",
            example_version="2024-10-21",
        ),
        key="AZURE_OPENAI_API_KEY",
        key_header="api-key",
        token="AZURE_OPENAI_AD_TOKEN",  # noqa: S106 - a variable's name
        token_first=True,
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
