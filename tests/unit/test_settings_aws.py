"""Bedrock's settings: address, keys and endpoints are those that botocore would find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from wires import botocore_session

from smartllm import LLMConfig
from smartllm.environment import Environment
from smartllm.errors import ConfigError
from smartllm.settings import Settings
from smartllm.settings.aws_address import needs_botocore, public_address

KEYS: dict[str, str] = {"aws_access_key_id": "AKIDGIVEN", "aws_secret_access_key": "given-secret"}
BEDROCK = LLMConfig(provider="bedrock")


@pytest.fixture(scope="module")
def botocores() -> botocore.session.Session:
    return botocore.session.Session()


def client_of(session: botocore.session.Session, region: str, service: str = "bedrock-runtime") -> Any:
    """botocore's client, as the transport makes it."""
    return session.create_client(
        service,
        region_name=region,
        aws_access_key_id="a",
        aws_secret_access_key="s",
        config=Config(signature_version="v4"),
    )


def address_of(client: Any) -> str:
    """Where botocore would send a call."""
    model = client.meta.service_model.operation_model("Converse")
    context: dict[str, Any] = {"client_region": client.meta.region_name, "client_config": client.meta.config}
    address, _, _ = client._resolve_endpoint_ruleset(model, {"modelId": "m", "messages": []}, context)
    return str(address)


def every_region() -> list[str]:
    partitions = json.loads(
        (Path(botocore.__file__).parent / "data" / "partitions.json").read_text(encoding="utf-8")
    )["partitions"]
    listed = {region for partition in partitions for region in partition["regions"]}
    return sorted(
        listed | {"us-future-7", "cn-future-1", "us-gov-future-9", "eu-isoe-north-1", "mx-central-2"}
    )


def test_every_region_has_botocores_address(botocores: botocore.session.Session) -> None:
    wrong = {
        region: (ours, theirs)
        for region in every_region()
        if (ours := public_address("bedrock-runtime", region))
        != (theirs := address_of(client_of(botocores, region)))
    }
    assert wrong == {}
    assert len(every_region()) > 50


@pytest.mark.parametrize(
    "region", ["nowhere", "fips-us-east-1", "us-east-1-fips", "US-EAST-1", "us-east-1\n"]
)
def test_a_region_of_no_known_shape_is_left_to_botocore(region: str) -> None:
    assert public_address("bedrock-runtime", region) is None


