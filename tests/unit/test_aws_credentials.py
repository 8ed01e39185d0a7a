"""Whose credentials sign calls to Bedrock: a profile's, a role's, those of a session of one's own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiobotocore.session
import botocore.session
import pytest
from botocore.credentials import SSOProvider
from dynamo_engine import dynamo_engine
from sts_server import TokenService, token_service
from wires import AWS_KEYS, INVOKE, key_of, region_of, share_service_models

from smartllm import LLMClient
from smartllm.errors import ConfigError, PermissionDeniedError
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.cache import dynamo_table
from smartllm.testing import LoopbackServer, Reply

ROLE = "arn:aws:iam::123456789012:role/caller"
FILES = f"""
[default]
region = eu-west-3
[profile other]
region = eu-north-1
aws_access_key_id = AKIDOTHER
aws_secret_access_key = other-secret
[profile assuming]
role_arn = {ROLE}
source_profile = other
[profile web]
role_arn = {ROLE}
web_identity_token_file = {{folder}}/token
[profile "signed on"]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = caller
"""


@pytest.fixture
def server(running: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackServer:
    """Bedrock, with AWS's files beside it; no credentials are set."""
    share_service_models(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
    file = tmp_path / "config"
    file.write_text(FILES.replace("{folder}", str(tmp_path)))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    running.reset()
    return running


@pytest.fixture
async def sts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TokenService]:
    """AWS's token service; the environment names it."""
    async with token_service() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", service.url)
        yield service


async def ask(client: LLMClient, times: int = 1) -> str:
    """The last of some answers."""
    async with client:
        for _ in range(times):
            text = (await client.generate_text(INVOKE.request())).text
    return text


def token_of(server: LoopbackServer) -> str:
    """The session token of the first request."""
    return server.requests[0].headers["x-amz-security-token"]


# A profile


