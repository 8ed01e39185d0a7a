"""Profile, role and session: what goes together, what outranks what, and what AWS's files say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from smartllm import LLMConfig
from smartllm.aws_files import profiles
from smartllm.environment import Environment
from smartllm.errors import ConfigError
from smartllm.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/team/caller"
KEYS: dict[str, Any] = {"aws_access_key_id": "AKIDGIVEN", "aws_secret_access_key": "given-secret"}
OUTSIDE = {
    "AWS_ACCESS_KEY_ID": "AKIDENV",
    "AWS_SECRET_ACCESS_KEY": "env-secret",
    "AWS_BEARER_TOKEN_BEDROCK": "bearer-token",
    "AWS_PROFILE": "of-the-environment",
}


class Session:
    """A session with credentials that nobody asks for here."""

    region_name: Any = "eu-central-2"

    def get_credentials(self) -> None:
        raise AssertionError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Variables that name AWS's files."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(
        "[default]\nregion = us-west-1\n[profile one]\nregion = eu-west-1\noutput = json\n"
        '[profile "two words"]\nregion=eu-west-2\n[sso-session one]\nregion = x\n[bare]\nregion = y\n'
        '[profile "half]\nregion = z\n[DEFAULT]\nregion = nobodys\n'
    )
    credentials.write_text("[one]\naws_access_key_id = AKIDFILE\n[three]\nregion = eu-west-3\n")
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


# AWS's files


def test_profiles_are_botocores(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in files.items():
        monkeypatch.setenv(name, value)
    found = profiles(Environment(files))
    assert found == botocore.session.Session().full_config["profiles"]
    assert sorted(found or {}) == ["default", "one", "three", "two words"]


@pytest.mark.parametrize("text", ["no section\n", "[a\n", "[a]\nb\n"])
def test_a_file_of_another_kind_is_left_to_botocore(text: str, files: dict[str, str]) -> None:
    Path(files["AWS_CONFIG_FILE"]).write_text(text)
    assert profiles(Environment(files)) is None
    assert Settings.resolve(LLMConfig(aws_profile="one"), files).profile == "one"


# A profile


def test_a_given_profile_outranks_the_environment(files: dict[str, str]) -> None:
    resolved = Settings.resolve(LLMConfig(aws_profile=" one "), {**files, **OUTSIDE})
    assert (resolved.provider, resolved.profile, resolved.region) == ("bedrock", "one", "eu-west-1")
    assert (resolved.aws, resolved.bearer_token, dict(resolved.headers)) == (None, None, {})
    assert resolved.sources["region"] == ("setting", "aws_profile")
    assert resolved.key_source == "aws_profile"
    assert LLMConfig(aws_profile="one").resolved_provider() == "bedrock"


def test_the_environments_profile_gives_no_region(files: dict[str, str]) -> None:
    resolved = Settings.resolve(LLMConfig(provider="bedrock"), {**files, "AWS_PROFILE": "one"})
    assert (resolved.profile, resolved.region, resolved.key_source) == ("one", "us-east-1", None)


def test_a_profile_that_is_not_there(files: dict[str, str]) -> None:
    with pytest.raises(
        ConfigError, match=r"^aws_profile='on': there is no such profile in AWS's files"
    ) as caught:
        Settings.resolve(LLMConfig(aws_profile="on"), files)
    assert caught.value.hint.endswith(": they have default, one, three, two words")
    assert files["AWS_CONFIG_FILE"] in caught.value.hint
    assert Settings.resolve(LLMConfig(aws_profile="on"), files, sends=False).profile == "on"
    with pytest.raises(ConfigError, match="no such profile") as caught:
        Settings.resolve(LLMConfig(aws_profile="on"), {"HOME": "/nowhere"})
    assert caught.value.hint == "/nowhere/.aws/config and /nowhere/.aws/credentials: they have none"


def test_the_certificates_of_a_given_profile(files: dict[str, str], tmp_path: Path) -> None:
    (bundle := tmp_path / "own.pem").write_text("x")
    with Path(files["AWS_CONFIG_FILE"]).open("a") as file:
        file.write(f"[profile certified]\nca_bundle = {bundle}\n")
    found = Settings.resolve(LLMConfig(aws_profile="certified"), files).certificates
    assert (found.cafile, found.source.name) == (str(bundle), "ca_bundle of the AWS profile")
    other = Settings.resolve(LLMConfig(aws_profile="one"), {**files, "AWS_PROFILE": "certified"}).certificates
    assert other.cafile != str(bundle)


# A session


def test_a_session_outranks_the_environment() -> None:
    resolved = Settings.resolve(LLMConfig(aws_session=Session()), {**OUTSIDE, "AWS_REGION": "us-west-2"})
    assert (resolved.provider, resolved.region) == ("bedrock", "eu-central-2")
    assert (resolved.aws, resolved.bearer_token, resolved.profile) == (None, None, None)
    assert resolved.key_source == "aws_session"
    assert (
        Settings.resolve(LLMConfig(aws_session=Session(), aws_region="ca-west-1"), {}).region == "ca-west-1"
    )


@pytest.mark.parametrize("region", [None, 5, ""])
def test_a_session_without_a_region_leaves_it_to_the_environment(region: Any) -> None:
    session = Session()
    session.region_name = region
    found = Settings.resolve(LLMConfig(aws_session=session), {"AWS_REGION": "us-west-2"})
    assert found.region == "us-west-2"


def test_a_session_whose_region_raises(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", files["AWS_CONFIG_FILE"])
    session = botocore.session.Session(profile="nobody")
    assert Settings.resolve(LLMConfig(aws_session=session), {}).region == "us-east-1"


@pytest.mark.parametrize("value", ["one", 5, object(), Session, {"get_credentials": 1}])
def test_what_is_no_session(value: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"^aws_session=\(hidden\) is not usable; allowed: a session of botocore"
    ):
        LLMConfig(aws_session=value)


# A role


def test_a_role() -> None:
    given = LLMConfig(aws_role_arn=f" {ROLE}\n")
    resolved = Settings.resolve(given, OUTSIDE)
    assert (resolved.provider, resolved.role) == ("bedrock", (ROLE, "smartllm"))
    assert (resolved.aws, resolved.bearer_token) == (("AKIDENV", "env-secret", None), None)
    assert resolved.key_source == "aws_role_arn"
    named = {"AWS_ROLE_SESSION_NAME": "outside"}
    assert Settings.resolve(given, named).role == (ROLE, "outside")
    named_twice = LLMConfig(aws_role_arn=ROLE, aws_role_session_name=" inside ")
    assert Settings.resolve(named_twice, named).role == (ROLE, "inside")
    # With a web identity botocore assumes this one; on its own it means nothing.
    assert Settings.resolve(LLMConfig(provider="bedrock"), {"AWS_ROLE_ARN": ROLE}).role is None


@pytest.mark.parametrize("value", ["caller", "arn:aws:iam::1:role/x", "arn:aws:s3:::role", f"{ROLE} x"])
def test_what_is_no_role(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^aws_role_arn='.*' is not usable; allowed: a role's ARN"):
        LLMConfig(aws_role_arn=value)


@pytest.mark.parametrize("value", ["x", "two words", "üüü", "x" * 65])
def test_what_is_no_name_of_a_session(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^aws_role_session_name='.*' is not usable; allowed: 2 to 64"):
        LLMConfig(aws_role_arn=ROLE, aws_role_session_name=value)
    with pytest.raises(ConfigError, match=r"^AWS_ROLE_SESSION_NAME='.*' is not usable; allowed: 2 to 64"):
        Settings.resolve(LLMConfig(aws_role_arn=ROLE), {"AWS_ROLE_SESSION_NAME": value})
    assert Settings.resolve(LLMConfig(api_key="k"), {"AWS_ROLE_SESSION_NAME": value}).role is None


# Together


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"aws_profile": "one", **KEYS}, "aws_profile and aws_access_key_id: give one of them"),
        ({"aws_session": Session(), **KEYS}, "aws_session and aws_access_key_id: give one of them"),
        ({"aws_session": Session(), "aws_profile": "one"}, "aws_session and aws_profile: give one of them"),
        ({"aws_role_session_name": "me"}, "aws_role_session_name: it needs aws_role_arn too"),
        ({"aws_profile": "a\nb"}, "aws_profile='a"),
        ({"aws_profile": 5}, "aws_profile=5 is not usable"),
        ({"aws_role_arn": 5}, "aws_role_arn=5 is not usable"),
        ({"aws_role_arn": ROLE, "aws_role_session_name": 5}, "aws_role_session_name=5 is not usable"),
    ],
)
def test_what_does_not_go_together(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{told}"):
        LLMConfig(**given)


@pytest.mark.parametrize("name", ["aws_profile", "aws_role_arn", "aws_session"])
def test_beside_openai_they_are_the_tables(name: str, files: dict[str, str]) -> None:
    value: Any = {"aws_profile": "one", "aws_role_arn": ROLE, "aws_session": Session()}[name]
    with pytest.raises(ConfigError, match=rf"^{name} is a setting for provider='bedrock'.*api_key") as caught:
        Settings.resolve(LLMConfig(api_key="k", **{name: value}), {})
    assert "only a DynamoDB cache uses it" in caught.value.hint
    resolved = Settings.resolve(
        LLMConfig(api_key="k", dynamo_table_name="abc", **{name: value}), files | OUTSIDE
    )
    assert (resolved.provider, resolved.key_source) == ("openai", "api_key")
    found = {"aws_profile": resolved.profile, "aws_role_arn": resolved.role and resolved.role.arn}
    assert {**found, "aws_session": resolved.aws_session}[name] == value


@pytest.mark.parametrize("name", ["aws_profile", "aws_role_arn", "aws_role_session_name"])
def test_empty_ones_are_none(name: str) -> None:
    blank: dict[str, Any] = {name: " "}
    resolved = Settings.resolve(LLMConfig(provider="bedrock", **blank), OUTSIDE)
    assert (resolved.bearer_token, resolved.profile) == ("bearer-token", "of-the-environment")