ENDPOINTS = [
    {},
    {"AWS_ENDPOINT_URL": "http://all:1"},
    {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://runtime:1/"},
    {"AWS_ENDPOINT_URL_BEDROCK": "http://control:1"},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://runtime:1/path"},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": ""},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
    {"AWS_ENDPOINT_URL": "http://all:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "1"},
]


@pytest.mark.parametrize("environment", ENDPOINTS, ids=str)
def test_the_endpoint_is_botocores(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = botocore_session()
    resolved = Settings.resolve(BEDROCK, environment)
    for service, found in (("bedrock-runtime", resolved.address), ("bedrock", resolved.control_address)):
        expected = client_of(session, "us-east-1", service).meta.endpoint_url
        assert (found or f"https://{service}.us-east-1.amazonaws.com") == expected.rstrip("/")
    assert resolved.custom_endpoint == (resolved.address or None)
    assert resolved.cache_scope == (resolved.address or "us-east-1")


def test_a_given_endpoint_is_followed_by_the_listings() -> None:
    given = LLMConfig(endpoint_url="https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/")
    resolved = Settings.resolve(
        given, {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_BEDROCK": "http://c"}
    )
    assert resolved.address == "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"
    assert resolved.control_address == "https://vpce-1.bedrock.us-east-1.vpce.amazonaws.com"
    assert resolved.sources["address"] == ("setting", "endpoint_url")


FILES = [
    "[default]\nendpoint_url = http://file:1\n",
    "[default]\nservices = mine\n[services mine]\nbedrock_runtime =\n  endpoint_url = http://service:1\n",
    "[default]\nuse_fips_endpoint = true\n",
    "[default]\nuse_dualstack_endpoint=true\n",
    "[profile other]\nregion = us-east-1\nendpoint_url= http://file:1\n",
]


@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HOME"])
def test_a_file_that_names_an_address_is_left_to_botocore(variable: str, text: str, tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(text)
    place = str(tmp_path if variable == "HOME" else folder / "config")
    assert needs_botocore(Environment({variable: place}))
    assert Settings.resolve(BEDROCK, {variable: place}).asks_botocore
    own = LLMConfig(endpoint_url="http://127.0.0.1:1")
    assert not Settings.resolve(own, {variable: place}).asks_botocore


@pytest.mark.parametrize(
    "text", ["", "[default]\nregion = us-east-1\n# endpoint_url = http://x\n", "\xff\x00["]
)
def test_other_files_are_not(text: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(text, encoding="latin-1")
    assert not needs_botocore(
        Environment({"AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path)})
    )
    assert not needs_botocore(Environment({"AWS_CONFIG_FILE": str(tmp_path), "HOME": "/\0"}))


@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_variables_for_other_addresses_are_left_to_botocore(variable: str) -> None:
    assert needs_botocore(Environment({variable: "true"}))
    assert not needs_botocore(Environment({variable: ""}))


ENVIRONMENT_KEYS: dict[str, str] = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        ENVIRONMENT_KEYS,
        {**ENVIRONMENT_KEYS, "AWS_SESSION_TOKEN": "session"},
        {**ENVIRONMENT_KEYS, "AWS_SECURITY_TOKEN": "old"},
        {**ENVIRONMENT_KEYS, "AWS_SECURITY_TOKEN": "old", "AWS_SESSION_TOKEN": "session"},
        {**ENVIRONMENT_KEYS, "AWS_PROFILE": "nobody"},
        {"AWS_SECRET_ACCESS_KEY": "alone"},
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "s"},
    ],
    ids=str,
)
def test_keys_of_the_environment_are_botocores(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    from botocore.credentials import EnvProvider

    loaded = EnvProvider().load()
    expected = loaded and (loaded.access_key, loaded.secret_key, loaded.token)
    resolved = Settings.resolve(BEDROCK, environment)
    assert resolved.aws == expected
    assert set(resolved.secrets) == {value for value in (expected or ())[1:] if value}


def test_keys_that_expire_are_left_to_botocore() -> None:
    environment = {**ENVIRONMENT_KEYS, "AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}
    assert Settings.resolve(BEDROCK, environment).aws is None


def test_half_a_pair_of_keys_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^Partial credentials found: AWS_ACCESS_KEY_ID is set"):
        Settings.resolve(BEDROCK, {"AWS_ACCESS_KEY_ID": "AKID"})
    assert Settings.resolve(BEDROCK, {"AWS_ACCESS_KEY_ID": "AKID"}, sends=False).aws is None


def test_given_keys_come_before_all_of_the_environment() -> None:
    environment = {**ENVIRONMENT_KEYS, "AWS_BEARER_TOKEN_BEDROCK": "bearer"}
    resolved = Settings.resolve(LLMConfig(**KEYS, aws_session_token=" t\n"), environment)  # type: ignore[arg-type]
    assert (resolved.aws, resolved.bearer_token) == (("AKIDGIVEN", "given-secret", "t"), None)
    resolved = Settings.resolve(BEDROCK, environment)
    assert (resolved.aws, resolved.bearer_token) == (None, "bearer")
    assert resolved.secrets == ("bearer",)


@pytest.mark.parametrize(
    "name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"]
)
@pytest.mark.parametrize("value", ["can\nary", "канарейка", "can\udcffary"])
def test_keys_that_no_header_may_hold_are_refused_unseen(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: ") as caught:
        Settings.resolve(BEDROCK, {**ENVIRONMENT_KEYS, name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["no region!", "-us", "1", "a" * 64, "us_east", "ü", "us\neast"])
def test_a_region_is_checked_where_it_is_used(value: str) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        with pytest.raises(ConfigError, match=rf"^{variable}=.* is not usable; allowed: a region's name"):
            Settings.resolve(BEDROCK, {variable: value})
        with pytest.raises(ConfigError, match=f"^{variable}="):
            Settings.resolve(LLMConfig(api_key="k", dynamo_table_name="abc"), {variable: value})
        assert Settings.resolve(LLMConfig(api_key="k"), {variable: value}).region == value
    with pytest.raises(ConfigError, match=r"^aws_region="):
        Settings.resolve(LLMConfig(aws_region=value), {})


@pytest.mark.parametrize("value", ["no url", "ftp://host", "http://user:canary@host", "http://host/?a=b"])
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "endpoint_url"])
def test_an_endpoint_that_cannot_be_signed_for_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{name}=.* is not usable; allowed: a URL") as caught:
        Settings.resolve(
            LLMConfig(provider="bedrock", endpoint_url=value if name == "endpoint_url" else None),
            {name: value},
        )
    assert "canary" not in str(caught.value)