async def test_a_profile_and_its_region(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-the-environment")
    await ask(LLMClient(aws_profile="other"))
    assert (key_of(server), region_of(server)) == ("AKIDOTHER", "eu-north-1")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    await ask(LLMClient(aws_profile="other"))
    assert region_of(server) == "ap-south-1"
    await ask(LLMClient(aws_profile="other", aws_region="us-west-2"))
    assert region_of(server) == "us-west-2"


async def test_the_key_of_a_profile_is_not_told(server: LoopbackServer) -> None:
    server.script(Reply(status=403, error_code="AccessDeniedException", error_message="no: other-secret"))
    with pytest.raises(PermissionDeniedError) as caught:
        await ask(LLMClient(aws_profile="other", max_retries=0))
    assert "other-secret" not in str(caught.value)
    assert "the credentials come from aws_profile" in caught.value.hint


async def test_an_answer_with_the_key_of_a_profile_is_not_kept(server: LoopbackServer) -> None:
    server.script(Reply(text="your key is other-secret"), Reply(text="second"))
    async with LLMClient(aws_profile="other") as client:
        for said in ("your key is other-secret", "second", "second"):
            assert (await client.generate_text(INVOKE.request(use_cache=True))).text == said


async def test_a_profile_that_assumes_a_role(server: LoopbackServer, sts: TokenService) -> None:
    await ask(LLMClient(aws_profile="assuming"), times=2)
    assert (key_of(server), token_of(server)) == ("ASIATURN1", "role-token-1")
    assert [call.key for call in sts.asked] == ["AKIDOTHER"]


async def test_a_role_that_may_not_be_assumed(server: LoopbackServer, sts: TokenService) -> None:
    sts.refusal = "not authorized to perform: sts:AssumeRole"
    with pytest.raises(
        ConfigError, match=r"AccessDenied.* not authorized to perform: sts:AssumeRole"
    ) as caught:
        await ask(LLMClient(aws_profile="assuming"))
    assert caught.value.hint == "check aws_profile and AWS's files"
    assert server.requests == []


async def test_a_web_identity(server: LoopbackServer, sts: TokenService, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        await ask(LLMClient(aws_profile="web"))
    (tmp_path / "token").write_text("identity")
    await ask(LLMClient(aws_profile="web"))
    assert key_of(server) == "ASIATURN1"
    assert (sts.asked[0].key, sts.asked[0].form["WebIdentityToken"]) == ("", "identity")


async def test_a_single_sign_on(
    server: LoopbackServer, sts: TokenService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "sso"
    # Set when botocore was loaded, with the home of that time.
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(config))
    with pytest.raises(ConfigError) as caught:
        await ask(LLMClient(aws_profile="signed on"))
    config.mkdir(parents=True)
    name = hashlib.sha1(b"https://example.awsapps.com/start", usedforsecurity=False).hexdigest()
    token = {"accessToken": "sso-token", "expiresAt": "2099-01-01T00:00:00Z"}
    (config / f"{name}.json").write_text(json.dumps(token))
    await ask(LLMClient(aws_profile="signed on"))
    assert key_of(server) == "ASIATURN1"
    assert sts.asked[0].path == "/federation/credentials"
    sts.refusal = "Session token not found or invalid"
    with pytest.raises(ConfigError) as later:
        await ask(LLMClient(aws_profile="signed on"))
    assert caught.value.hint == later.value.hint == "sign on again: aws sso login --profile 'signed on'"


# A role


async def test_a_role_is_assumed_once(server: LoopbackServer, sts: TokenService) -> None:
    client = LLMClient(aws_role_arn=ROLE, aws_role_session_name="me@home", **AWS_KEYS)
    async with client:
        await asyncio.gather(*(client.generate_text(INVOKE.request(f"call {n}")) for n in range(10)))
    assert {request.headers["x-amz-security-token"] for request in server.requests} == {"role-token-1"}
    [call] = sts.asked
    assert (call.key, call.form["RoleArn"], call.form["RoleSessionName"]) == ("AKIDEXAMPLE", ROLE, "me@home")


async def test_a_role_gets_new_keys_in_time(server: LoopbackServer, sts: TokenService) -> None:
    sts.seconds = 300  # botocore wants new ones ten minutes before
    await ask(LLMClient(aws_role_arn=ROLE, **AWS_KEYS), times=3)
    assert [request.headers["x-amz-security-token"] for request in server.requests] == [
        "role-token-1",
        "role-token-2",
        "role-token-3",
    ]
    assert {call.key for call in sts.asked} == {"AKIDEXAMPLE"}
    assert {call.form["RoleSessionName"] for call in sts.asked} == {"smartllm"}


@pytest.mark.parametrize("source", ["environment", "profile", "session"])
async def test_a_role_on_top_of_whatever(
    source: str, server: LoopbackServer, sts: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    if source == "environment":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-of-the-environment")
    elif source == "profile":
        given = {"aws_profile": "other"}
    else:
        given = {"aws_session": botocore.session.Session(profile="other")}
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "from-outside")
    await ask(LLMClient(aws_role_arn=ROLE, **given))
    assert (key_of(server), sts.asked[0].key) == ("ASIATURN1", "AKIDOTHER")
    assert sts.asked[0].form["RoleSessionName"] == "from-outside"


async def test_a_role_that_is_refused_says_who_asked(server: LoopbackServer, sts: TokenService) -> None:
    sts.refusal = "not authorized to perform: sts:AssumeRole with other-secret"
    with pytest.raises(ConfigError, match="AccessDenied") as caught:
        await ask(LLMClient(aws_role_arn=ROLE, aws_profile="other"))
    assert caught.value.hint == (
        f"aws_role_arn={ROLE}: check that those of aws_profile may call sts:AssumeRole, "
        "and that the role trusts them"
    )


async def test_a_role_with_nobody_to_assume_it(server: LoopbackServer, sts: TokenService) -> None:
    with pytest.raises(ConfigError, match="Unable to locate credentials"):
        await ask(LLMClient(aws_role_arn=ROLE))
    assert sts.asked == []


# A session of one's own


class Boto3Session:
    """boto3's, as far as it is asked: it wraps botocore's in the same way."""

    def __init__(self, profile: str) -> None:
        self._session = botocore.session.Session(profile=profile)
        self.asked = 0

    @property
    def region_name(self) -> str | None:
        return self._session.get_config_variable("region")  # type: ignore[no-any-return]

    def get_credentials(self) -> Any:
        self.asked += 1
        return self._session.get_credentials()


@pytest.mark.parametrize(
    "make",
    [
        lambda: botocore.session.Session(profile="other"),
        lambda: aiobotocore.session.AioSession(profile="other"),
        lambda: Boto3Session("other"),
    ],
    ids=["botocore", "aiobotocore", "boto3"],
)
async def test_a_session_of_ones_own(
    make: Any, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")
    client = LLMClient(aws_session=session)
    assert repr(session) not in repr(client.config)
    await ask(client, times=2)
    assert (key_of(server), region_of(server)) == ("AKIDOTHER", "eu-north-1")
    if isinstance(session, Boto3Session):
        assert session.asked == 1


async def test_keys_of_a_session_that_refreshes_them(
    server: LoopbackServer, sts: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts.seconds = 300
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    session = botocore.session.Session(profile="assuming")
    await ask(LLMClient(aws_session=session), times=2)
    assert [request.headers["x-amz-security-token"] for request in server.requests] == [
        "role-token-1",
        "role-token-2",
    ]


@pytest.mark.parametrize("fault", ["none", "raises", "odd"])
async def test_a_session_without_credentials(fault: str, server: LoopbackServer) -> None:
    class Faulty:
        def get_credentials(self) -> Any:
            if fault == "raises":
                raise RuntimeError("the vault is closed")
            return None if fault == "none" else object()

    with pytest.raises(ConfigError, match=r"^aws settings: ") as caught:
        await ask(LLMClient(aws_session=Faulty()))
    assert caught.value.hint == "they were asked of aws_session: check what it is made of"
    assert ("the vault is closed" in caught.value.message) == (fault == "raises")


# DynamoDB's cache takes the same


@pytest.mark.parametrize(
    "given", [{"aws_profile": "other"}, {"aws_role_arn": ROLE, **AWS_KEYS}, {"aws_session": None}]
)
async def test_the_table_is_read_with_them(
    given: dict[str, Any], server: LoopbackServer, sts: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "aws_session" in given:
        given = {"aws_session": Boto3Session("other")}
    monkeypatch.setattr(dynamo_table, "_TIMEOUT", 20)  # a busy machine is slower
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", sts.url)
    async with LLMClient(provider="bedrock", dynamo_table_name="answers", **given) as client:
        shared = client._cache.shared
        assert shared is not None
        await shared.get("key")
    assert sts.asked[-1].form == {}
    assert sts.asked[-1].key == ("ASIATURN1" if "aws_role_arn" in given else "AKIDOTHER")


# The real engine


async def test_a_real_engine_gives_a_role_its_keys(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    (folder := tmp_path / "engine").mkdir()
    with dynamo_engine(folder) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        sdk = aiobotocore.session.get_session()
        async with sdk.create_client("iam", region_name="us-east-1", endpoint_url=url, **keys) as iam:
            trusting = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [trusting]})
            made = await iam.create_role(RoleName="caller", AssumeRolePolicyDocument=policy)
        given = {"aws_role_arn": made["Role"]["Arn"], "dynamo_table_name": "answers", **keys}
        sources = []
        for place in ("one", "two"):
            async with LLMClient(cache_dir=tmp_path / place, **given) as client:
                sources.append((await client.generate_text(INVOKE.request(use_cache=True))).cache_source)
                session = aws_session(client._settings)
        async with session.create_client("sts", region_name="us-east-1") as sts:
            told = await sts.get_caller_identity()
    assert key_of(server).startswith("ASIA")
    assert sources == ["miss", "l2"]
    assert told["Arn"].endswith(":assumed-role/caller/smartllm")
