"""Whose credentials sign calls to Bedrock: a profile's, a role's, those of a session of one's own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.credentials import SSOProvider
from sts_server import ROLE, TokenService, ask, server, sts
from wires import AWS_KEYS, INVOKE, key_of, region_of

from smartllm import LLMClient
from smartllm.errors import ConfigError, PermissionDeniedError
from smartllm.testing import LoopbackServer, Reply

# The fixtures of this file.
__all__ = ["server", "sts"]


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
