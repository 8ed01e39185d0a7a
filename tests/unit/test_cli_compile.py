"""``smartllm compile`` as a person at a shell uses it: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main

SCHEMA = {
    "title": "Person",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return invoke(main, ["compile", *arguments], stdin=stdin)


def write(path: Path, data: Any) -> str:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return str(path)


class TestGood:
    def test_shown_adaptive(self) -> None:
        result = run(
            "--model",
            "eu.anthropic.claude-opus-4-7",
            "--prompt",
            "hi",
            "--effort",
            "high",
            "--temperature",
            "0.2",
        )
        assert result.exit_code == 0
        plan = json.loads(result.stdout)
        assert list(plan) == ["model", "resolution", "fingerprint", "steps", "diagnostics"]
        (step,) = plan["steps"]
        assert step["operation"] == "InvokeModel"
        assert step["body"]["thinking"] == {"type": "adaptive"}
        assert step["body"]["output_config"] == {"effort": "high"}
        assert "temperature" not in step["body"]
        assert [item["code"] for item in plan["diagnostics"]] == ["sampling-dropped"]
        assert result.stderr.startswith("warning sampling-dropped temperature: ")
        assert result.stderr.count("\n") == 1

    def test_shown_manual(self) -> None:
        result = run(
            "--model",
            "us.anthropic.claude-sonnet-4-6",
            "--prompt",
            "hi",
            "--effort",
            "high",
            "--temperature",
            "0.2",
        )
        body = json.loads(result.stdout)["steps"][0]["body"]
        assert body["thinking"] == {"type": "enabled", "budget_tokens": 16000}
        assert body["max_tokens"] == 18048

    @pytest.mark.parametrize("api_type", ["responses", "chat_completions"])
    @pytest.mark.parametrize("model", ["gpt-4.1", "o3", "gpt-5.4", "gpt-6.1-sol"])
    def test_shown_openai(self, model: str, api_type: str) -> None:
        result = run("-m", model, "-p", "hi", "--effort", "high", "--api-type", api_type, "--format", "body")
        assert result.exit_code == 0
        body = json.loads(result.stdout)
        limit = "max_output_tokens" if api_type == "responses" else "max_completion_tokens"
        assert body[limit] == 2048
        spelled = body.get("reasoning", {}).get("effort") or body.get("reasoning_effort")
        assert spelled == (None if model == "gpt-4.1" else "high")
        assert ("temperature" in body) == (model == "gpt-4.1")

    def test_every_flag_reaches_the_request(self, tmp_path: Path) -> None:
        arguments = [
            "-m",
            "claude-3-haiku",
            "-p",
            "hi",
            "--system",
            "S",
            "--temperature",
            "0.5",
            "--top-p",
            "0.9",
        ]
        arguments += ["--top-k", "7", "--max-tokens", "99", "--format", "body"]
        arguments += [
            "--schema",
            write(tmp_path / "s.json", SCHEMA),
            "--provider",
            "bedrock",
            "--level",
            "ignore",
        ]
        body = json.loads(run(*arguments).stdout)
        expected = {"system": "S", "temperature": 0.5, "top_p": 0.9, "top_k": 7, "max_tokens": 99}
        assert {name: body[name] for name in expected} == expected
        assert body["tool_choice"] == {"type": "tool", "name": "Person", "disable_parallel_tool_use": True}
        budget = run("-m", "claude-sonnet-4-6", "-p", "hi", "--budget-tokens", "1500", "--format", "body")
        assert json.loads(budget.stdout)["thinking"]["budget_tokens"] == 1500
        like = run("-m", "my-deployment", "--like", "gpt-4.1", "-p", "hi", "--format", "body")
        assert json.loads(like.stdout)["model"] == "my-deployment"

    def test_request_files(self, tmp_path: Path) -> None:
        fields = {
            "messages": [{"role": "user", "content": "Grüße"}],
            "model": "gpt-4.1",
            "response_format": SCHEMA,
            "max_tokens": 50,
        }
        path = write(tmp_path / "r.json", fields)
        plain = json.loads(run("-r", path).stdout)
        assert plain["steps"][0]["body"]["input"] == [{"type": "message", "role": "user", "content": "Grüße"}]
        assert plain["steps"][0]["body"]["text"]["format"]["name"] == "Person"
        piped = json.loads(run("-r", "-", stdin=json.dumps(fields)).stdout)
        assert piped == plain
        flagged = json.loads(run("-r", path, "--max-tokens", "60", "-m", "gpt-4o").stdout)
        assert flagged["model"] == "gpt-4o"
        assert flagged["steps"][0]["body"]["max_output_tokens"] == 60

    def test_a_schema_may_be_a_pydantic_model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(
            tmp_path / "shapes_for_cli.py",
            "from pydantic import BaseModel\nclass Cat(BaseModel):\n    name: str\n",
        )
        monkeypatch.chdir(tmp_path)
        result = run("-m", "gpt-4.1", "-p", "hi", "--schema", "shapes_for_cli:Cat", "--format", "body")
        assert json.loads(result.stdout)["text"]["format"]["name"] == "Cat"

    def test_overlays_the_last_one_wins(self, tmp_path: Path) -> None:
        first = write(tmp_path / "a.toml", '[model]\nclaude-opus-9 = "claude-4.6"\n')
        second = write(tmp_path / "b.toml", '[model]\nclaude-opus-9 = "claude-4.7"\n')
        result = run("-m", "claude-opus-9", "-p", "hi", "--rules", first, "--rules", second)
        assert json.loads(result.stdout)["resolution"]["profile"] == "claude-4.7"

    def test_explanation_and_curl(self) -> None:
        result = run("-m", "claude-opus-4-7", "-p", "hi", "--explain", "--top-k", "3")
        assert result.stdout.startswith("model        claude-opus-4-7\n")
        assert "warning sampling-dropped  top_k: 3 → not sent" in result.stdout
        assert result.stderr == ""
        assert run("-m", "gpt-4.1", "-p", "hi", "--format", "curl").stdout.startswith("curl -sS -X POST")

    def test_levels(self) -> None:
        arguments = ("-m", "claude-opus-4-7", "-p", "hi", "--temperature", "0.2", "--level")
        assert run(*arguments, "ignore").stderr == ""
        refused = run(*arguments, "raise")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "sampling-dropped" in refused.stderr


class TestBad:
    def refused(
        self, status: int, says: list[str], *arguments: str, stdin: str | bytes | None = None
    ) -> None:
        result = run(*arguments, stdin=stdin)
        assert (result.exit_code, result.stdout) == (status, ""), result.stderr
        for text in says:
            assert text in result.stderr
        assert "Traceback" not in result.stderr

    def test_unknown_model(self) -> None:
        says = ["'clawde-opus-4-7'", "nearest listed: ", "claude-opus-4-7", '"clawde-opus-4-7" = "claude-']
        self.refused(1, says, "-m", "clawde-opus-4-7", "-p", "hi")

    def test_a_responses_only_model_on_chat(self, tmp_path: Path) -> None:
        overlay = write(
            tmp_path / "r.toml",
            '[model]\ngpt-9-pro = { profile = "gpt-6.1", endpoints = ["openai_responses"] }\n',
        )
        arguments = ["-m", "gpt-9-pro", "-p", "hi", "--rules", overlay, "--api-type", "chat_completions"]
        self.refused(1, ["--api-type responses"], *arguments)

    def test_a_refused_temperature(self) -> None:
        self.refused(1, ["temperature", "0.2", "default (1)"], "-m", "o3", "-p", "hi", "--temperature", "0.2")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("{", ["r.json:1:2", "not valid JSON"]),
            ("[]", ["a request is a JSON object, not an array"]),
            ("3", ["not a number"]),
            ('{"prompt": "x", "messages": []}', ["both prompt and messages"]),
            ("{}", ["prompt or messages is missing"]),
            ('{"prompt": "x", "max_tokens": -5}', ["max_tokens", "greater than or equal to 1", "-5"]),
            (
                '{"prompt": "x", "max_token": 5}',
                ["max_token: there is no such field; did you mean max_tokens"],
            ),
            (
                '{"messages": [{"role": "robot", "content": "x"}]}',
                ["messages.0.role: a turn is of the user or of the assistant"],
            ),
            ('{"messages": [{"role": "user"}]}', ["messages.0.content: is missing"]),
            ('{"prompt": "x", "on_progress": 1}', ["on_progress"]),
            ('{"prompt": "x", "system_prompt": ' + "[" * 100_000, ["nested too deeply"]),
        ],
    )
    def test_malformed_files(self, tmp_path: Path, text: str, says: list[str]) -> None:
        self.refused(2, ["r.json", *says], "-r", write(tmp_path / "r.json", text))

    def test_unreadable_files(self, tmp_path: Path) -> None:
        self.refused(2, ["nowhere.json", "No such file"], "-r", str(tmp_path / "nowhere.json"))
        self.refused(2, ["<stdin>", "not UTF-8"], "-r", "-", stdin=b"\xff\xfe")
        self.refused(2, ["<stdin>: max_tokens: "], "-r", "-", stdin='{"prompt": "x", "max_tokens": 0}')

    def test_bad_schemas(self, tmp_path: Path) -> None:
        arguments = ["-m", "gpt-4.1", "-p", "hi", "--schema"]
        self.refused(2, ["a JSON Schema is a JSON object"], *arguments, write(tmp_path / "s.json", []))
        self.refused(2, ["No module named"], *arguments, "nowhere_at_all:Thing")
        self.refused(2, ["has no attribute"], *arguments, "json:Thing")
        self.refused(2, ["neither a type nor a TypeAdapter, but a function"], *arguments, "json:dumps")
        self.refused(1, ["JSONDecoder has no JSON Schema"], *arguments, "json:JSONDecoder")

    def test_bad_flags(self, tmp_path: Path) -> None:
        self.refused(2, ["max_tokens", "-1"], "-m", "gpt-4.1", "-p", "hi", "--max-tokens", "-1")
        self.refused(2, ["'huge' is not one of"], "-m", "gpt-4.1", "-p", "hi", "--effort", "huge")
        self.refused(2, ["there is no prompt", "--request"], "-m", "gpt-4.1")
        overlay = write(tmp_path / "r.toml", "[modle]\n")
        self.refused(
            2, ["r.toml:1: unknown key 'modle'; did you mean 'model'?"], "-p", "hi", "--rules", overlay
        )


def test_it_needs_no_key_and_opens_no_socket(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "def hook(event, args):\n"
        "    if event.startswith('socket.'): raise SystemExit('socket: ' + event)\n"
        "sys.addaudithook(hook)\n"
        "from smartllm.cli import main\n"
        "main(['compile', '-m', 'gpt-4.1', '-p', 'hi', '--explain'])\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={"HOME": str(tmp_path), "PYTHONUTF8": "1"},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "gpt-4.1" in result.stdout


def test_help_and_version() -> None:
    assert "compile" in invoke(main, ["--help"]).stdout
    assert "smartllm, version" in invoke(main, ["--version"]).stdout
    assert invoke(main, ["nonsense"]).exit_code == 2
    assert '"$comment"' in invoke(main, ["schema"]).stdout


class TestModels:
    def test_plain(self) -> None:
        lines = invoke(main, ["models"]).stdout.splitlines()
        rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
        assert rows["gpt-4.1"][:2] == ["gpt-4.1", "openai, azure"]
        assert rows["gpt-4.1"][-1] == "openai: legacy until 2027-01-14, azure: legacy until 2027-04-14"
        assert rows["grok-4.3"][:2] == ["xai.grok-4.3", "bedrock-mantle"]

    def test_json(self) -> None:
        data = json.loads(invoke(main, ["models", "--json"]).stdout)
        assert data["counts"]["models"] == len(data["models"]) >= 100
        assert data["counts"]["evidence_urls"] >= 40

    def test_bad_overlay(self, tmp_path: Path) -> None:
        result = invoke(main, ["models", "--rules", write(tmp_path / "r.toml", "[modle]\n")])
        assert (result.exit_code, result.stdout) == (2, "")


class TestWithoutPydantic:
    """Plain requests of the shell are compiled without pydantic, to the same plan."""

    def test_the_defaults_are_those_of_a_text_request(self) -> None:
        from smartllm import TextRequest
        from smartllm.cli.requests.plain import plain_request

        plain = vars(plain_request({"prompt": "hi"}))
        assert plain.pop("model_fields_set") == {"prompt"}
        assert vars(TextRequest(prompt="hi")) == plain

    @pytest.mark.parametrize(
        "fields",
        [
            {"prompt": "hi"},
            {"prompt": "hi", "system_prompt": "Be brief.", "reasoning_effort": "high"},
            {"prompt": "hi", "api_type": "chat_completions", "verbosity": "low"},
            {"prompt": "hi", "structured_output": "tool", "like": "gpt-4o"},
        ],
        ids="+".join,
    )
    def test_it_makes_the_same_plan(self, fields: dict[str, Any]) -> None:
        import smartllm
        from smartllm.cli.requests.plain import plain_request

        plain: Any = plain_request(fields)
        ours, full = (
            smartllm.compile(request, model="gpt-5.4", level="ignore")
            for request in (plain, smartllm.TextRequest(**fields))
        )
        assert ours.as_dict() == full.as_dict()
        assert ours.origins == full.origins

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"prompt": ""},
            {"prompt": "hi", "like": ""},
            {"prompt": "\udcff"},
            {"prompt": "hi", "top_k": 1},
        ],
        ids=["none", "empty", "empty like", "no text", "number"],
    )
    def test_what_needs_a_check_goes_to_pydantic(self, fields: dict[str, Any]) -> None:
        from smartllm.cli.requests.plain import plain_request

        assert plain_request(fields) is None

    def test_the_shell_does_not_load_it(self) -> None:
        code = (
            "import sys; from smartllm.cli import main\n"
            "plain = ['compile', '--model', 'gpt-5.4', '--prompt', 'hi', '--effort', 'low']\n"
            "main(plain, standalone_mode=False)\n"
            "slow = {'pydantic', 'smartllm.request', 'difflib', 'click.shell_completion'}\n"
            "assert not slow & set(sys.modules), slow & set(sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
