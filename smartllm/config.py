"""Configuration of a client, and the environment variables that it reads."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final, Self

from smartllm import defaults, values
from smartllm.aws_files import profiles
from smartllm.config_checks import check_config, one_of
from smartllm.diagnostics import Level
from smartllm.environment import Environment, Found, Source
from smartllm.field_docs import documented
from smartllm.providers import ROWS, row_of
from smartllm.setting_names import unknown_setting
from smartllm.words import Provider


@documented
@dataclass(slots=True)
class LLMConfig:
    """Settings of an ``LLMClient``, read when it is made; None takes the environment, then the default.

    Raises:
        ConfigError: An unusable value or an unknown field; names it, and what is allowed. What is another
            provider's is told when the client is made.
    """

    provider: Provider | None = None
    """``openai``, ``bedrock``, ``anthropic`` or ``azure``, or a single door of one, such as
    ``bedrock-mantle``; None detects it from the other settings and the environment."""
    api_key: str | Callable[[], str | Awaitable[str]] | None = field(default=None, repr=False)
    """Key of OpenAI, Anthropic or Azure; None reads ``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY`` or
    ``AZURE_OPENAI_API_KEY``. Another server with a ``base_url`` may need none. Or a function that gives a
    bearer token, such as one of Entra's, async or run in a thread: it is asked before each request."""
    base_url: str | None = field(default=None, repr=False)
    """Endpoint of OpenAI, Anthropic (without ``/v1``) or Azure (the whole address, with ``/openai/v1``); None
    reads ``OPENAI_BASE_URL`` or ``ANTHROPIC_BASE_URL``."""
    organization: str | None = None
    """OpenAI organisation id; None reads ``OPENAI_ORG_ID``."""
    aws_access_key_id: str | None = field(default=None, repr=False)
    """AWS's key, with ``aws_secret_access_key``; None reads AWS's variables, then the default chain."""
    aws_secret_access_key: str | None = field(default=None, repr=False)
    """With ``aws_access_key_id``; as there."""
    aws_session_token: str | None = field(default=None, repr=False)
    """For temporary credentials."""
    aws_region: str | None = None
    """AWS's region; None takes the session's, reads ``AWS_REGION``, then ``AWS_DEFAULT_REGION``, takes that
    of ``aws_profile``, then ``defaults.aws_region``."""
    endpoint_url: str | None = field(default=None, repr=False)
    """Bedrock endpoint; None reads ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``, ``AWS_ENDPOINT_URL``."""
    default_model: str | None = None
    """For requests that name none; None reads ``OPENAI_MODEL``, ``BEDROCK_MODEL``, ``ANTHROPIC_MODEL`` or
    ``AZURE_OPENAI_DEPLOYMENT``."""
    temperature: float | None = None
    """For requests that set none; not sent to models that do not accept it."""
    max_tokens: int | None = None
    """For requests that set none, in tokens."""
    max_retries: int = field(default_factory=lambda: defaults.max_retries)
    """Retries after the first attempt."""
    retry_delay: float = field(default_factory=lambda: defaults.retry_delay)
    """First backoff bound in seconds."""
    max_retry_delay: float = field(default_factory=lambda: defaults.max_retry_delay)
    """Largest backoff in seconds."""
    read_timeout: float | None = None
    """Longest silence in seconds; None reads ``BEDROCK_READ_TIMEOUT`` (Bedrock only), then takes
    ``defaults.read_timeout``."""
    connect_timeout: float | None = None
    """Longest time until there is a connection, in seconds; None reads ``BEDROCK_CONNECT_TIMEOUT`` (Bedrock
    only), then takes ``defaults.connect_timeout``."""
    first_event_timeout: float | None = None
    """Longest time until the first delta of a stream, in seconds; None takes the read timeout."""
    stall_timeout: float | None = None
    """Longest time between two deltas, in seconds; pings are none; None takes the read timeout. This one and
    ``read_timeout`` hold fourfold for a stream whose calls the provider holds back until they are written."""
    total_timeout: float = field(default_factory=lambda: defaults.total_timeout)
    """For a whole call: cache, limits, retries, second steps; in seconds."""
    max_concurrent: int | None = None
    """Calls in flight for one model in one event loop; None takes the rules' number."""
    max_retry_after: float = field(default_factory=lambda: defaults.max_retry_after)
    """Longest wait that a provider may ask for, in seconds; a longer one raises at once."""
    retry_budget: float | None = field(default_factory=lambda: defaults.retry_budget)
    """Tokens that pay for the retries of an event loop (14 each, 5 after throttling, refilled by successes);
    None switches it off."""
    cache_dir: str | os.PathLike[str] | None = None
    """Folder of the local cache; None reads ``SMARTLLM_CACHE_DIR``, then takes ``.llm_cache`` in the working
    directory."""
    cache_max_bytes: int | None = None
    """Size of the local cache at which the oldest entries go; None is no limit."""
    cache_max_age_days: float | None = None
    """Age in days at which a local entry counts no more; None is no limit."""
    dynamo_table_name: str | None = None
    """DynamoDB table of the second cache level, made if missing; None: no such level."""
    dynamo_endpoint_url: str | None = field(default=None, repr=False)
    """DynamoDB endpoint; None takes AWS's own."""
    cache_ttl_days: float = 365
    """Days until an entry of the table expires."""
    trace_content: bool = False
    """Record prompts and answers in OpenTelemetry spans; off, spans hold only figures."""
    rules: Any = None
    """Overlay files for the rules, strongest last."""
    level: Level = "warn"
    """What to do when the compiler changes a request: ``ignore``, ``warn`` or ``raise``."""
    # New ones come last: fields may be given by position.
    aws_profile: str | None = None
    """Profile of AWS's files, its region with it; None reads ``AWS_PROFILE``. It outranks keys of the
    environment."""
    aws_role_arn: str | None = None
    """Role that is assumed with the credentials, and again before its own expire."""
    aws_role_session_name: str | None = None
    """Name of the role's session in AWS's logs; None reads ``AWS_ROLE_SESSION_NAME``, then takes
    ``smartllm``."""
    aws_session: Any = field(default=None, repr=False)
    """A session of botocore, aiobotocore, boto3 or aioboto3, whose credentials and region are taken; one with
    async credentials serves one event loop."""
    ca_bundle: str | os.PathLike[str] | None = None
    """File, or folder made by OpenSSL's ``rehash``, of the certificates that https connections trust, instead
    of those that they trust otherwise."""
    default_headers: Mapping[str, str] | None = field(default=None, repr=False)
    """Headers of every request to the provider, listings too, by name; they win over those of other settings.
    Their values are shown nowhere."""
    reasks: int | None = None
    """For requests that set none: how often a model is asked again whose answer does not fit
    ``response_format``, 0 to 10."""
    quota_share: float = 1
    """The part of a model's limits that this client takes, above 0 to 1, such as 1/8 in each of eight
    processes: of the calls in flight, and of an overlay's requests and tokens a minute."""

    azure_endpoint: str | None = field(default=None, repr=False)
    """Address of an Azure OpenAI resource, such as ``https://my-resource.openai.azure.com``; None reads
    ``AZURE_OPENAI_ENDPOINT``."""
    api_version: str | None = None
    """Version of Azure's API: a date for the older one, by deployments; ``v1`` (the current one, which has no
    dates), ``preview`` or ``latest``; None reads ``OPENAI_API_VERSION``, then takes ``v1``."""
    deployments: Mapping[str, str] | None = None
    """Azure's deployments by name, each with the id of its model, whose facts then hold for it; one that is
    called like its model needs none."""
    fallback: Sequence[str | tuple[str, str] | Mapping[str, Any]] | None = field(default=None, repr=False)
    """Models that take over, in their order, where one fails for good: each a pair of provider and model, a
    text such as ``bedrock/<model id>``, or a dict with ``model``, perhaps ``provider``, and settings of that
    provider."""

    compatible: bool | str | None = None
    """The server at ``base_url`` that speaks OpenAI's API: its name, such as ``ollama``; True for one without
    a name, False for a proxy of OpenAI's own. None tells it by the address."""

    if not TYPE_CHECKING:

        def __new__(cls, *_: Any, **given: Any) -> Self:
            """Name the nearest setting for an unknown one, where ``__init__`` would raise a TypeError."""
            for name in given.keys() - cls.__dataclass_fields__.keys():
                parameters = signature(cls.__init__).parameters
                takes_all = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
                if name not in parameters and not takes_all:
                    raise unknown_setting(name, cls.__dataclass_fields__)
            return object.__new__(cls)

    def __post_init__(self) -> None:
        check_config(self)

    def resolved_provider(self) -> str:
        """The provider: the given one, else what the other settings or the environment tell."""
        return provider_of(self, Environment()).value

    def resolved_region(self) -> str:
        """Region: the given one, AWS_REGION, AWS_DEFAULT_REGION, then the default."""
        return region_of(self, Environment()).value

    def resolved_timeouts(self) -> tuple[float, float]:
        """Connect and read timeout in seconds."""
        environment = Environment()
        provider = provider_of(self, environment).value
        found = [
            timeout_of(self, environment, name, provider)[0] for name in ("connect_timeout", "read_timeout")
        ]
        return found[0], found[1]

    def request_defaults(self) -> dict[str, Any]:
        """Values for request fields that a request does not set."""
        given = {"temperature": self.temperature, "max_tokens": self.max_tokens, "reasks": self.reasks}
        return {name: value for name, value in given.items() if value is not None}


