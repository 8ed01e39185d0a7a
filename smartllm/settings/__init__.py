"""Settings and environment, resolved once when a client is made; each value knows where it came from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from smartllm.config import LLMConfig, make_config
from smartllm.config_checks import check_config
from smartllm.environment import Environment, Source
from smartllm.errors import ConfigError
from smartllm.providers import ProviderRow, row_of
from smartllm.settings.aws import AwsKeys, AwsRole
from smartllm.settings.certificates import Certificates
from smartllm.settings.draft import Draft, fill
from smartllm.settings.key import AskKey
from smartllm.settings.proxies import Proxies

if TYPE_CHECKING:
    from smartllm.rules.load import AnyPath, RuleSet

__all__ = [
    "AskKey",
    "AwsKeys",
    "AwsRole",
    "Certificates",
    "Environment",
    "Proxies",
    "Settings",
    "Source",
    "make_config",
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Settings:
    """All that a client needs from its caller and the environment; see ``resolve``.

    Attributes:
        config: A private copy of what the caller gave.
        provider: Who is called: a provider, or a single door of one, such as ``azure-deployments``.
        default_model: Model for requests that name none; None takes the rules'.
        deployments: Names of deployments, each with the id of its model.
        rules: Overlay files, weakest first, the caller's last; or the caller's loaded set.
        address: The base of all URLs, without login and slash at the end; AWS: the custom endpoint, "" for
            the public one.
        control_address: AWS: the custom endpoint for listings, "" for the public one.
        query: Query string of ``base_url`` without its question mark, for the end of every URL.
        custom_endpoint: The address (with its query) if it is not the provider's public one.
        region: AWS region, of Bedrock and of the DynamoDB cache.
        cache_scope: What of address and region belongs into the key of a cached answer.
        headers: What lets every call in, besides signatures: key or token, and the environment's own.
        default_headers: The caller's headers, for every call.
        ask_key: Function of the caller's that gives the key of each request; None where it is in ``headers``.
        aws: Static keys; None leaves finding them to botocore.
        aws_session: The caller's session of an SDK, whose credentials are taken.
        role: Role that is assumed with the credentials.
        bearer_token: AWS's; it outranks ``aws``, and is None beside keys that the caller gave.
        profile: AWS profile.
        aws_files: Where botocore looks for AWS's files, by its own names (``config_file``,
            ``credentials_file``).
        key_source: What names the key or the credentials; None where none are given.
        asks_botocore: AWS's variables or files may ask for another address than the public one.
        connect_timeout: Seconds until a connection stands.
        read_timeout: Longest silence in seconds.
        first_event_timeout: Longest time until the first delta of a stream, in seconds.
        stall_timeout: Longest time between two deltas, in seconds.
        total_timeout: For a whole call, in seconds.
        proxies: The environment's.
        proxy: URL of the proxy for the address (AWS: the public one of the region if none is set).
        certificates: What https connections trust.
        cache_dir: Folder of the local cache, absolute.
        secrets: What must not be shown, wherever it came from.
        sources: Where each value came from, by attribute.
    """

    config: LLMConfig
    provider: str
    default_model: str | None
    deployments: Mapping[str, str]
    rules: tuple[AnyPath, ...] | RuleSet
    address: str
    control_address: str
    query: str = field(repr=False)
    custom_endpoint: str | None = field(repr=False)
    region: str
    cache_scope: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    default_headers: Mapping[str, str] = field(repr=False)
    ask_key: AskKey | None = field(repr=False)
    aws: AwsKeys | None = field(repr=False)
    aws_session: Any = field(repr=False)
    role: AwsRole | None
    bearer_token: str | None = field(repr=False)
    profile: str | None
    aws_files: Mapping[str, str] = field(repr=False)
    key_source: str | None
    asks_botocore: bool
    connect_timeout: float
    read_timeout: float
    first_event_timeout: float
    stall_timeout: float
    total_timeout: float
    proxies: Proxies = field(repr=False)
    proxy: str | None = field(repr=False)
    certificates: Certificates
    cache_dir: Path
    secrets: tuple[str, ...] = field(repr=False)
    sources: Mapping[str, Source]

    @classmethod
    def resolve(
        cls, config: LLMConfig, environment: Mapping[str, str] | None = None, *, sends: bool = True
    ) -> Settings:
        """Settings of a client.

        Args:
            config: What the caller gave; it is copied.
            environment: Variables; None takes the process's own, as they are now.
            sends: Calls will go over HTTP: a key must be there, proxy and certificates are looked at.

        Raises:
            ConfigError: A setting or variable that is needed and cannot be used; names it.
        """
        if not isinstance(config, LLMConfig):
            raise ConfigError(f"config: an LLMConfig is needed, not {type(config).__name__}")
        config = copy.copy(config)
        check_config(config)
        draft = Draft(config, Environment(environment), sends=sends)
        fill(draft)
        sources, secrets = MappingProxyType(draft.sources), tuple(dict.fromkeys(draft.secrets))
        return cls(**draft.found, sources=sources, secrets=secrets)

    @property
    def row(self) -> ProviderRow:
        """What the provider's settings and variables are called."""
        return row_of(self.provider)

    def proxy_for(self, address: str) -> str | None:
        """URL of the proxy for another address than the settings'.

        Raises:
            ConfigError: The environment names one that is no HTTP proxy.
        """
        proxy = self.proxies.proxy_for(address)
        return None if proxy is None else proxy.url
