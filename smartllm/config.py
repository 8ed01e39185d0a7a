"""Configuration of a client, and the environment variables that it reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from smartllm import defaults
from smartllm.errors import ConfigError

if TYPE_CHECKING:
    from smartllm.diagnostics import Level

PROVIDERS: Final[tuple[str, ...]] = ("openai", "bedrock")
_MODEL_VARIABLES: Final = {"openai": "OPENAI_MODEL", "bedrock": "BEDROCK_MODEL"}
_AWS_SIGNS: Final = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ROLE_ARN")


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
        read_timeout: Longest silence in seconds; None reads ``BEDROCK_READ_TIMEOUT``, then 300.
        connect_timeout: In seconds; None reads ``BEDROCK_CONNECT_TIMEOUT``, then 10.
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
    rules: Any = None
    level: Level = "warn"

    def __post_init__(self) -> None:
        if self.provider is not None and self.provider not in PROVIDERS:
            raise ConfigError(f"provider={self.provider!r} is not known; allowed: {', '.join(PROVIDERS)}")
        _at_least("max_retries", self.max_retries, 0)
        for name in ("retry_delay", "max_retry_delay", "read_timeout", "connect_timeout"):
            _at_least(name, getattr(self, name), 0)
        _at_least("max_tokens", self.max_tokens, 1)
        _at_least("temperature", self.temperature, 0)
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ConfigError("aws_access_key_id and aws_secret_access_key: give both, or neither")

    def resolved_provider(self) -> str:
        """The provider: the given one, else what the other settings or the environment tell."""
        if self.provider is not None:
            return self.provider
        if self.api_key is not None or self.base_url is not None:
            return "openai"
        if self.aws_access_key_id is not None or self.aws_region is not None:
            return "bedrock"
        if os.environ.get("OPENAI_API_KEY"):
            return "openai"
        return "bedrock" if any(os.environ.get(name) for name in _AWS_SIGNS) else defaults.provider

    def resolved_region(self) -> str:
        """Region: the given one, AWS_REGION, AWS_DEFAULT_REGION, then the default."""
        return (
            self.aws_region
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or defaults.aws_region
        )

    def resolved_timeouts(self) -> tuple[float, float]:
        """Connect and read timeout in seconds."""
        connect = _seconds(self.connect_timeout, "BEDROCK_CONNECT_TIMEOUT", defaults.connect_timeout)
        return connect, _seconds(self.read_timeout, "BEDROCK_READ_TIMEOUT", defaults.read_timeout)

    def request_defaults(self) -> dict[str, Any]:
        """Values for request fields that a request does not set."""
        given = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {name: value for name, value in given.items() if value is not None}


def model_from_environment(provider: str) -> str | None:
    """OPENAI_MODEL or BEDROCK_MODEL; None when it is not set or empty."""
    return os.environ.get(_MODEL_VARIABLES[provider]) or None


def _at_least(name: str, value: float | None, least: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
        raise ConfigError(f"{name}={value!r} is not usable; allowed: a number from {least} on")


def _seconds(given: float | None, variable: str, default: float) -> float:
    if given is not None:
        return given
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < float("inf"):
        raise ConfigError(f"{variable}={text!r} is not usable; allowed: seconds, a number above 0")
    return value
