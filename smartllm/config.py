"""Configuration of a client, and the environment variables that it reads."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final
from urllib.parse import urlsplit

from smartllm import defaults
from smartllm.diagnostics import LEVELS, Level
from smartllm.errors import ConfigError
from smartllm.words import PROVIDERS

_TABLE: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}", re.ASCII)
_AWS_SIGNS: Final = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ROLE_ARN")


@dataclass(frozen=True)
class _Number:
    """What a numeric setting may be."""

    allowed: str
    least: float
    most: float = float("inf")
    above: bool = False
    whole: bool = False
    optional: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value may be used."""
        if (
            value is None
            or isinstance(value, bool)
            or not isinstance(value, int if self.whole else int | float)
        ):
            return value is None and self.optional
        return (
            isfinite(value) and self.least <= value <= self.most and not (self.above and value == self.least)
        )


_DELAY: Final = _Number("seconds, a number from 0 on", 0)
_TIMEOUT: Final = _Number("seconds, a number above 0", 0, above=True, optional=True)
_NUMBERS: Final = {
    "max_retries": _Number("a whole number from 0 on", 0, whole=True),
    "max_tokens": _Number("a whole number from 1 on", 1, whole=True, optional=True),
    "retry_delay": _DELAY,
    "max_retry_delay": _DELAY,
    "read_timeout": _TIMEOUT,
    "connect_timeout": _TIMEOUT,
    "first_event_timeout": _TIMEOUT,
    "stall_timeout": _TIMEOUT,
    "total_timeout": _Number("seconds, a number above 0", 0, above=True),
    "max_concurrent": _Number("a whole number from 1 on", 1, whole=True, optional=True),
    "max_retry_after": _DELAY,
    "retry_budget": _Number("tokens, a number from 0 on", 0, optional=True),
    "cache_max_bytes": _Number("bytes, a whole number from 0 on", 0, whole=True, optional=True),
    "cache_max_age_days": _Number("days, a number above 0", 0, above=True, optional=True),
    "cache_ttl_days": _Number("days, a number above 0", 0, above=True),
    "temperature": _Number("a number from 0 to 2", 0, most=2, optional=True),
}


