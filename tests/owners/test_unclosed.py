"""A client that nobody closes is silent at exit; a stream that nobody reads gives its connection back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from raw_server import Call, HangUp, RawServer, answered, dripping
from wires import AWS_KEYS, INVOKE, RESPONSES, Wire, share_service_models

SETTINGS = """
import asyncio, gc, sys
from smartllm import LLMClient, TextRequest, sync
provider, url = sys.argv[1:]
settings = {"provider": provider, "level": "ignore"}
if provider == "openai":
    settings |= {"base_url": url + "/v1", "api_key": "any"}
else:
    settings |= {"endpoint_url": url, "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s"}
model = "gpt-5.4" if provider == "openai" else "us.anthropic.claude-haiku-4-5-20251001-v1:0"
request = TextRequest(prompt="hi", model=model, use_cache=False)

async def streamed(client):
    stream = client.generate_text_stream(request)
    async for chunk in stream:
        return stream
"""
SCRIPTS = {
    "after asyncio.run": """
client = LLMClient(**settings)
print(asyncio.run(client.generate_text(request)).text)
""",
    "dropped in asyncio.run": """
async def main():
    print((await LLMClient(**settings).generate_text(request)).text)
    gc.collect()
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "after two loops": """
client = LLMClient(**settings)
asyncio.run(client.generate_text(request))
print(asyncio.run(client.generate_text(request)).text)
""",
    "with a loop of its own": """
loop = asyncio.new_event_loop()
client = LLMClient(**settings)
print(loop.run_until_complete(client.generate_text(request)).text)
loop.close()
""",
    "in the middle of a stream": """
client = LLMClient(**settings)
async def main():
    global stream
    stream = await streamed(client)
    print((await client.generate_text(request)).text)
asyncio.run(main())
""",
    "sync": """
client = sync.LLMClient(**settings)
print(client.generate_text(request).text)
""",
    "sync, in the middle of a stream": """
client = sync.LLMClient(**settings)
stream = client.generate_text_stream(request)
next(stream)
print(client.generate_text(request).text)
""",
    "sync, in a function": """
def main():
    client = sync.LLMClient(**settings)
    print(client.generate_text(request).text)
main()
gc.collect()
""",
    "in the middle of a map": """
client = LLMClient(**settings, default_model=model)
async def main():
    async for answer in client.map((f"prompt {n}" for n in range(50)), max_concurrent=3):
        return answer.text.replace("prompt 0", "hi")
asyncio.run(main())
print(asyncio.run(main()))
""",
    "sync, in the middle of a map": """
client = sync.LLMClient(**settings, default_model=model)
answers = client.map((f"prompt {n}" for n in range(50)), max_concurrent=3)
print(next(answers).text.replace("prompt 0", "hi"))
""",
}
# The start of an interpreter and of the SDKs, on a busy machine, too.
LONGEST = 20
# Of this nearly all is the start.
AT_ONCE = 10


