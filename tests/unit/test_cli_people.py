"""``explain``, ``diff`` and ``run`` as a person at a shell uses them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.cli.explain import numbered
from smartllm.diagnostics import Origin
from smartllm.rules import load_rules
from smartllm.rules.facts import StatedFact
from smartllm.testing import LoopbackServer, Reply

OPUS = "eu.anthropic.claude-opus-4-7"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, arguments, stdin=stdin)


class TestExplain:
    def test_each_fact_has_its_row_day_and_source(self) -> None:
        result = run("explain", OPUS)
        assert result.exit_code == 0
        head, *lines = result.stdout.splitlines()
        assert head == f"{OPUS}: exact, profile claude-4.7; anthropic_messages on bedrock"
        rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
        value, row, day, source = rows["thinking.modes"]
        assert value == "adaptive"
        assert dt.date.fromisoformat(day) <= dt.datetime.now(dt.UTC).date()
        file, _, number = row.partition(":")
        text = Path(file).read_text(encoding="utf-8").splitlines()[int(number) - 1]
        assert text.startswith("thinking.modes")
        assert source.startswith("https://")
        assert "verbosity.levels" not in rows

    def test_defaults_too(self) -> None:
        assert "verbosity.levels\tnone\tdefault\t-\t-" in run("explain", OPUS, "--all").stdout

    def test_json(self) -> None:
        told = json.loads(run("explain", OPUS, "--json", "--api-type", "converse").stdout)
        assert (told["profile"], told["dialect"]) == ("claude-4.7", "bedrock_converse")
        facts = {fact["fact"]: fact for fact in told["facts"]}
        assert facts["sampling"]["value"] == "never"
        assert facts["sampling"]["origin"]["kind"] == "fact"

    def test_an_inferred_model_says_so(self) -> None:
        head = run("explain", "us.anthropic.claude-opus-9-v1").stdout.splitlines()[0]
        newest = load_rules().table("vendor")["anthropic"]["latest"]
        assert f"inferred, profile {newest} (newest generation of anthropic" in head

    def test_an_overlay_is_named(self, tmp_path: Path) -> None:
        overlay = tmp_path / "mine.toml"
        overlay.write_text("[profile.'claude-4.7']\nsampling = 'always'\n", encoding="utf-8")
        told = run("explain", OPUS, "--rules", str(overlay)).stdout
        assert f"sampling\talways\t{overlay}:2" in told

    @pytest.mark.parametrize(
        ("arguments", "status", "said"),
        [
            (("what-ever",), 1, "refused: model 'what-ever' is not listed"),
            ((OPUS, "--provider", "openai"), 1, "not served on openai"),
            ((OPUS, "--rules", "missing.toml"), 2, "missing.toml"),
        ],
    )
    def test_mistakes(self, arguments: tuple[str, ...], status: int, said: str) -> None:
        result = run("explain", *arguments)
        assert (result.exit_code, result.stdout) == (status, "")
        assert said in result.stderr


class TestDiff:
    def test_facts_that_differ(self) -> None:
        result = run("diff", "us.anthropic.claude-opus-4-5", OPUS)
        assert result.exit_code == 0
        assert "thinking.modes\tbudget\tadaptive" in result.stdout
        assert "temperature.max" not in result.stdout

    def test_bodies_that_differ(self) -> None:
        request = json.dumps({"prompt": "hi", "reasoning_effort": "high", "temperature": 0.2})
        result = run("diff", "us.anthropic.claude-sonnet-4-6", OPUS, "--request", "-", stdin=request)
        assert '-        "budget_tokens": 16000' in result.stdout
        assert '+        "effort": "high"' in result.stdout
        assert "sampling-dropped" in result.stdout

    def test_the_same(self) -> None:
        result = run("diff", OPUS, OPUS, "--request", "-", stdin='{"prompt": "hi"}')
        assert (result.exit_code, result.stdout.strip()) == (0, "")
        assert "the same" in result.stderr

    def test_between_hosts_as_json(self) -> None:
        request = json.dumps({"prompt": "hi", "temperature": 0.3, "api_type": "responses"})
        told = json.loads(run("diff", "o3", OPUS, "-r", "-", "--json", stdin=request).stdout)
        assert told["facts"]["endpoints"]["b"] == ["anthropic_messages", "bedrock_converse"]
        assert "refused" in told["bodies"]["a"]
        assert told["bodies"]["b"]["bodies"][0]["max_tokens"] == 2048

    def test_mistakes(self) -> None:
        assert run("diff", OPUS, "what-ever").exit_code == 1
        result = run("diff", OPUS, OPUS, "--request", "-", stdin='{"promt": 5}')
        assert result.exit_code == 2
        assert "prompt or messages is missing" in result.stderr
        forced = run("diff", OPUS, OPUS, "-r", "-", "--api-type", "converse", stdin='{"prompt": "hi"}')
        assert forced.exit_code == 0


class TestRun:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
        with LoopbackServer() as server:
            monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
            monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
            yield server

    def test_the_answer_and_where_it_came_from(self, server: LoopbackServer) -> None:
        server.script(Reply(text="Pariß"))
        first = run("run", "--model", "gpt-4o", "--prompt", "capital?")
        assert (first.exit_code, first.stdout) == (0, "Pariß\n")
        assert "cache miss" in first.stderr
        second = run("run", "--model", "gpt-4o", "--prompt", "capital?")
        assert (second.stdout, len(server.requests)) == ("Pariß\n", 1)
        assert "cache l1" in second.stderr
        assert "2 in" in second.stderr or " in (0 cached)" in second.stderr
        for flag in ("--refresh", "--no-cache"):
            run("run", "--model", "gpt-4o", "--prompt", "capital?", flag)
        assert len(server.requests) == 3

    def test_a_stream(self, server: LoopbackServer) -> None:
        server.script(Reply(text="one two three", thinking="hm"))
        result = run("run", "-m", "o3", "-p", "count", "--stream", "--effort", "low")
        assert (result.exit_code, result.stdout) == (0, "one two three\n")
        assert "reasoning); completed" in result.stderr

    @pytest.mark.parametrize("flags", [(), ("--stream",)], ids=["whole", "streamed"])
    def test_what_the_answer_itself_has_to_tell(self, flags: tuple[str, ...], server: LoopbackServer) -> None:
        server.script(*[Reply(text="", thinking="hm", stop_reason="max_output_tokens")] * 2)
        told = run("run", "-m", "o3", "-p", "count", *flags)
        assert (told.exit_code, told.stdout) == (0, "\n")
        assert told.stderr.count("answer-empty") == 1
        assert "answer-empty" not in run("run", "-m", "o3", "-p", "count", "--level", "ignore", *flags).stderr

    def test_a_request_file_with_a_conversation(self, server: LoopbackServer) -> None:
        turns = {"messages": [{"role": "user", "content": "a"}], "model": "gpt-4o"}
        for flags in ((), ("--stream",)):
            result = run("run", "--request", "-", *flags, stdin=json.dumps(turns))
            assert result.stdout == "echo: a\n", result.stderr

    def test_json_with_a_schema(self, server: LoopbackServer, tmp_path: Path) -> None:
        schema = tmp_path / "schema.json"
        schema.write_text(
            '{"title": "P", "type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}',
            encoding="utf-8",
        )
        server.script(Reply(structured={"a": 5}))
        result = run("run", "-m", "gpt-4o", "-p", "x", "--schema", str(schema), "--json")
        told = json.loads(result.stdout)
        assert told["structured_data"] == {"a": 5}
        assert told["usage"]["input_tokens"] > 0
        assert told["cache_source"] == "miss"
        assert (told["finish_reason"], told["refusal"]) == ("stop", None)
        assert told["request_id"]
        assert "tool_calls" not in told

    @pytest.mark.parametrize(
        ("flags", "printed"),
        [((), '{"a": 5}\n'), (("--stream",), '{"a":"five"}\n{"a": 5}\n')],
        ids=["whole", "streamed"],
    )
    def test_an_answer_that_was_asked_for_again(
        self, flags: tuple[str, ...], printed: str, server: LoopbackServer, tmp_path: Path
    ) -> None:
        schema = tmp_path / "schema.json"
        schema.write_text('{"type": "object", "properties": {"a": {"type": "integer"}}}', encoding="utf-8")
        server.script(Reply(text='{"a":"five"}'), Reply(text='{"a": 5}'))
        asked = ("run", "-m", "gpt-4o", "-p", "x", "--schema", str(schema), "--reasks", "1")
        told = run(*asked, *flags)
        assert (told.exit_code, told.stdout) == (0, printed)
        assert "asked-again" in told.stderr
        wrong = run(*asked[:-1], "11")
        assert wrong.exit_code == 2
        assert "11" in wrong.stderr

    def test_json_of_calls_and_refusals(self, server: LoopbackServer, tmp_path: Path) -> None:
        tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
        asked = {"prompt": "x", "model": "gpt-4o", "extra": {"tools": [tool], "tool_choice": "required"}}
        server.script(Reply(tool="look", structured={"a": 1}), Reply(refusal="No."))
        told, refused = (
            json.loads(run("run", "--request", "-", "--json", "--no-cache", stdin=json.dumps(asked)).stdout)
            for _ in range(2)
        )
        (call,) = told["tool_calls"]
        assert (call["name"], call["arguments"], told["finish_reason"]) == ("look", {"a": 1}, "tool_calls")
        assert (refused["refusal"], refused["finish_reason"], refused["text"]) == ("No.", "refusal", "")

    def test_diagnostics_are_told(self, server: LoopbackServer) -> None:
        result = run("run", "-m", "gpt-4o", "-p", "x", "--top-k", "5")
        assert "sampling-dropped top_k" in result.stderr
        assert (
            "top_k" not in run("run", "-m", "gpt-4o", "-p", "x", "--top-k", "5", "--level", "ignore").stderr
        )

    def test_another_server(self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_BASE_URL")
        result = run("run", "-m", "smollm2", "-p", "hi", "--base-url", server.openai_base_url)
        assert result.stdout == "echo: hi\n"
        assert server.requests[0].path == "/v1/chat/completions"

    @pytest.mark.parametrize("model", ["smollm2", "gpt-4o", None])
    def test_another_server_of_the_environment_wants_no_key(
        self, model: str | None, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        result = run("run", *(("-m", model) if model else ()), "-p", "hi")
        assert (result.exit_code, result.stdout) == (0, "echo: hi\n")
        assert server.requests[0].path == ("/v1/chat/completions" if model == "smollm2" else "/v1/responses")
        assert "authorization" not in server.requests[0].headers

    def test_another_server_is_not_bedrocks(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with LoopbackServer() as bedrock:
            for name, value in bedrock.environment().items():
                if name.startswith("AWS_"):
                    monkeypatch.setenv(name, value)
            for flags in (("-m", OPUS), ("-m", "smollm2", "--provider", "bedrock", "--like", OPUS)):
                assert run("run", *flags, "-p", "hi").stdout == "echo: hi\n"
            assert len(bedrock.requests) == 2
        assert server.requests == []
        monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
        assert "is not listed" in run("run", "-m", "smollm2", "-p", "hi").stderr
        monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")
        wrong = run("run", "-m", "smollm2", "-p", "hi")
        assert (wrong.exit_code, "OPENAI_BASE_URL='nowhere' is not usable" in wrong.stderr) == (2, True)

    def test_a_profile_and_certificates(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "config").write_text(
            "[profile mine]\naws_access_key_id = AKIDMINE\naws_secret_access_key = mine-secret\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        assert run("run", "-m", OPUS, "-p", "hi", "--aws-profile", "mine").stdout == "echo: hi\n"
        assert "Credential=AKIDMINE/" in server.requests[0].headers["authorization"]
        wrong = run("run", "-m", OPUS, "-p", "hi", "--aws-profile", "yours")
        assert (wrong.exit_code, "they have mine" in wrong.stderr) == (2, True)
        missing = ("--ca-bundle", "nothing.pem", "--base-url", "https://127.0.0.1:1/v1")
        wrong = run("run", "-m", "smollm2", "-p", "hi", *missing)
        assert (wrong.exit_code, "nothing.pem' is not usable: No such file" in wrong.stderr) == (2, True)

    def test_what_fails(self, server: LoopbackServer) -> None:
        server.script(Reply(status=401, error_message="no such key"))
        result = run("run", "-m", "gpt-4o", "-p", "x")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "failed: 401 from the provider: no such key" in result.stderr
        refused = run("run", "-m", "o3", "-p", "x", "--temperature", "0.4")
        assert (refused.exit_code, len(server.requests)) == (1, 1)
        assert "refused: --temperature: o3 does not accept --temperature 0.4" in refused.stderr
        assert run("run", "-p", "x", "--effort", "huge").exit_code == 2

    @pytest.mark.parametrize("streamed", [False, True])
    def test_what_came_before_an_error_is_shown(
        self, server: LoopbackServer, tmp_path: Path, *, streamed: bool
    ) -> None:
        schema = tmp_path / "person.json"
        schema.write_text('{"type": "object", "properties": {"name": {"type": "string"}}}')
        asked = ["run", "-m", "gpt-4o", "-p", "x", "--schema", str(schema), "--no-cache"]
        asked += ["--stream"] if streamed else []
        for reply, said, reason in (
            (Reply(text='{"name": "Ad', stop_reason="max_output_tokens"), '{"name": "Ad', "truncated"),
            (Reply(text='{"name": 5}'), '{"name": 5}', "does not fit the schema at name"),
        ):
            server.script(reply)
            result = run(*asked)
            assert result.exit_code == 1
            first, *rest = result.stderr[result.stderr.index("failed: ") :].splitlines()
            assert reason in first
            assert ("the answer, as far as it came:" in rest) is not streamed
            assert (said in rest) is not streamed
            assert result.stdout.strip() == (said if streamed else "")
            assert " out (0 reasoning); " in rest[-1]

    def test_a_missing_key_is_told_in_shell_words(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        monkeypatch.delenv("OPENAI_BASE_URL")
        result = run("run", "-m", "gpt-4o", "-p", "x")
        assert result.exit_code == 2
        told = "set OPENAI_API_KEY, or pass --base-url; to try without a key: smartllm sandbox -- COMMAND"
        assert told in result.stderr
        assert "LLMConfig" not in result.stderr
        assert server.requests == []


class TestModels:
    def test_a_line_a_model(self) -> None:
        lines = [line.split("\t") for line in run("models").stdout.splitlines()]
        rows = {line[0]: line[1:] for line in lines}
        assert rows["claude-opus-4-7"][1:6] == [
            "bedrock, bedrock-anthropic, anthropic, bedrock-mantle",
            "never",
            "adaptive",
            "low medium high xhigh max",
            "-",
        ]
        assert rows["gpt-oss-20b"][1] == "openai, azure, bedrock, bedrock-mantle"
        assert rows["nova-pro"][6:8] == ["image document video", "implicit marks"]
        assert rows["gpt-oss-20b"][6:8] == ["-", "-"]
        assert rows["gpt-4o"][-1] == "openai: legacy until 2027-01-14, azure: legacy until 2027-04-14"
        assert len(lines) > 150

    @pytest.mark.parametrize(
        ("flags", "has", "lacks"),
        [
            (("claude-*-4-?",), "claude-opus-4-7", "gpt-4o"),
            (("--host", "bedrock"), "gpt-6-sol", "gpt-4o"),
            (("--vendor", "amazon"), "nova-2-lite", "claude-opus-4-7"),
            (("--state", "legacy", "--state", "retired"), "gpt-4o", "claude-opus-4-7"),
            (("--thinking",), "o3", "gpt-4o"),
            (("--no-thinking",), "gpt-4o", "o3"),
            (("--native",), "gpt-4o", "claude-opus-4-7"),
            (("--takes", "document"), "claude-opus-4-7", "grok-4.7"),
            (("--takes", "image", "--takes", "video"), "nova-2-lite", "gpt-4o"),
            (("--caching", "marks"), "gpt-5.6", "gpt-5.5"),
            (("--caching", "implicit"), "gpt-5.5", "claude-opus-4-7"),
        ],
    )
    def test_filters(self, flags: tuple[str, ...], has: str, lacks: str) -> None:
        listed = {line.split("\t")[0] for line in run("models", *flags).stdout.splitlines()}
        assert has in listed
        assert lacks not in listed
        told = json.loads(run("models", *flags, "--json").stdout)
        assert {item["model"] for item in told["models"]} == listed
        assert told["counts"]["models"] == len(listed)

    def test_nothing_found(self) -> None:
        result = run("models", "no-such-*")
        assert (result.exit_code, result.stdout) == (1, "")
        assert run("models", "--rules", "missing.toml").exit_code == 2


def test_on_a_terminal_sources_are_numbered() -> None:
    pages = [("https://one", "https://two"), (), ("https://two",), ("https://one",)]
    facts = [StatedFact("a", 1, Origin("fact", "a", "f.toml", 1, source=page)) for page in pages]
    rows, sources = numbered([*facts, StatedFact("a", 1, Origin("default", "a"))])
    assert [row[-1] for row in rows] == ["[1] [2]", "no evidence", "[2]", "[1]", "-"]
    assert sources == ["[1] https://one", "[2] https://two"]
