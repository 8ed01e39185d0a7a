"""``--fallback`` at the shell: who answers instead, what is told of it, and its mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from media_samples import PNG
from taken_over import CLAUDE, GPT, NOVA

from smartllm.cli import main
from smartllm.cli.bash import Bash
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.usefixtures("reachable")

GONE = Reply(status=404, error_code="model_not_found")
TAKES_OVER = ("-m", GPT, "--fallback", f"bedrock/{CLAUDE}")


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, ["run", "hi", "--no-cache", *arguments], stdin=stdin)


def test_another_model_answers(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there"))
    result = run(*TAKES_OVER)
    assert (result.exit_code, result.stdout) == (0, "there\n")
    told = f"openai {GPT}: 404, the model is not there; bedrock {CLAUDE} is asked instead"
    assert told in result.stderr.splitlines()
    assert len(server.requests) == 2


def test_streams_too(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there you are"))
    result = run(*TAKES_OVER, "--stream")
    assert (result.exit_code, result.stdout) == (0, "there you are\n")


def test_the_json_tells_of_it(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there"))
    told = json.loads(run(*TAKES_OVER, "--json").stdout)
    assert [one["model"] for one in told["metadata"]["tried"]] == [GPT]
    assert "fallback-used" in [one["code"] for one in told["diagnostics"]]


def test_several_in_their_order(server: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    server.script(GONE, Reply(text="there"))
    arguments = (
        "--file",
        "a.png",
        "-m",
        GPT,
        "--fallback",
        "/".join(NOVA),
        "--fallback",
        f"bedrock/{CLAUDE}",
    )
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (0, "there\n")
    assert f"bedrock {NOVA[1]} is left out: " in result.stderr
    assert "is asked instead" in result.stderr


def test_where_all_fail(server: LoopbackServer) -> None:
    server.script(GONE, Reply(status=403))
    result = run(*TAKES_OVER, "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    failed, *_, before = result.stderr.splitlines()
    assert failed.startswith("failed: AccessDeniedException from the provider")
    assert (
        before
        == f"  before, openai {GPT} failed (NotFoundError, status 404, code model_not_found, 1 attempt)"
    )


def test_quietly(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there"))
    result = run(*TAKES_OVER, "-q")
    assert (result.stdout, result.stderr) == ("there\n", "")


def test_a_chat(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there"), Reply(text="here"))
    result = invoke(main, ["chat", *TAKES_OVER], stdin="hi\nand?\n")
    assert (result.exit_code, result.stdout) == (0, "there\nhere\n")
    assert result.stderr.count("is asked instead") == 1


def test_a_file_of_requests(server: LoopbackServer, tmp_path: Path) -> None:
    Path("requests.jsonl").write_text('{"prompt": "hi"}\n')
    server.script(GONE, Reply(text="there"))
    result = invoke(
        main, ["batch", "run", "requests.jsonl", "-o", "results.jsonl", "--no-cache", *TAKES_OVER]
    )
    assert result.exit_code == 0, result.stderr
    line: dict[str, Any] = json.loads((tmp_path / "results.jsonl").read_text())
    assert "there" in json.dumps(line)
    assert "fallback-used" in json.dumps(line)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("bedrok/x", "'bedrok' is no provider; allowed: openai, bedrock"),
        ("openai/", "'openai/' names no model"),
        (" ", "' ' names no model"),
    ],
)
def test_a_mistake_is_told(given: str, told: str, server: LoopbackServer) -> None:
    result = run("-m", GPT, "--fallback", given)
    assert (result.exit_code, server.requests) == (2, [])
    assert told in result.stderr


def test_a_model_that_its_provider_does_not_serve(server: LoopbackServer) -> None:
    result = run("-m", GPT, "--fallback", "bedrock/gpt-5.4-mini")
    assert (result.exit_code, server.requests) == (2, [])
    assert result.stderr.startswith("error: --fallback: --provider: gpt-5.4-mini is not served on bedrock")


def test_a_model_of_the_same_provider_needs_no_name_of_it(server: LoopbackServer) -> None:
    server.script(GONE, Reply(text="there"))
    assert run("-m", GPT, "--fallback", "gpt-5.4-mini").stdout == "there\n"


def test_a_tab_offers_models_behind_their_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LINE", "smartllm run --fallback bedrock/us.anthropic.")
    monkeypatch.setenv("COMP_WORDBREAKS", " ")
    found = Bash(main, {}, "smartllm", "_SMARTLLM_COMPLETE").complete().splitlines()
    assert f"plain,bedrock/{CLAUDE}" in found
    assert all(one.startswith("plain,bedrock/us.anthropic.") for one in found)