def run(home: Path, script: str, wire: Wire, *options: str) -> tuple[int, str, str, float]:
    """Status, output, error output and seconds of a script."""
    settings = ("OPENAI_", "AWS_", "BEDROCK_", "SMARTLLM_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    with RawServer(lambda call: dripping(call, 1) if call.streamed else answered(call)) as server:
        clock = time.monotonic()
        result = subprocess.run(
            [sys.executable, *options, "-c", SETTINGS + SCRIPTS[script], wire.provider, server.url],
            env={**environment, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"},
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )
        return result.returncode, result.stdout, result.stderr, time.monotonic() - clock


WIRES = {"openai": RESPONSES, "bedrock": INVOKE}
OPTIONS: dict[str, tuple[str, ...]] = {"plain": (), "dev": ("-X", "dev")}
CASES = [(script, provider, mode) for script in SCRIPTS for provider in WIRES for mode in OPTIONS]
DEFAULT = {
    (script, ("openai", "bedrock")[n % 2], "plain")
    for n, script in enumerate(SCRIPTS)
    if not script.endswith("of a map")  # its calls end as those of streams do; all in CI
}


@pytest.fixture(scope="module")
def ends(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Any, Future[Any]]]:
    """What the scripts of this run come to, two at a time: most of it is the start of interpreters."""
    wanted = [item.callspec.params["case"] for item in request.session.items if _is_case(item)]  # type: ignore[attr-defined]
    home = tmp_path_factory.mktemp("home")
    with ThreadPoolExecutor(2) as pool:
        started = {
            case: pool.submit(run, home, case[0], WIRES[case[1]], *OPTIONS[case[2]])
            for case in dict.fromkeys(wanted)
        }
        yield started


def _is_case(item: Any) -> bool:
    return (
        "case" in getattr(getattr(item, "callspec", None), "params", {})
        and item.path.name == "test_unclosed.py"
    )


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in DEFAULT else pytest.mark.slow) for case in CASES],
    ids="-".join,
)
def test_a_client_that_is_never_closed_is_silent(case: tuple[str, str, str], ends: dict[Any, Any]) -> None:
    status, output, errors, took = ends[case].result()
    told = errors.splitlines()
    if case[2] == "dev":
        # Python itself tells of each object that was not closed, and of slow steps; of nothing else.
        told = [line for line in told if not line.startswith(("  ", "Executing <"))]
        told = [line for line in told if "ResourceWarning" not in line]
    assert (status, output, told) == (0, "echo: hi\n", [])
    assert took < AT_ONCE


@pytest.fixture
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def sync_client(wire: Wire, url: str) -> Any:
    from smartllm.sync import LLMClient

    settings: dict[str, Any] = {"max_concurrent": 1, "max_retries": 0, "total_timeout": 10, "level": "ignore"}
    if wire.provider == "openai":
        return LLMClient(provider="openai", base_url=f"{url}/v1", api_key="any", **settings)
    return LLMClient(provider="bedrock", endpoint_url=url, **AWS_KEYS, **settings)


class Holder:
    """Holds itself, so that only the collector frees what it holds."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.itself = stream, self


def drop(holder: dict[str, Any]) -> None:
    """Let the last name go."""
    del holder["stream"]


def drop_and_collect(holder: dict[str, Any]) -> None:
    """Let it go from a circle, and collect in this thread."""
    import gc

    holder["stream"] = Holder(holder["stream"])
    gc.collect()
    del holder["stream"]
    gc.collect()


def drop_and_collect_elsewhere(holder: dict[str, Any]) -> None:
    """The same, collected in the thread that makes the calls: in a callback of another client's call."""
    import gc

    holder["stream"] = Holder(holder["stream"])
    gc.collect()
    gc.disable()
    try:
        del holder["stream"]
        with RawServer() as server, sync_client(RESPONSES, server.url) as other:
            other.generate_text(RESPONSES.request("x", on_progress=lambda _: gc.collect() and None))
    finally:
        gc.enable()


@pytest.mark.usefixtures("fast_clients")
@pytest.mark.parametrize(
    "way", [drop, drop_and_collect, drop_and_collect_elsewhere], ids=lambda way: way.__name__
)
@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
def test_a_dropped_stream_frees_its_connection_and_place(wire: Wire, way: Any) -> None:
    gone: list[float] = []

    def act(call: Call) -> None:
        if not call.streamed:
            return answered(call)
        try:
            dripping(call, 0.02)
        except (HangUp, OSError):
            gone.append(time.monotonic())
            raise
        return None

    with RawServer(act) as server, sync_client(wire, server.url) as client:
        holder = {"stream": client.generate_text_stream(wire.request("long"))}
        assert next(holder["stream"]).text
        way(holder)
        clock = time.monotonic()  # collecting takes long in a large process
        assert client.generate_text(wire.request("next")).text == "echo: next"
        assert time.monotonic() - clock < 5  # of the ten that the call has where no place is free
        while not gone and time.monotonic() - clock < 5:
            time.sleep(0.01)
        assert gone
