"""Settings: resolved once, each with its source; what cannot be used is a ConfigError that names it."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from how_many import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from yarl import URL

from smartllm import LLMConfig, defaults
from smartllm.bedrock import BedrockConfig
from smartllm.config import make_config
from smartllm.environment import Environment, ambient_rules, home_folder
from smartllm.errors import ConfigError, RulesError
from smartllm.openai import OpenAIConfig
from smartllm.rules import load_rules
from smartllm.setting_names import MEANT, unknown_setting
from smartllm.settings import Settings

KEYS: dict[str, str] = {"aws_access_key_id": "AKIDGIVEN", "aws_secret_access_key": "given-secret"}
FIELDS = [field.name for field in dataclasses.fields(LLMConfig)]


# Once


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "OPENAI_API_KEY": "one",
        "OPENAI_BASE_URL": "http://one/v1",
        "HTTP_PROXY": "p:1",
    }.items():
        monkeypatch.setenv(name, value)
    resolved = Settings.resolve(LLMConfig())
    before = repr(resolved), dict(resolved.headers), resolved.proxy, resolved.cache_scope
    for name in list(os.environ):
        monkeypatch.setenv(name, "http://changed")
    monkeypatch.chdir(tmp_path)
    assert (repr(resolved), dict(resolved.headers), resolved.proxy, resolved.cache_scope) == before
    assert resolved.proxy_for("http://other") == "http://p:1"


def test_a_given_environment_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "own")
    monkeypatch.setenv("HTTPS_PROXY", "http://own:1")
    environment = {"OPENAI_API_KEY": "given"}
    resolved = Settings.resolve(LLMConfig(), environment)
    environment["OPENAI_API_KEY"] = "later"
    assert (resolved.headers["Authorization"], resolved.proxy) == ("Bearer given", None)


def test_an_environment_is_a_copy() -> None:
    variables = {"A": "1"}
    environment = Environment(variables)
    variables["A"] = "2"
    assert environment.get("A") == "1"


def test_the_config_is_copied() -> None:
    config = OpenAIConfig(api_key="k", rules=["one.toml"])
    resolved = Settings.resolve(config, {})
    config.total_timeout, config.provider = 1, "bedrock"
    config.rules.append("two.toml")
    assert (resolved.config.total_timeout, resolved.config.provider) == (3600, "openai")
    assert resolved.rules == ("one.toml",)
    assert type(resolved.config) is OpenAIConfig


def test_a_field_that_was_set_later_is_checked() -> None:
    config = LLMConfig(api_key="k")
    config.max_retries = -1
    with pytest.raises(ConfigError, match=r"^max_retries=-1 is not usable"):
        Settings.resolve(config, {})


def test_settings_are_frozen() -> None:
    resolved = Settings.resolve(LLMConfig(api_key="k"), {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        resolved.address = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        resolved.headers["Authorization"] = "x"  # type: ignore[index]
    with pytest.raises(TypeError):
        resolved.sources["address"] = resolved.sources["proxy"]  # type: ignore[index]


@pytest.mark.parametrize("value", [None, {}, "config", LLMConfig])
def test_what_is_no_config_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^config: an LLMConfig is needed"):
        Settings.resolve(value, {})


# Where each value comes from


def test_each_value_knows_its_source(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    config = LLMConfig(
        base_url="http://host/v1", api_key="k", organization="o", default_model="m", read_timeout=5,
        stall_timeout=4, total_timeout=9, cache_dir="c", rules=str(rules),
    )  # fmt: skip
    sources = Settings.resolve(config, {"AWS_REGION": "eu-west-1", "HTTP_PROXY": "p"}).sources
    found = {name: tuple(source) for name, source in sources.items()}
    names = ("address", "api_key", "organization", "default_model", "read_timeout", "stall_timeout")
    fields = ("base_url", "api_key", "organization", "default_model", "read_timeout", "stall_timeout")
    assert [found[name] for name in names] == [("setting", field) for field in fields]
    assert [found[name] for name in ("total_timeout", "cache_dir", "rules")] == [
        ("setting", name) for name in ("total_timeout", "cache_dir", "rules")
    ]
    assert found["provider"] == ("derived", "api_key")
    assert found["first_event_timeout"] == ("derived", "read_timeout")
    assert found["region"] == ("environment", "AWS_REGION")
    assert found["proxy"] == ("environment", "HTTP_PROXY")
    assert found["connect_timeout"] == ("default", "connect_timeout")


def test_the_environment_is_named_as_source() -> None:
    environment = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://host/v1",
        "OPENAI_ORG_ID": "o",
        "OPENAI_PROJECT_ID": "p",
        "OPENAI_MODEL": "m",
        "SMARTLLM_CACHE_DIR": "c",
        "SMARTLLM_RULES": "r.toml",
    }
    resolved = Settings.resolve(LLMConfig(), environment)
    names = ("api_key", "address", "organization", "project", "default_model", "cache_dir", "rules")
    assert [resolved.sources[name] for name in names] == [("environment", name) for name in environment]
    assert resolved.sources["provider"] == ("derived", "OPENAI_API_KEY")
    assert (resolved.default_model, resolved.cache_dir) == ("m", Path("c").absolute())
    bedrock = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "BEDROCK_MODEL": "m",
        "BEDROCK_READ_TIMEOUT": "5.5",
        "AWS_ENDPOINT_URL": "http://all:1",
        "AWS_PROFILE": "p",
    }
    resolved = Settings.resolve(LLMConfig(), bedrock)
    assert (resolved.provider, resolved.read_timeout, resolved.stall_timeout) == ("bedrock", 5.5, 5.5)
    assert (resolved.default_model, resolved.profile, resolved.custom_endpoint) == ("m", "p", "http://all:1")
    assert resolved.sources["read_timeout"] == ("environment", "BEDROCK_READ_TIMEOUT")


def test_nothing_set_takes_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "aws_region", "eu-west-3")
    resolved = Settings.resolve(LLMConfig(provider="bedrock"), {})
    assert (resolved.region, resolved.cache_scope, resolved.custom_endpoint) == (
        "eu-west-3",
        "eu-west-3",
        None,
    )
    assert (resolved.connect_timeout, resolved.read_timeout, resolved.total_timeout) == (10, 300, 3600)
    assert (resolved.default_model, resolved.rules) == (None, ())
    assert {source.kind for source in resolved.sources.values()} == {"default", "setting", "derived"}
    assert resolved.cache_dir == Path.cwd() / ".llm_cache"


@pytest.mark.parametrize(
    ("name", "value"),
    [("provider", "vertex"), ("read_timeout", -1), ("connect_timeout", "x"), ("aws_region", 5)],
)
def test_an_unusable_default_is_named(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, name, value)
    with pytest.raises(ConfigError, match=rf"^smartllm\.defaults\.{name}="):
        Settings.resolve(LLMConfig(provider=None if name == "provider" else "bedrock"), {})


# Files


def test_overlays_are_those_of_the_moment(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "SMARTLLM_RULES": os.pathsep.join(["a.toml", "", "b.toml"])}
    assert Settings.resolve(LLMConfig(api_key="k", rules="c.toml"), environment).rules == (
        "a.toml",
        "b.toml",
        "c.toml",
    )
    user = tmp_path / ".config" / "smartllm" / "rules.toml"
    user.parent.mkdir(parents=True)
    user.write_text("")
    assert ambient_rules(environment) == (str(user), "a.toml", "b.toml")
    loaded = load_rules()
    assert Settings.resolve(LLMConfig(api_key="k", rules=loaded), environment).rules is loaded


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"XDG_CONFIG_HOME": ""},
        {"XDG_CONFIG_HOME": "relative"},
        {"XDG_CONFIG_HOME": "{tmp}/xdg"},
        {"HOME": "{tmp}"},
    ],
    ids=str,
)
def test_the_users_rules_are_where_platformdirs_puts_them(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import platformdirs

    monkeypatch.delenv("XDG_CONFIG_HOME")
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    user = platformdirs.user_config_path("smartllm") / "rules.toml"
    if not user.is_absolute():
        pytest.skip("this platformdirs follows a relative XDG_CONFIG_HOME, against its specification")
    assert ambient_rules(os.environ) == ()
    user.parent.mkdir(parents=True)
    user.write_text("")
    assert ambient_rules(os.environ) == (str(user),)


def test_a_relative_home_is_none() -> None:
    assert home_folder({"HOME": "relative"}) == home_folder({}) != "relative"
    assert home_folder({"HOME": "/absolute"}) == "/absolute"


def test_without_a_home_there_is_no_users_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert home_folder({}) is None
    assert ambient_rules({}) == ()
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert load_rules().table("model")
    assert Settings.resolve(LLMConfig(provider="bedrock")).rules == ()


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_path_that_no_file_system_takes_is_named(path: str) -> None:
    for environment in ({"SMARTLLM_RULES": path}, {"SMARTLLM_CACHE_DIR": path}):
        with pytest.raises(
            ConfigError, match=f"^{next(iter(environment))}=.* is not usable; allowed: a path"
        ):
            Settings.resolve(LLMConfig(api_key="k"), environment)
    with pytest.raises(RulesError, match="the rules file cannot be read"):
        load_rules(path)


def test_a_working_directory_that_is_gone_is_no_error(tmp_path: Path) -> None:
    code = (
        "import os, shutil; os.chdir(os.environ['GONE']); shutil.rmtree(os.environ['GONE']);"
        "from smartllm import LLMConfig; from smartllm.settings import Settings;"
        "print(Settings.resolve(LLMConfig(api_key='k'), {}).cache_dir)"
    )
    gone = tmp_path / "gone"
    gone.mkdir()
    environment = {**os.environ, "GONE": str(gone), "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ".llm_cache"


# Settings of another provider, settings that there are not


@pytest.mark.parametrize(
    ("config", "name", "instead"),
    [
        (BedrockConfig(api_key="k"), "api_key", "AWS_BEARER_TOKEN_BEDROCK"),
        (BedrockConfig(base_url="http://h/v1"), "base_url", "endpoint_url"),
        (BedrockConfig(organization="o"), "organization", "no such setting"),
        (OpenAIConfig(endpoint_url="http://h"), "endpoint_url", "base_url"),
        (OpenAIConfig(aws_region="us-east-1"), "aws_region", "no region"),
        (OpenAIConfig(**KEYS), "aws_access_key_id", "api_key"),  # type: ignore[arg-type]
        (LLMConfig(api_key="k", aws_region="us-east-1"), "aws_region", "no region"),
        (
            LLMConfig(api_key="k", dynamo_table_name="abc", endpoint_url="http://h"),
            "endpoint_url",
            "base_url",
        ),
    ],
)
def test_a_setting_for_the_other_provider_names_the_right_one(
    config: LLMConfig, name: str, instead: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is a setting for provider=.*{instead}") as caught:
        Settings.resolve(config, {"OPENAI_API_KEY": "k"})
    assert caught.value.hint.startswith("leave it out, or pass provider=")


def test_a_dynamo_cache_takes_awss_settings_beside_openai() -> None:
    config = LLMConfig(api_key="k", dynamo_table_name="abc", aws_region="eu-west-1", **KEYS)  # type: ignore[arg-type]
    resolved = Settings.resolve(config, {})
    assert (resolved.region, resolved.aws) == ("eu-west-1", ("AKIDGIVEN", "given-secret", None))
    assert set(resolved.secrets) == {"k", "given-secret"}
    assert Settings.resolve(LLMConfig(api_key="k"), {"AWS_ACCESS_KEY_ID": "half"}).aws is None


def test_empty_settings_are_of_no_provider() -> None:
    config = LLMConfig(provider="bedrock", base_url="", api_key="", organization="")
    assert Settings.resolve(config, {}).provider == "bedrock"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("timeout", "did you mean total_timeout (a whole call) or read_timeout (the longest silence)?"),
        ("model", "did you mean default_model, or model= of a request?"),
        ("temprature", "did you mean temperature?"),
        ("Max_Retry", "did you mean max_retries"),
        ("key", "did you mean api_key (OpenAI)"),
        ("region", "did you mean aws_region?"),
        ("top_p", "it is said in a request: TextRequest(top_p=...)"),
        ("proxy", "did you mean the environment: HTTPS_PROXY?"),
        ("qqqqqq", "there is no such setting"),
    ],
)
@pytest.mark.parametrize("make", [LLMConfig, OpenAIConfig, lambda **given: make_config(BedrockConfig, given)])
def test_an_unknown_setting_says_the_nearest(make: Any, typed: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(**{typed: 1})
    assert caught.value.message.startswith(f"{typed}: there is no such setting")
    assert meant in caught.value.message
    assert bool(caught.value.hint) == (typed == "qqqqqq")


def test_what_people_type_is_no_setting_and_means_some() -> None:
    assert not set(MEANT) & set(FIELDS)
    for typed, meant in MEANT.items():
        words = set(meant.replace("(", " ").replace(",", " ").replace("=", " ").split())
        assert words & set(FIELDS) or meant.startswith(("the environment: ", "it is said in a request")), (
            typed
        )
        assert typed in unknown_setting(typed, FIELDS).message


def test_a_subclass_may_take_more() -> None:
    class Own(LLMConfig):
        def __init__(self, house: str, **given: Any) -> None:
            super().__init__(**given)
            self.house = house

    assert Own(house="x", api_key="k").house == "x"
    assert make_config(BedrockConfig, {"max_retries": 1}).provider == "bedrock"


def test_configs_are_copied_and_pickled() -> None:
    config = OpenAIConfig(api_key="k", max_retries=7)
    assert copy.deepcopy(config) == copy.copy(config) == pickle.loads(pickle.dumps(config)) == config  # noqa: S301
    assert dataclasses.replace(config, max_retries=1).max_retries == 1


# Nothing secret is shown


def test_no_secret_is_shown() -> None:
    openai = OpenAIConfig(api_key="canary-1", base_url="http://u:canary-2@h/v1?key=canary-3")
    environment = {
        "HTTP_PROXY": "u:canary-4@p",
        "OPENAI_CUSTOM_HEADERS": "X-Key: canary-5",
        "AWS_BEARER_TOKEN_BEDROCK": "canary-6",
    }
    bedrock = BedrockConfig(aws_session_token="canary-7", **{**KEYS, "aws_secret_access_key": "canary-8"})  # type: ignore[arg-type]
    for config in (openai, bedrock, BedrockConfig()):
        resolved = Settings.resolve(config, environment)
        for shown in (config, resolved, resolved.config, resolved.aws, resolved.proxies, resolved.sources):
            assert "canary" not in f"{shown!r}{shown!s}"
    assert {f"canary-{n}" for n in (1, 2, 3, 4, 5)} <= set(Settings.resolve(openai, environment).secrets)
    assert {"canary-4", "canary-7", "canary-8"} <= set(Settings.resolve(bedrock, environment).secrets)
    assert "canary-6" in Settings.resolve(BedrockConfig(), environment).secrets


# Anything


class Odd:
    """A value that answers nothing."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError

    def __fspath__(self) -> str:
        raise RuntimeError

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError


class Text(str):
    """Text of a class of its own."""

    __slots__ = ()


_TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "a\nb",
        "a\0b",
        "\ud800",
        "http://h",
        "http://h:0",
        "http://[",
        "http://h/\n",
        "socks5://h",
        "*",
        "é",
        " ",
        "1e400",
    ]
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.binary(max_size=5), _TEXT,
    _TEXT.map(Text), st.builds(Odd), st.builds(object), st.just(Path("x")), st.just(Odd), st.just(1j),
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=2) | st.tuples(inner),
    max_leaves=4,
)
_VARIABLES = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_MODEL",
    "BEDROCK_MODEL",
    "BEDROCK_READ_TIMEOUT",
    "BEDROCK_CONNECT_TIMEOUT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_ENDPOINT_URL_BEDROCK",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "SMARTLLM_RULES",
    "SMARTLLM_CACHE_DIR",
    "HOME",
    "XDG_CONFIG_HOME",
]


def usable(resolved: Settings) -> None:
    """What the parts below would choke on, they get right."""
    URL(f"{resolved.address}/x")
    assert resolved.address == "" or URL(resolved.address).host
    if resolved.proxy is not None:
        assert URL(resolved.proxy).scheme in {"http", "https"}
    for name, value in resolved.headers.items():
        assert f"{name}{value}".isascii()
        assert f"{name}{value}".isprintable()
    os.fsencode(resolved.cache_dir)
    assert 0 < resolved.total_timeout <= 1e9
    assert all(isinstance(secret, str) and secret for secret in resolved.secrets)
    f"{resolved!r}".encode()
    region = resolved.region if resolved.provider == "bedrock" else ""
    for text in (region, resolved.default_model or "", resolved.cache_scope or ""):
        text.encode()


