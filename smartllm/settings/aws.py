"""AWS's endpoints and credentials, as botocore would find them in settings and environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from smartllm import values
from smartllm.aws_files import aws_file_names, profile_in_use, profiles
from smartllm.config import LLMConfig
from smartllm.config_checks import session_name
from smartllm.environment import Environment, Found, Source
from smartllm.errors import ConfigError
from smartllm.providers import ProviderRow

IGNORE: Final = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_GIVEN_KEYS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_OWN: Final = ("aws_access_key_id", "aws_profile", "aws_role_arn")


# What no signature leaves to others.
_SIGNED: Final = frozenset(
    {"authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
)
_SESSION: Final = "smartllm"


class AwsRole(NamedTuple):
    """A role that is assumed.

    Attributes:
        arn: Its ARN.
        session_name: How its session is called in AWS's logs.
    """

    arn: str
    session_name: str


class AwsKeys(NamedTuple):
    """Static credentials; the repr shows none."""

    access_key: str
    secret_key: str
    session_token: str | None

    def __repr__(self) -> str:
        return "AwsKeys(hidden)"


def aws_endpoint(row: ProviderRow, config: LLMConfig, environment: Environment, service: str) -> Found | None:
    """The custom endpoint of a service, without a slash at its end; None for the public one.

    Args:
        row: What the provider's services are called.
        config: ``endpoint_url`` is that of ``row.service``; another service's follows the same naming.
        environment: AWS_ENDPOINT_URL_<service> and AWS_ENDPOINT_URL.
        service: ``row.service`` or ``row.control``.
    """
    if given := values.text("endpoint_url", config.endpoint_url):
        found: Found | None = Found(given, Source("setting", "endpoint_url"))
    elif environment.truth(IGNORE):
        found = None
    else:
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        found = environment.first(variable, "AWS_ENDPOINT_URL")
    if found is None:
        return None
    parts = values.url(found.source.name, found.value, login=False)
    assert parts is not None
    if parts.query:
        raise values.unusable(found.source.name, found.value, "a URL without a query")
    url = values.without_login(parts)
    return Found(url.replace(row.service, service), found.source)


def aws_keys(config: LLMConfig, environment: Environment) -> tuple[AwsKeys, Source] | None:
    """Static keys of the settings, else of the environment; None leaves it to botocore's chain.

    Keys of the environment that expire are left to it too: it asks for new ones. A profile or a session that
    the caller gave outranks them.

    Raises:
        ConfigError: Only half of them are there.
    """
    access, secret, token = (values.text(name, getattr(config, name), secret=True) for name in _GIVEN_KEYS)
    if access is not None and secret is not None:
        return AwsKeys(access, secret, token), Source("setting", "aws_access_key_id")
    if config.aws_session is not None or values.text("aws_profile", config.aws_profile):
        return None
    access = environment.get("AWS_ACCESS_KEY_ID")
    if access is None or environment.get("AWS_CREDENTIAL_EXPIRATION") is not None:
        return None
    secret = environment.get("AWS_SECRET_ACCESS_KEY")
    if secret is None:
        raise ConfigError(
            "Partial credentials found: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not",
            hint="set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither",
        )
    for variable, value in (("AWS_ACCESS_KEY_ID", access), ("AWS_SECRET_ACCESS_KEY", secret)):
        values.header_value(variable, value)
    session = environment.first("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
    token = None if session is None else values.header_value(session.source.name, session.value)
    return AwsKeys(access, secret, token), Source("environment", "AWS_ACCESS_KEY_ID")


def aws_role(config: LLMConfig, environment: Environment) -> AwsRole | None:
    """The role that the caller wants assumed.

    Raises:
        ConfigError: ``AWS_ROLE_SESSION_NAME`` is no name of a session.
    """
    arn = values.text("aws_role_arn", config.aws_role_arn)
    if arn is None:
        return None
    name = values.text("aws_role_session_name", config.aws_role_session_name)
    if name is None and (found := environment.first("AWS_ROLE_SESSION_NAME")) is not None:
        name = session_name(found.source.name, found.value)
    return AwsRole(arn, name or _SESSION)


def profile_of(config: LLMConfig, environment: Environment, *, sends: bool) -> Found | None:
    """The given profile, else the environment's; a session that the caller gave has its own.

    Raises:
        ConfigError: AWS's files do not have the given one.
    """
    if config.aws_session is not None:
        return None
    given = values.text("aws_profile", config.aws_profile)
    if given is None:
        return profile_in_use(environment)
    known = profiles(environment) if sends else None
    if known is not None and given not in known:
        there = f"they have {', '.join(sorted(known))}" if known else "they have none"
        raise ConfigError(
            f"aws_profile={given!r}: there is no such profile in AWS's files",
            hint=f"{' and '.join(aws_file_names(environment).values())}: {there}",
        )
    return Found(given, Source("setting", "aws_profile"))


def bearer_token(row: ProviderRow, config: LLMConfig, environment: Environment) -> Found | None:
    """The environment's token, which outranks its keys, not what the settings say of credentials."""
    given = config.aws_session is not None or any(values.text(name, getattr(config, name)) for name in _OWN)
    found = None if given else environment.first(row.token)
    if found is not None:
        values.header_value(found.source.name, found.value, "the token")
    return found


def check_headers(own: Mapping[str, str]) -> None:
    """Raise ConfigError for headers that a signed request has of its own."""
    for name in own:
        if name.lower() in _SIGNED:
            raise ConfigError(f"default_headers: {name} cannot be set: calls to AWS are signed")
