"""What the fields of ``LLMConfig`` may hold, each by itself and beside the others."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from smartllm import values
from smartllm.diagnostics import LEVELS
from smartllm.errors import ConfigError
from smartllm.fallback_setting import fallback_entries
from smartllm.providers import ROWS
from smartllm.values import Number, unusable
from smartllm.words import Provider

_LARGEST_SIZE: Final = 2.0**63
_DAYS: Final = 1e6

_DELAY: Final = Number("seconds, a number from 0 on", 0)
_TIMEOUT: Final = Number("seconds, a number above 0", 0, above=True, optional=True)
_NUMBERS: Final = {
    "max_retries": Number("a whole number from 0 on", 0, whole=True),
    "max_tokens": Number("a whole number from 1 on", 1, whole=True, optional=True),
    "reasks": Number("a whole number from 0 to 10", 0, most=10, whole=True, optional=True),
    "quota_share": Number("a number above 0, at most 1", 0, most=1, above=True),
    "retry_delay": _DELAY,
    "max_retry_delay": _DELAY,
    "read_timeout": _TIMEOUT,
    "connect_timeout": _TIMEOUT,
    "first_event_timeout": _TIMEOUT,
    "stall_timeout": _TIMEOUT,
    "total_timeout": values.SECONDS,
    "max_concurrent": Number("a whole number from 1 on", 1, whole=True, optional=True),
    "max_retry_after": _DELAY,
    "retry_budget": Number("tokens, a number from 0 on", 0, optional=True),
    "cache_max_bytes": Number("bytes, a whole number from 0 on", 0, _LARGEST_SIZE, whole=True, optional=True),
    "cache_max_age_days": Number("days, a number above 0", 0, _DAYS, above=True, optional=True),
    "cache_ttl_days": Number("days, a number above 0", 0, _DAYS, above=True),
    "temperature": Number("a number from 0 to 2", 0, most=2, optional=True),
}
_TEXTS: Final = (
    "organization",
    "aws_access_key_id",
    "aws_region",
    "aws_profile",
    "default_model",
    "api_version",
)
_SECRETS: Final = ("api_key", "aws_secret_access_key", "aws_session_token")
# What IAM takes (its API reference, RoleSessionName and roleArnType, 2026-11-26).
_ROLE: Final = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\x21-\x7e]+", re.ASCII)
_SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_NAMED: Final = ("aws_profile", "aws_access_key_id")


def check_config(config: Any) -> None:
    """Check every field; they may have been set since the configuration was made.

    Raises:
        ConfigError: A value that cannot be used.
    """
    one_of("provider", config.provider, (None, *dict.fromkeys((*ROWS, *get_args(Provider)))))
    one_of("level", config.level, LEVELS)
    for name, number in _NUMBERS.items():
        number.check(name, getattr(config, name))
    for name in _TEXTS:
        values.text(name, getattr(config, name))
    for name in _SECRETS:
        _secret(name, getattr(config, name))
    values.url("base_url", config.base_url)
    values.url("endpoint_url", config.endpoint_url, login=False)
    values.url("dynamo_endpoint_url", config.dynamo_endpoint_url, login=False)
    values.url("azure_endpoint", config.azure_endpoint, login=False)
    deployments(config.deployments)
    values.table("dynamo_table_name", config.dynamo_table_name)
    values.path("cache_dir", config.cache_dir)
    values.path("ca_bundle", config.ca_bundle)
    values.headers("default_headers", config.default_headers)
    _rules(config.rules)
    fallback_entries(config.fallback, config.__dataclass_fields__)
    if not isinstance(config.compatible, bool | str | None):
        raise unusable("compatible", config.compatible, "True, False or the name of a server, such as ollama")
    if not isinstance(config.trace_content, bool):
        raise unusable("trace_content", config.trace_content, "True or False")
    _aws(config)


def _aws(config: Any) -> None:
    """AWS's settings, and which of them go together."""
    if bool(config.aws_access_key_id) != bool(config.aws_secret_access_key):
        raise ConfigError("aws_access_key_id and aws_secret_access_key: give both, or neither")
    if config.aws_session_token and not config.aws_access_key_id:
        raise ConfigError("aws_session_token: it needs aws_access_key_id and aws_secret_access_key too")
    if config.aws_session is not None and not _is_session(config.aws_session):
        raise values.hidden("aws_session", "a session of botocore, aiobotocore, boto3 or aioboto3")
    texts = [name for name in _NAMED if values.text(name, getattr(config, name))]
    given = [*(["aws_session"] if config.aws_session is not None else []), *texts]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)}: give one of them; each says whose credentials to take")
    role, name = values.text("aws_role_arn", config.aws_role_arn), config.aws_role_session_name
    if role is not None and not _ROLE.fullmatch(role):
        raise unusable("aws_role_arn", role, "a role's ARN, such as arn:aws:iam::123456789012:role/name")
    if values.text("aws_role_session_name", name) is None:
        return
    if role is None:
        raise ConfigError("aws_role_session_name: it needs aws_role_arn too")
    session_name("aws_role_session_name", name.strip())


