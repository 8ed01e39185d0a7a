"""Proxies as urllib reads them, certificates as the SDKs trust them, and only where they are needed."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any
from urllib import request

import pytest
import trustme
from aiohttp import ClientSession
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from versions import with_todays_openai
from wires import botocore_session

from smartllm import LLMConfig
from smartllm.environment import Environment
from smartllm.errors import ConfigError
from smartllm.settings import Settings
from smartllm.settings.certificates import Certificates, for_aws, for_openai
from smartllm.settings.proxies import Proxies

LOCAL = LLMConfig(base_url="http://127.0.0.1:8000/v1")
SECURE = LLMConfig(base_url="https://host.example/v1")


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def urllibs(address: str, environment: dict[str, str]) -> str | None:
    """The proxy that urllib would take, with ALL_PROXY as httpx and requests read it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        scheme, _, rest = address.partition("://")
        found = request.getproxies_environment()
        proxy = found.get(scheme) or found.get("all")
        bypassed: Any = request.proxy_bypass_environment  # type: ignore[attr-defined]
        return None if not proxy or bypassed(rest.partition("/")[0]) else proxy


_NAMES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "Http_Proxy"]
_HOSTS = (
    "host.example",
    "a.host.example",
    "127.0.0.1",
    "localhost",
    "xhost.example",
    "HOST.example",
    "[::1]",
)
_ENTRIES = st.sampled_from(
    [
        "*",
        "host.example",
        ".host.example",
        "HOST.EXAMPLE",
        "127.0.0.1",
        "127.0.0.1:8000",
        "localhost",
        "",
        "10.0.0.0/8",
    ]
)
_VARIABLES = st.dictionaries(
    st.sampled_from(
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "Http_Proxy"]
    ),
    st.sampled_from(["http://one:1", "https://two:2", "http://user:pw@three:3", ""]),
)


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    variables=_VARIABLES,
    excluded=st.none() | st.lists(_ENTRIES, max_size=3).map(", ".join),
    small=st.booleans(),
    cgi=st.booleans(),
    host=st.sampled_from(_HOSTS),
    scheme=st.sampled_from(["http", "https"]),
    port=st.sampled_from(["", ":8000"]),
)
def test_the_proxy_is_urllibs(
    variables: dict[str, str], excluded: str | None, small: bool, cgi: bool, host: str, scheme: str, port: str
) -> None:
    environment = dict(variables)
    if excluded is not None:
        environment["no_proxy" if small else "NO_PROXY"] = excluded
    if cgi:
        environment["REQUEST_METHOD"] = "GET"
    address = f"{scheme}://{host}{port}/v1"
    found = Proxies(Environment(environment)).proxy_for(address)
    assert (found and found.url) == urllibs(address, environment)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("//proxy:3128", "http://proxy:3128"),
        ("u:p@proxy", "http://u:p@proxy"),
    ],
)
@pytest.mark.parametrize("config", [LOCAL, LLMConfig(provider="bedrock", endpoint_url="http://127.0.0.1:1")])
def test_a_proxy_without_a_scheme_is_http_for_both_providers(value: str, url: str, config: LLMConfig) -> None:
    for variable in ("HTTP_PROXY", "ALL_PROXY"):
        resolved = Settings.resolve(config, {variable: value})
        assert resolved.proxy == url
        assert resolved.sources["proxy"] == ("environment", variable)


@pytest.mark.parametrize(
    "value",
    [
        "socks5://proxy:1080",
        "socks://proxy",
        "ftp://proxy",
        "http://",
        "http://proxy:99999",
        "a b",
        "0\xad",
        "http://x\u200b:80",
        "http://x\ny",
    ],
)
@pytest.mark.parametrize("variable", ["all_proxy", "ALL_PROXY", "HTTP_PROXY"])
def test_an_unusable_proxy_is_named_where_it_would_be_used(variable: str, value: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^{variable}=.* is not usable; allowed: the URL of an HTTP proxy"
    ):
        Settings.resolve(LOCAL, {variable: value})
    assert Settings.resolve(LOCAL, {variable: value, "NO_PROXY": "127.0.0.1"}).proxy is None
    assert Settings.resolve(LOCAL, {variable: value}, sends=False).proxy is None
    if variable == "HTTP_PROXY":
        assert Settings.resolve(SECURE, {variable: value}).proxy is None


def test_a_password_of_a_proxy_is_hidden() -> None:
    with pytest.raises(ConfigError, match=r"ALL_PROXY=\(hidden, it may hold a password\)") as caught:
        Settings.resolve(LOCAL, {"ALL_PROXY": "socks5://user:canary@proxy:1"})
    assert "canary" not in str(caught.value)
    resolved = Settings.resolve(LOCAL, {"HTTP_PROXY": "user:can%61ry@proxy:1"})
    assert {"canary", "can%61ry"} <= set(resolved.secrets)
    assert "can%61ry" not in repr(resolved) + repr(resolved.proxies)


def test_another_address_has_its_own_proxy() -> None:
    resolved = Settings.resolve(LOCAL, {"HTTPS_PROXY": "http://secure:1", "NO_PROXY": "host.example"})
    assert resolved.proxy is None
    assert resolved.proxy_for("https://other.example") == "http://secure:1"
    assert resolved.proxy_for("https://host.example") is None