_SIGNS: Final = (
    *((provider, name) for provider, row in ROWS.items() for name in row.certain),
    *((provider, name) for provider, row in ROWS.items() for name in row.signs),
)
"""Settings that tell the provider, in the order in which they count."""


def provider_of(config: LLMConfig, environment: Environment) -> Found:
    """The given provider, else the one that the other settings, the environment or the default tell."""
    if config.provider is not None:
        return Found(config.provider, Source("setting", "provider"))
    for provider, name in _SIGNS:
        if getattr(config, name) is not None:
            return Found(provider, Source("derived", name))
    for provider, row in ROWS.items():
        if (sign := environment.first(*row.variables)) is not None:
            return Found(provider, Source("derived", sign.source.name))
    one_of("smartllm.defaults.provider", defaults.provider, tuple(ROWS))
    return Found(defaults.provider, Source("default", "provider"))


def region_of(config: LLMConfig, environment: Environment) -> Found:
    """Region: the given one, the session's, the environment's, the given profile's, then the default."""
    if given := values.text("aws_region", config.aws_region):
        return Found(given, Source("setting", "aws_region"))
    if config.aws_session is not None and (own := _session_region(config.aws_session)):
        return Found(own, Source("setting", "aws_session"))
    if (found := environment.first("AWS_REGION", "AWS_DEFAULT_REGION")) is not None:
        return found
    if profile := values.text("aws_profile", config.aws_profile):
        own = (profiles(environment) or {}).get(profile, {}).get("region")
        if own:
            return Found(own, Source("setting", "aws_profile"))
    return Found(defaults.aws_region, Source("default", "aws_region"))