def session_name(name: str, value: str) -> str:
    """The name of a role's session, as AWS's logs show it."""
    if not _SESSION_NAME.fullmatch(value):
        raise unusable(name, value, "2 to 64 of the characters a-z, A-Z, 0-9 and _+=,.@-")
    return value


def _is_session(value: Any) -> bool:
    if isinstance(value, type):
        return False
    try:
        return callable(value.get_credentials)
    except Exception:  # noqa: BLE001 - attributes of the caller's may raise anything
        return False


def deployments(value: Any) -> dict[str, str]:
    """A copy of deployments by name.

    Raises:
        ConfigError: No mapping of names to ids of models.
    """
    allowed = "a dict: names of deployments, each with the id of its model, both text"
    if value is None:
        return {}
    try:
        found = dict(value.items()) if isinstance(value, Mapping) else None
    except Exception:  # noqa: BLE001 - a mapping of the caller's may raise anything
        found = None
    if found is None:
        raise unusable("deployments", value, allowed)
    for name, model in found.items():
        if not (isinstance(name, str) and isinstance(model, str) and name.strip() and model.strip()):
            raise unusable(f"deployments[{values.shown(name)}]", model, allowed)
        values.text("deployments", name)
        values.text(f"deployments[{name!r}]", model)
    return {name.strip(): model.strip() for name, model in found.items()}


def one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Raise ConfigError for a word that is not one of some."""
    if (value is None or isinstance(value, str)) and value in allowed:
        return
    words = ", ".join(filter(None, allowed))
    raise ConfigError(f"{name}={values.shown(value)} is not known; allowed: {words}")


def _secret(name: str, value: Any) -> None:
    if name == "api_key" and asks(value):
        return
    if value is not None and not isinstance(value, str):
        allowed = "text or a function" if name == "api_key" else "text"
        raise values.hidden(name, f"{allowed}, not {type(value).__name__}")
    if value:
        values.header_value(name, str.strip(value), "the key" if name == "api_key" else "the value")


def asks(value: Any) -> bool:
    """Whether a key is a function that is asked for it."""
    return callable(value) and not isinstance(value, type)


def _rules(rules: Any) -> None:
    # The class is told by name: the rules are above this module.
    if rules is None or (type(rules).__module__, type(rules).__name__) == ("smartllm.rules.load", "RuleSet"):
        return
    for each in [rules] if isinstance(rules, (str, bytes, os.PathLike)) else _listed(rules):
        if values.path("rules", each) is None:
            raise unusable("rules", rules, "paths of rules files, or what smartllm.rules.load_rules gives")


def _listed(rules: Any) -> list[Any]:
    if isinstance(rules, (list, tuple)):
        return list(rules)
    raise unusable("rules", rules, "paths of rules files, or what smartllm.rules.load_rules gives")