@dataclass(slots=True)
class LLMConfig:
    """Settings of an ``LLMClient``; None takes the environment's value, then the default.

    Attributes:
        provider: ``openai`` or ``bedrock``; None detects it from the other settings and the environment.
        api_key: OpenAI key; None reads ``OPENAI_API_KEY``.
        base_url: OpenAI endpoint; None reads ``OPENAI_BASE_URL``.
        organization: OpenAI organisation id.
        aws_access_key_id: With ``aws_secret_access_key``; None uses the default credential chain.
        aws_secret_access_key: See above.
        aws_session_token: For temporary credentials.
        aws_region: None reads ``AWS_REGION``, then ``AWS_DEFAULT_REGION``, then ``defaults.aws_region``.
        endpoint_url: Bedrock runtime endpoint; None reads ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``.
        default_model: Model for requests that name none.
        temperature: For requests that set none; not sent to models that do not accept it.
        max_tokens: For requests that set none, in tokens.
        max_retries: Retries after the first attempt.
        retry_delay: First backoff bound in seconds.
        max_retry_delay: Largest backoff in seconds.
        read_timeout: Longest silence in seconds; None reads ``BEDROCK_READ_TIMEOUT`` (Bedrock only), then
            takes ``defaults.read_timeout``.
        connect_timeout: In seconds; None reads ``BEDROCK_CONNECT_TIMEOUT`` (Bedrock only), then takes
            ``defaults.connect_timeout``.
        first_event_timeout: Longest wait for the first piece of a streamed answer, in seconds; None takes the
            read timeout.
        stall_timeout: Longest wait between two pieces, in seconds; pings are none; None takes the
            read timeout.
        total_timeout: For a whole call with all its retries, in seconds.
        max_concurrent: Calls in flight for one model; None takes the rules' number.
        max_retry_after: Longest wait that a provider may ask for, in seconds; a longer one raises at once.
        retry_budget: Tokens of the bucket that pays for retries (14 each, 5 after throttling, refilled by
            successes); None switches it off.
        cache_dir: Folder of the local cache; None reads ``SMARTLLM_CACHE_DIR``, then takes ``.llm_cache`` in
            the working directory.
        cache_max_bytes: Size of the local cache at which the oldest entries go; None is no limit.
        cache_max_age_days: Age in days at which a local entry counts no more; None is no limit.
        dynamo_table_name: DynamoDB table of the second cache level, made if missing; None: no such level.
        dynamo_endpoint_url: DynamoDB endpoint; None takes AWS's own.
        cache_ttl_days: Days until an entry of the table expires.
        trace_content: Record prompts and answers in OpenTelemetry spans; off, spans hold only figures.
        rules: Overlay files for the rules, strongest last.
        level: What to do when the compiler changes a request: ``ignore``, ``warn`` or ``raise``.

    Raises:
        ConfigError: An unusable value; names the field, the value and what is allowed.
    """

    provider: str | None = None
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    organization: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    aws_region: str | None = None
    endpoint_url: str | None = None
    default_model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_retries: int = field(default_factory=lambda: defaults.max_retries)
    retry_delay: float = field(default_factory=lambda: defaults.retry_delay)
    max_retry_delay: float = field(default_factory=lambda: defaults.max_retry_delay)
    read_timeout: float | None = None
    connect_timeout: float | None = None
    first_event_timeout: float | None = None
    stall_timeout: float | None = None
    total_timeout: float = field(default_factory=lambda: defaults.total_timeout)
    max_concurrent: int | None = None
    max_retry_after: float = field(default_factory=lambda: defaults.max_retry_after)
    retry_budget: float | None = field(default_factory=lambda: defaults.retry_budget)
    cache_dir: str | os.PathLike[str] | None = None
    cache_max_bytes: int | None = None
    cache_max_age_days: float | None = None
    dynamo_table_name: str | None = None
    dynamo_endpoint_url: str | None = None
    cache_ttl_days: float = 365
    trace_content: bool = False
    rules: Any = None
    level: Level = "warn"

    def __post_init__(self) -> None:
        if self.provider is not None and self.provider not in PROVIDERS:
            raise ConfigError(f"provider={self.provider!r} is not known; allowed: {', '.join(PROVIDERS)}")
        if self.level not in LEVELS:
            raise ConfigError(f"level={self.level!r} is not known; allowed: {', '.join(LEVELS)}")
        for name, number in _NUMBERS.items():
            if not number.holds(value := getattr(self, name)):
                raise ConfigError(f"{name}={value!r} is not usable; allowed: {number.allowed}")
        for name in ("base_url", "endpoint_url", "dynamo_endpoint_url"):
            _url(name, getattr(self, name))
        if self.dynamo_table_name is not None and not _TABLE.fullmatch(self.dynamo_table_name):
            raise ConfigError(
                f"dynamo_table_name={self.dynamo_table_name!r} is not usable; "
                "allowed: 3 to 255 of the characters a-z, A-Z, 0-9, _, . and -"
            )
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ConfigError("aws_access_key_id and aws_secret_access_key: give both, or neither")
        if self.aws_session_token is not None and self.aws_access_key_id is None:
            raise ConfigError("aws_session_token: it needs aws_access_key_id and aws_secret_access_key too")

    def resolved_provider(self) -> str:
        """The provider: the given one, else what the other settings or the environment tell."""
        if self.provider is not None:
            return self.provider
        if self.api_key is not None or self.base_url is not None:
            return "openai"
        if (self.aws_access_key_id, self.aws_region, self.endpoint_url) != (None, None, None):
            return "bedrock"
        if os.environ.get("OPENAI_API_KEY"):
            return "openai"
        return "bedrock" if any(os.environ.get(name) for name in _AWS_SIGNS) else defaults.provider

    def custom_endpoint(self) -> str | None:
        """The provider's endpoint when it is not the public one; answers of one never stand for another."""
        if self.resolved_provider() == "openai":
            return self.resolved_base_url()
        named = (os.environ.get(f"AWS_ENDPOINT_URL{suffix}") for suffix in ("_BEDROCK_RUNTIME", ""))
        return self.endpoint_url or next(filter(None, named), None)

    def resolved_region(self) -> str:
        """Region: the given one, AWS_REGION, AWS_DEFAULT_REGION, then the default."""
        return (
            self.aws_region
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or defaults.aws_region
        )

    def resolved_base_url(self) -> str | None:
        """OpenAI endpoint: the given one, OPENAI_BASE_URL, else None for the public one."""
        return self.base_url or _url("OPENAI_BASE_URL", os.environ.get("OPENAI_BASE_URL"))

    def resolved_timeouts(self) -> tuple[float, float]:
        """Connect and read timeout in seconds."""
        reads_environment = self.resolved_provider() == "bedrock"
        found = []
        for name in ("connect_timeout", "read_timeout"):
            variable = f"BEDROCK_{name.upper()}"
            text = os.environ.get(variable) if reads_environment else None
            given, default = getattr(self, name), getattr(defaults, name)
            found.append(given if given is not None else _seconds(variable, text, default))
        return found[0], found[1]

    def request_defaults(self) -> dict[str, Any]:
        """Values for request fields that a request does not set."""
        given = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {name: value for name, value in given.items() if value is not None}


def _seconds(variable: str, text: str | None, default: float) -> float:
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < float("inf"):
        raise ConfigError(f"{variable}={text!r} is not usable; allowed: seconds, a number above 0")
    return value


def _url(name: str, value: str | None) -> str | None:
    """The value; None if it is empty."""
    if not value:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        shown = repr(value) if "@" not in value else "(hidden, it may hold a password)"
        raise ConfigError(
            f"{name}={shown} is not usable; allowed: a URL that starts with http:// or https://"
        )
    return value
