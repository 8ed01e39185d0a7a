"""Credentials of a session of one's own, and those of a table beside the calls, to a real engine too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiobotocore.session
import botocore.session
import pytest
from dynamo_engine import dynamo_engine
from sts_server import ROLE, TokenService, ask, server, sts
from wires import AWS_KEYS, INVOKE, key_of, region_of

from smartllm import LLMClient
from smartllm.errors import ConfigError
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.cache import dynamo_table
from smartllm.testing import LoopbackServer

# The fixtures of this file.
__all__ = ["server", "sts"]


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
    for limit in ("_TIMEOUT", "_AT_CLOSE"):
        monkeypatch.setattr(dynamo_table, limit, 20)  # a busy machine is slower
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
