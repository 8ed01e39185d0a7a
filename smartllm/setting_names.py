"""Names of settings: what people type, what they mean, and which provider a setting is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from smartllm.errors import ConfigError
from smartllm.near import meant_by
from smartllm.parameters import PARAMETERS
from smartllm.providers import owner_of, row_of
from smartllm.said import Named, said

_A_REQUESTS: Final = "it is said in a request: TextRequest({0}=...)"
_TIMEOUT: Final = "total_timeout (a whole call) or read_timeout (the longest silence)"
_KEY: Final = (
    "api_key (OpenAI), the same for Anthropic and Azure, or aws_access_key_id and "
    "aws_secret_access_key (Bedrock)"
)
_ADDRESS: Final = (
    "base_url (OpenAI, Anthropic, and servers that speak their APIs), azure_endpoint (Azure) or endpoint_url "
    "(Bedrock)"
)
_DEPLOYMENT: Final = "default_model, or model= of a request, and deployments for its model"
_KEY_FUNCTION: Final = "api_key, which may be a function"

OF_REQUESTS: Final[Mapping[str, str]] = {
    typed: _A_REQUESTS.format(name)
    for name, row in PARAMETERS.items()
    if not row.setting and row.kind != "turns" and name not in {"model", "use_cache"}
    for typed in (name, row.flag)
}

MEANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("timeout", "request_timeout", "timeout_seconds"), _TIMEOUT),
    **dict.fromkeys(("model", "model_name", "model_id"), "default_model, or model= of a request"),
    **dict.fromkeys(("key", "apikey", "token", "openai_api_key", "credentials"), _KEY),
    **dict.fromkeys(("anthropic_api_key", "azure_api_key", "azure_openai_api_key"), _KEY),
    **dict.fromkeys(("auth_token", "anthropic_auth_token"), f"{_KEY_FUNCTION}, or ANTHROPIC_AUTH_TOKEN"),
    **dict.fromkeys(
        ("azure_openai_endpoint", "resource", "resource_name", "azure_resource"), "azure_endpoint"
    ),
    **dict.fromkeys(("openai_api_version", "azure_api_version", "azure_openai_api_version"), "api_version"),
    **dict.fromkeys(("azure_deployment", "deployment", "deployment_name", "deployment_id"), _DEPLOYMENT),
    **dict.fromkeys(("url", "endpoint", "host", "address", "api_base", "openai_api_base"), _ADDRESS),
    **dict.fromkeys(("region", "region_name", "aws_region_name"), "aws_region"),
    **dict.fromkeys(("retries", "retry", "num_retries", "max_attempts"), "max_retries"),
    **dict.fromkeys(("cache", "use_cache", "caching"), "cache_dir, or use_cache= of a request"),
    **dict.fromkeys(("concurrency", "max_concurrency", "max_workers", "parallel"), "max_concurrent"),
    **dict.fromkeys(("profile", "profile_name", "aws_profile_name"), "aws_profile"),
    **dict.fromkeys(("role", "role_arn", "aws_role", "aws_role_name"), "aws_role_arn"),
    **dict.fromkeys(("session_name", "role_session_name", "aws_session_name"), "aws_role_session_name"),
    **dict.fromkeys(("session", "boto3_session", "boto_session", "botocore_session"), "aws_session"),
    **dict.fromkeys(("token_provider", "azure_ad_token_provider", "azure_ad_token"), _KEY_FUNCTION),
    **dict.fromkeys(("project", "openai_project"), "the environment: OPENAI_PROJECT_ID"),
    **dict.fromkeys(("org", "organisation", "openai_organization"), "organization"),
    **dict.fromkeys(("max_output_tokens", "max_completion_tokens", "maxtokens"), "max_tokens"),
    **dict.fromkeys(("proxy", "proxies", "http_proxy"), "the environment: HTTPS_PROXY"),
    **dict.fromkeys(("headers", "custom_headers", "http_headers"), "default_headers"),
    **dict.fromkeys(("verify", "verify_ssl", "ssl", "cafile", "ca_file", "ca_certs"), "ca_bundle"),
    **dict.fromkeys(("access_key", "aws_access_key"), "aws_access_key_id"),
    **dict.fromkeys(("secret_key", "aws_secret_key"), "aws_secret_access_key"),
    **dict.fromkeys(("session_token", "aws_token"), "aws_session_token"),
    **dict.fromkeys(("table", "table_name", "dynamo_table"), "dynamo_table_name"),
    **dict.fromkeys(("ttl", "cache_ttl"), "cache_ttl_days"),
}

_FOR_DYNAMO: Final = "aws_"


def unknown_setting(name: str, fields: Iterable[str]) -> ConfigError:
    """Our error for a setting that there is none of; names the nearest that there is.

    Args:
        name: What was typed.
        fields: The settings.
    """
    meant = meant_by(name, fields, MEANT, OF_REQUESTS)
    return ConfigError(
        f"{name}: there is no such setting{meant}",
        hint="" if meant else "the settings are the fields of smartllm.LLMConfig",
    )


def foreign_setting(provider: str, given: Iterable[str], *, dynamo: bool) -> ConfigError | None:
    """Our error for a setting that is for another provider; None if there is none.

    Args:
        provider: The one that is used.
        given: Settings that hold a value.
        dynamo: A DynamoDB table keeps answers; it takes AWS's keys and region too.
    """
    row = row_of(provider)
    for name in given:
        other = None if name in row.settings else owner_of(name)
        if other is None or (dynamo and name.startswith(_FOR_DYNAMO)):
            continue
        theirs = Named("provider", other, f"provider={other!r}")
        hint = said("leave it out, or pass {}", theirs)
        if name.startswith(_FOR_DYNAMO):
            hint = said("{}; beside {} only a DynamoDB cache uses it (dynamo_table_name)", hint, row.title)
        instead = f", which takes {row.instead[name]}" if name in row.instead else ""
        return ConfigError(
            said(
                "{} is a setting for {}; the provider here is {}{}",
                Named(name),
                theirs,
                repr(provider),
                instead,
            ),
            hint=hint,
        )
    return None
