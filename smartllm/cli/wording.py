"""Fields and settings as one says them at a shell: the one place that knows."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from smartllm.parameters import PARAMETERS
from smartllm.providers import ROWS
from smartllm.said import Named

_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: row.options[0] for name, row in PARAMETERS.items() if row.options},
        "stream": "--stream",
        "use_cache": "--no-cache",
        "clear_cache": "--refresh",
        "provider": "--provider",
        "compatible": "--compatible",
        "rules": "--rules",
        "level": "--level",
        "base_url": "--base-url",
        "aws_profile": "--aws-profile",
        "ca_bundle": "--ca-bundle",
        "fallback": "--fallback",
    }
)
_FLAGS: Final = frozenset({"stream", "use_cache", "clear_cache"})
"""Options that take no value."""

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api_key": "OPENAI_API_KEY",
        "organization": "OPENAI_ORG_ID",
        "default_headers": "OPENAI_CUSTOM_HEADERS or ANTHROPIC_CUSTOM_HEADERS",
        "default_model": " or ".join(row.default_model for row in ROWS.values()),
        "azure_endpoint": "AZURE_OPENAI_ENDPOINT",
        "api_version": "OPENAI_API_VERSION",
        "endpoint_url": "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        "aws_region": "AWS_REGION",
        "aws_access_key_id": "AWS_ACCESS_KEY_ID",
        "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "aws_session_token": "AWS_SESSION_TOKEN",
        "aws_role_arn": "AWS_ROLE_ARN",
        "aws_role_session_name": "AWS_ROLE_SESSION_NAME",
        "read_timeout": "BEDROCK_READ_TIMEOUT (Bedrock alone)",
        "connect_timeout": "BEDROCK_CONNECT_TIMEOUT (Bedrock alone)",
        "cache_dir": "SMARTLLM_CACHE_DIR",
    }
)
"""Settings that only the environment can say here."""
_KEYS: Final = frozenset(row.key for row in ROWS.values() if row.key)
"""Variables that texts name where Python would name a setting."""


def shell_words(named: Named) -> str:
    """How a shell says a field or setting.

    Args:
        named: What is meant; a value in angle brackets, which stands for one, becomes a word in capitals.
    """
    option = _OPTIONS.get(named.name)
    if option is None:
        if named.name in PARAMETERS:
            return f"--option {named.name}={shlex.quote(named.value) if named.value else 'VALUE'}"
        if named.name in _KEYS:
            return named.name
        return VARIABLES.get(named.name) or f"{named.name} (a setting that only Python has)"
    if named.name in PARAMETERS and PARAMETERS[named.name].kind == "truth" and named.name not in _FLAGS:
        return f"--no-{option.removeprefix('--')}" if named.value == "false" else option
    if not named.value or named.name in _FLAGS:
        return option
    if named.value.startswith("<"):
        return f"{option} {named.value.strip('<>').upper().replace(' ', '-')}"
    return f"{option} {shlex.quote(named.value)}"