def _session_region(session: Any) -> str | None:
    """As boto3's sessions tell it, or botocore's."""
    try:
        found = getattr(session, "region_name", None)
        if found is None and hasattr(session, "get_config_variable"):
            found = session.get_config_variable("region")
    except Exception:  # noqa: BLE001 - the session's own error comes up when its credentials are asked for
        return None
    return found if isinstance(found, str) else None


def timeout_of(config: LLMConfig, environment: Environment, name: str, provider: str) -> tuple[float, Source]:
    """``connect_timeout`` or ``read_timeout`` in seconds; not every provider has variables for them."""
    if (given := getattr(config, name)) is not None:
        return given, Source("setting", name)
    prefix = row_of(provider).timeouts
    found = environment.first(f"{prefix}{name.upper()}") if prefix else None
    if found is not None:
        return values.seconds(found.source.name, found.value), found.source
    default = getattr(defaults, name)
    values.SECONDS.check(f"smartllm.defaults.{name}", default)
    return default, Source("default", name)


def make_config(cls: type[LLMConfig], settings: Mapping[str, Any]) -> LLMConfig:
    """A configuration of keywords.

    Raises:
        ConfigError: An unknown setting, with the nearest known one, or an unusable value.
    """
    for name in settings:
        if name not in cls.__dataclass_fields__:
            raise unknown_setting(name, cls.__dataclass_fields__)
    return cls(**settings)