def test_bedrocks_public_address_has_its_proxy() -> None:
    environment = {"HTTPS_PROXY": "http://secure:1", "HTTP_PROXY": "http://plain:1"}
    config = LLMConfig(provider="bedrock", aws_region="cn-north-1")
    assert Settings.resolve(config, environment).proxy == "http://secure:1"
    excluded = {"NO_PROXY": "bedrock-runtime.cn-north-1.amazonaws.com.cn"}
    assert Settings.resolve(config, environment | excluded).proxy is None


async def test_aiohttp_takes_every_proxy_that_is_let_through() -> None:
    async with ClientSession() as session:
        for value in ("http://127.0.0.1:1", "https://127.0.0.1:1", "127.0.0.1:1"):
            proxy = Settings.resolve(LOCAL, {"HTTP_PROXY": value}).proxy
            with pytest.raises(OSError, match=r"127\.0\.0\.1"):
                await session.get("http://127.0.0.1:2", proxy=proxy)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with one certificate."""
    file = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


def subjects(context: ssl.SSLContext) -> set[str]:
    return {str(certificate["serialNumber"]) for certificate in context.get_ca_certs()}


@with_todays_openai
def test_openais_certificates_are_the_sdks(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openai

    library: Any = sys.modules[openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0]]
    for environment in ({}, {"SSL_CERT_FILE": str(authority)}, {"SSL_CERT_DIR": str(authority.parent)}):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            expected = subjects(library.create_ssl_context())
        context = for_openai(Environment(environment)).context()
        assert subjects(context) == expected
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert len(expected) == {"SSL_CERT_FILE": 1, "SSL_CERT_DIR": 0}.get(
            next(iter(environment), ""), len(expected)
        )


def test_the_systems_certificates_are_read_as_they_were_settled(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = for_openai(Environment({}))
    expected = subjects(certificates.context())
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert subjects(certificates.context()) == expected != set()


def test_bedrocks_certificates_are_botocores(
    authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.httpsession import get_cert_path

    file = tmp_path / "config"
    file.write_text(
        f"[default]\nca_bundle = {authority}\n[profile none]\nregion = x\n"
        "[profile other]\nca_bundle = /other.pem\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "missing"))
    environments: list[dict[str, str]] = [
        {},
        {"AWS_CA_BUNDLE": str(authority)},
        {"REQUESTS_CA_BUNDLE": str(authority)},
        {"AWS_CA_BUNDLE": "/a.pem", "REQUESTS_CA_BUNDLE": "/b.pem"},
        {"SSL_CERT_FILE": str(authority)},
        {"AWS_CONFIG_FILE": str(file)},
        {"AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "none", "REQUESTS_CA_BUNDLE": "/b.pem"},
        {"AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "other", "REQUESTS_CA_BUNDLE": "/b.pem"},
        {"AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "other", "AWS_DEFAULT_PROFILE": "default"},
        {"AWS_CONFIG_FILE": str(file), "AWS_CA_BUNDLE": "/a.pem"},
    ]
    for environment in environments:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            client = botocore_session().create_client(
                "sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
            )
            expected = get_cert_path(client._endpoint.http_session._verify)
        assert for_aws(Environment(environment)).cafile == expected, environment


def test_bedrock_trusts_certifi_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "certifi").mkdir()
    (tmp_path / "certifi" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "certifi", raising=False)
    certificates = for_aws(Environment({}))
    assert certificates.cafile == str(tmp_path / "certifi" / "cacert.pem")
    assert certificates.source == ("default", "certifi")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["missing", "empty", "nul", "surrogate"])
def test_a_file_without_certificates_is_named_where_it_is_needed(
    variable: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("")
    file = {"nul": "a\0b", "surrogate": "/\ud800"}.get(kind, str(tmp_path / kind))
    openai = variable == "SSL_CERT_FILE"
    secure = SECURE if openai else LLMConfig(provider="bedrock")
    plain = LOCAL if openai else LLMConfig(provider="bedrock", endpoint_url="http://127.0.0.1:1")
    reason = {"missing": "No such file", "empty": "the file is empty"}.get(kind, "no path")
    with pytest.raises(ConfigError, match=rf"^{variable}='.*' is not usable: {reason}"):
        Settings.resolve(secure, {variable: file})
    assert Settings.resolve(plain, {variable: file}).proxy is None
    assert Settings.resolve(secure, {variable: file}, sends=False).certificates.cafile == file


def test_a_folder_of_certificates(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^SSL_CERT_DIR='.*' is not usable: there is no such folder"):
        Settings.resolve(SECURE, {"SSL_CERT_DIR": str(tmp_path / "missing")})
    for variable, config in (("SSL_CERT_DIR", SECURE), ("AWS_CA_BUNDLE", LLMConfig(provider="bedrock"))):
        certificates = Settings.resolve(config, {variable: str(tmp_path)}).certificates
        assert (certificates.cafile, certificates.capath) == (None, str(tmp_path))
        assert subjects(certificates.context()) == set()


def test_what_is_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("no certificate")
    for variable, find in (("SSL_CERT_FILE", for_openai), ("AWS_CA_BUNDLE", for_aws)):
        certificates = find(Environment({variable: str(file)}))
        with pytest.raises(ConfigError, match=f"^{variable}='{file}' is not usable: ") as caught:
            certificates.context()
        assert caught.value.hint == "point it at a file of certificates in PEM form, or unset it"


def test_a_broken_installation_is_told_apart() -> None:
    from smartllm.environment import Source

    with pytest.raises(ConfigError, match=r"^botocore='/gone\.pem' is not usable: No such file") as caught:
        Certificates("/gone.pem", None, Source("default", "botocore")).context()
    assert caught.value.hint == "check the installation"