@settings(max_examples=examples(1500), deadline=None, suppress_health_check=list(HealthCheck))
@example(name="fallback", value=[{"\ud800": None}], provider="openai")
@given(name=st.sampled_from(FIELDS), value=_VALUES, provider=st.sampled_from(["openai", "bedrock"]))
def test_any_value_of_a_setting_is_usable_or_named(name: str, value: Any, provider: str) -> None:
    try:
        resolved = Settings.resolve(LLMConfig(**{"provider": provider, name: value}), {"OPENAI_API_KEY": "k"})
    except ConfigError as error:
        assert name in str(error)  # noqa: PT017 - usable values are as good
        str(error).encode()
    else:
        usable(resolved)


@settings(max_examples=examples(1500), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    variables=st.dictionaries(
        st.sampled_from(_VARIABLES), _TEXT | st.none() | st.integers(), min_size=1, max_size=2
    ),
    provider=st.sampled_from(["openai", "bedrock"]),
)
def test_any_value_of_a_variable_is_usable_or_named(variables: dict[str, Any], provider: Any) -> None:
    environment = {"OPENAI_API_KEY": "k", "HTTPS_PROXY": "p", **variables}
    try:
        resolved = Settings.resolve(LLMConfig(provider=provider), environment)
    except ConfigError as error:
        assert any(name in str(error) for name in (*environment, "api_key"))  # noqa: PT017 - as above
        str(error).encode()
    else:
        usable(resolved)


def test_a_huge_number_is_no_number() -> None:
    for name in ("max_retries", "total_timeout", "cache_max_bytes", "max_tokens", "cache_ttl_days"):
        with pytest.raises(ConfigError, match=f"^{name}=.* is not usable; allowed: "):
            LLMConfig(**{name: 10**400})  # type: ignore[arg-type]


def test_resolving_loads_no_sdk() -> None:
    code = (
        "import sys; from smartllm.settings import Settings; from smartllm.config import LLMConfig;"
        "Settings.resolve(LLMConfig(api_key='k'), {});"
        "Settings.resolve(LLMConfig(provider='bedrock'), {}).certificates.context();"
        "print(sorted({'openai', 'botocore', 'aiobotocore', 'aiohttp', 'pydantic', 'httpx2', 'platformdirs',"
        " 'asyncio', 'urllib.request', 'configparser'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
