"""AWS's token service and single sign-on, scripted: who asked, and keys that name their turn.

What other services are asked is refused, and remembered too.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from wires import INVOKE, share_service_models

from smartllm import LLMClient
from smartllm.testing import LoopbackServer

_ANSWER = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
<AccessKeyId>ASIATURN{turn}</AccessKeyId><SecretAccessKey>role-secret-{turn}</SecretAccessKey>
<SessionToken>role-token-{turn}</SessionToken><Expiration>{expires}</Expiration></Credentials>
<AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>
</{action}Result></{action}Response>"""
_REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>{message}</Message></Error></ErrorResponse>"""


@dataclass
class Asked:
    """One call.

    Attributes:
        key: Access key that signed it; empty for an unsigned one.
        token: The session token beside that key.
        form: What it asks.
        path: Where.
    """

    key: str
    token: str | None
    form: dict[str, str]
    path: str


@dataclass
class TokenService:
    """What the server does.

    Attributes:
        url: Its address.
        seconds: How long its keys hold.
        refusal: Why it refuses everything; empty to answer.
        asked: The calls so far.
    """

    url: str = ""
    seconds: float = 3600
    refusal: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """An answer to a call of either service."""
        form = dict(parse_qsl((await request.read()).decode()))
        key = re.search(r"Credential=(\w+)/", request.headers.get("Authorization", ""))
        token = request.headers.get("X-Amz-Security-Token")
        self.asked.append(Asked(key[1] if key else "", token, form, request.path))
        turn = len(self.asked)
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.seconds)
        if request.path.startswith("/federation"):
            if self.refusal:
                headers = {"x-amzn-ErrorType": "UnauthorizedException"}
                return web.json_response({"message": self.refusal}, status=401, headers=headers)
            keys = {
                "accessKeyId": f"ASIATURN{turn}",
                "secretAccessKey": f"role-secret-{turn}",
                "sessionToken": f"role-token-{turn}",
                "expiration": int(until.timestamp() * 1000),
            }
            return web.json_response({"roleCredentials": keys})
        if "Action" not in form:
            return web.json_response({"__type": "ValidationException"}, status=400)
        if self.refusal:
            return web.Response(status=403, text=_REFUSAL.format(message=self.refusal))
        text = _ANSWER.format(
            action=form["Action"], turn=turn, expires=f"{until:%Y-%m-%dT%H:%M:%SZ}", arn=form["RoleArn"]
        )
        return web.Response(text=text, content_type="text/xml")


@asynccontextmanager
async def token_service() -> AsyncIterator[TokenService]:
    """A service on the loopback address, until the end of the block."""
    service = TokenService()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()


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
