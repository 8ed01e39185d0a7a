"""``--format curl``: what is printed runs as it is, in a real shell with a real curl, and is signed right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from wires import WIRES, Wire

import smartllm
from smartllm import Plan, defaults
from smartllm.testing import LoopbackServer
from smartllm.testing.reply import Recorded

SCHEMA: Final = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
TOOL: Final = {"name": "weather", "description": "It's for $HOME", "parameters": SCHEMA}
SAID: Final[dict[str, dict[str, Any]]] = {
    "plain": {"prompt": 'it\'s $HOME `x` "y" \\ Grüße'},
    "schema": {"response_format": SCHEMA},
    "tools": {"tools": [TOOL], "max_tokens": 3000},
}
PLAIN_ID: Final = "us.anthropic.claude-opus-4-7"
SHELLS: Final = [name for name in ("sh", "bash", "dash", "zsh") if shutil.which(name)]

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as running:
        yield running


def ran(command: str, variables: Mapping[str, str], shell: str = "sh") -> subprocess.CompletedProcess[str]:
    """A command in a shell whose environment is these variables."""
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", **variables}
    return subprocess.run(
        [shell, "-c", command], env=environment, capture_output=True, text=True, check=True, timeout=60
    )


def plan(wire: Wire, **fields: Any) -> Plan:
    return smartllm.compile(wire.request(**fields), level="ignore")


@each_wire
@pytest.mark.parametrize("said", SAID)
def test_it_runs_as_printed_on_every_wire(server: LoopbackServer, wire: Wire, said: str) -> None:
    compiled = plan(wire, **SAID[said])
    done = ran(compiled.as_curl(), server.environment())
    recorded = server.requests[-1]
    assert recorded.status == 200, recorded.reason
    assert done.stderr == ""
    assert recorded.json == compiled.body
    assert recorded.raw_path.removeprefix("/v1") == compiled.steps[0].path
    json.loads(done.stdout)


@pytest.mark.slow
@each_wire
@pytest.mark.parametrize("shell", SHELLS)
def test_it_runs_in_every_shell(server: LoopbackServer, wire: Wire, shell: str) -> None:
    variables = {**server.environment(), "AWS_SESSION_TOKEN": "token of a session"}
    compiled = plan(wire, **SAID["plain"])
    ran(compiled.as_curl(), variables, shell)
    assert server.requests[-1].json == compiled.body


def authorised(server: LoopbackServer, **variables: str) -> Recorded:
    """What a server gets from a printed command; the id has no colon, which an old curl signs wrongly."""
    request = smartllm.TextRequest(prompt="hi", model=PLAIN_ID)
    ran(smartllm.compile(request, level="ignore").as_curl(), {**server.environment(), **variables})
    return server.requests[-1]


def signature(url: str, recorded: Recorded, secret: str, token: str | None) -> str:
    """What botocore signs for a request that came, by the headers that its sender signed."""
    said = recorded.headers["authorization"]
    names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: recorded.headers[name] for name in names}
    request = AWSRequest("POST", url + recorded.raw_path, data=recorded.body, headers=headers)
    request.context["timestamp"] = recorded.headers["x-amz-date"]
    region = said.partition("Credential=")[2].split("/")[2]
    signer = SigV4Auth(Credentials("AKIASANDBOX", secret, token), "bedrock", region)
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-central-1"),
        ({"AWS_SESSION_TOKEN": "of/a+session=="}, "us-east-1"),
    ],
    ids=["no region", "default region", "region", "session"],
)
def test_keys_sign_as_botocore_does(server: LoopbackServer, variables: dict[str, str], region: str) -> None:
    recorded = authorised(server, **variables)
    token = variables.get("AWS_SESSION_TOKEN")
    told = recorded.headers["authorization"]
    assert f"/{region}/bedrock/" in told
    assert told.endswith("Signature=" + signature(server.url, recorded, "sandbox", token))
    assert recorded.headers.get("x-amz-security-token") == token


def test_a_bearer_token_goes_before_keys(server: LoopbackServer) -> None:
    recorded = authorised(server, AWS_BEARER_TOKEN_BEDROCK="a-token")
    assert recorded.headers["authorization"] == "Bearer a-token"


@each_wire
def test_without_variables_it_is_the_public_address(wire: Wire) -> None:
    command = plan(wire).as_curl().partition(" \\\n")[0]
    address = ran(command.rpartition("curl -sS -X POST")[2].join(("printf %s", "")), {}).stdout
    if wire.provider == "openai":
        assert address.startswith("https://api.openai.com/v1/")
    else:
        region = defaults.aws_region
        assert address.startswith(f"https://bedrock-runtime.{region}.amazonaws.com/model/")


def test_two_steps_say_what_is_to_be_done_between_them() -> None:
    request = smartllm.TextRequest(
        prompt="hi", model="claude-sonnet-4-5", response_format=SCHEMA, reasoning_effort="low"
    )
    lines = smartllm.compile(request, level="ignore").as_curl().splitlines()
    first, second = [line for line in lines if line.startswith("#")]
    assert first == "# step 1 of 2"
    assert second.startswith("# step 2 of 2: put the text")
    # zsh takes a pasted comment for words.
    assert not set("'\"`$<>()|&;*?") & {*first, *second}


def test_what_an_old_curl_signs_wrongly_is_told() -> None:
    told = "# curl before 8.14 signs"
    assert any(told in plan(wire).as_curl() for wire in WIRES if ":" in wire.model)
    assert not any(told in plan(wire).as_curl() for wire in WIRES if ":" not in wire.model)
