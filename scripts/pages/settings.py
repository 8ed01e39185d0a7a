"""The settings of a client, and the variables of the environment."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any, Final

from pages.text import BARE, code, head, prose, table, written
from smartllm import LLMConfig, defaults
from smartllm.field_docs import field_docs
from smartllm.providers import ROWS

_GROUPS: Final = {
    "Provider and model": ("provider", "default_model", "fallback"),
    "OpenAI, Anthropic, and servers that speak their APIs": (
        "api_key",
        "base_url",
        "compatible",
        "organization",
    ),
    "Azure OpenAI": ("azure_", "api_version", "deployments"),
    "Amazon Bedrock": ("aws_", "endpoint_url"),
    "Connections": ("ca_bundle", "default_headers"),
    "For requests that do not say it": ("temperature", "max_tokens", "reasks"),
    "Time": ("connect_timeout", "read_timeout", "first_event_timeout", "stall_timeout", "total_timeout"),
    "Retries and limits": ("max_retr", "retry_", "max_concurrent", "quota_share"),
    "The response cache": ("cache_", "dynamo_"),
    "Rules": ("rules", "level"),
    "Watching": ("trace_",),
}
"""Titles, and how the names of their settings begin."""
_REST: Final = "More"
_METHODS: Final = "resolved_provider, resolved_region, resolved_timeouts, request_defaults"
_VARIABLE: Final = re.compile(r"``([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)``")
_OTHERS: Final = {
    "ANTHROPIC_AUTH_TOKEN": "Anthropic's bearer token, where no `ANTHROPIC_API_KEY` is set",
    "AZURE_OPENAI_AD_TOKEN": "Azure's bearer token; outranks `AZURE_OPENAI_API_KEY`",
    "AWS_ACCESS_KEY_ID": "Key of AWS, with the next one",
    "AWS_SECRET_ACCESS_KEY": "Its secret",
    "AWS_SESSION_TOKEN": "Of temporary credentials",
    "AWS_BEARER_TOKEN_BEDROCK": "Bedrock's API key; outranks AWS's keys of the environment",
    "AWS_ROLE_ARN": "Role of AWS's default chain; tells that Bedrock is meant",
    "AWS_ENDPOINT_URL_BEDROCK": "Address of Bedrock's listings",
    "AWS_CONFIG_FILE": "AWS's file of profiles",
    "AWS_SHARED_CREDENTIALS_FILE": "AWS's file of keys",
    "AWS_USE_FIPS_ENDPOINT": "`true`: the address that fulfils FIPS",
    "AWS_USE_DUALSTACK_ENDPOINT": "`true`: the address that has IPv6 too",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "`true`: addresses in AWS's variables and files do not count",
    "AWS_CA_BUNDLE": "Certificates that Bedrock's connections trust; then `REQUESTS_CA_BUNDLE`",
    "REQUESTS_CA_BUNDLE": "See above",
    "SSL_CERT_FILE": "Certificates that connections to all but Bedrock trust; then `SSL_CERT_DIR`",
    "SSL_CERT_DIR": "See above",
    "SMARTLLM_RULES": "Overlays of the rules, separated like a `PATH`",
    "SMARTLLM_TALKS_DIR": "Folder of the talks that `smartllm run` and `chat` keep; `off` keeps none",
    "HTTPS_PROXY": "Proxy for https; likewise `HTTP_PROXY` and `ALL_PROXY`, in small letters too",
    "NO_PROXY": "Hosts that are asked without a proxy",
    "XDG_CONFIG_HOME": "Folder of `smartllm/rules.toml`, the user's own overlay; `~/.config` without",
}
"""Variables that no setting names."""


def page() -> str:
    """Every setting in its group, then every variable."""
    texts = field_docs(LLMConfig)
    names = [one.name for one in fields(LLMConfig)]
    groups: dict[str, list[str]] = {title: [] for title in (*_GROUPS, _REST)}
    for name in names:
        groups[_group(name)].append(name)
    lines = [
        *head("Settings"),
        "Fields of `LLMConfig`, which are keywords of `LLMClient(...)` too. What outranks what is told by",
        "[Settings and environment](../settings.md). Defaults that may be changed stand in",
        "`smartllm.defaults`.",
        "",
    ]
    for title, members in groups.items():
        lines += [f"## {title}", ""] if members else []
        for name in members:
            about = f"*{_default(name)}*{{ .about }}"
            lines += [f"### `{name}`", "", about, "", prose(texts[name]), ""]
    rows = [(code(name), said) for name, said in sorted(variables().items())]
    lines += ["## Variables of the environment", "", *table(("Variable", "Meaning"), rows), ""]
    lines += [
        "## Classes",
        "",
        "::: smartllm.LLMConfig",
        "    options:",
        f"      members: [{_METHODS}]",
        "",
        "::: smartllm.ClientSettings",
        *BARE,
        "::: smartllm.defaults",
    ]
    return written(lines)


def variables() -> dict[str, str]:
    """Every variable that a client or a command looks at, and what it means."""
    found: dict[str, str] = {}
    for name, text in field_docs(LLMConfig).items():
        for variable in _VARIABLE.findall(text):
            found.setdefault(variable, f"[`{name}`](#{name})")
    for row in ROWS.values():
        found |= {variable: f"Header `{header}`" for header, _, variable in row.headers}
        if row.custom_headers:
            found[row.custom_headers] = f"Headers of every request to {row.title}: `Name: value`, one a line"
    return found | {name: said for name, said in _OTHERS.items() if name not in found}


def _group(name: str) -> str:
    return next((title for title, starts in _GROUPS.items() if name.startswith(starts)), _REST)


def _default(name: str) -> str:
    (field,) = (one for one in fields(LLMConfig) if one.name == name)
    if hasattr(defaults, name) and (field.default is MISSING or field.default is None):
        return f"default {code(getattr(defaults, name))}, of `smartllm.defaults.{name}`"
    value: Any = field.default if field.default is not MISSING else getattr(LLMConfig(), name)
    return f"default {code(value)}"
