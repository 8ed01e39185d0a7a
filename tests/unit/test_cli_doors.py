"""One model at many doors: ``diff`` of two sides, ``explain --doors``, and their pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.rules import load_rules, resolve, served_on
from smartllm.rules.doors import doors_for, facts_apart

RULES = load_rules()
CLAUDE = "us.anthropic.claude-opus-4-7"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, arguments, stdin=stdin)


def told(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


class TestDiff:
    @pytest.mark.parametrize(
        ("side", "host", "api_type"),
        [
            ("gpt-5.4", "openai", "responses"),
            ("azure/gpt-5.4", "azure", "responses"),
            ("azure-deployments/gpt-5.4", "azure-deployments", "chat_completions"),
            ("bedrock/gpt-5.4", "bedrock-mantle", "responses"),
            ("bedrock-mantle/chat_completions/gpt-5.4", "bedrock-mantle", "chat_completions"),
            ("chat_completions/gpt-5.4", "openai", "chat_completions"),
            (f"bedrock/messages/{CLAUDE}", "bedrock-anthropic", "messages"),
            (CLAUDE, "bedrock", "invoke"),
        ],
    )
    def test_a_side_says_whom_it_calls_and_how(self, side: str, host: str, api_type: str) -> None:
        doors = told("diff", "openai/gpt-5.4", side)["doors"]
        assert doors == {
            "a": {"host": "openai", "api_type": "responses"},
            "b": {"host": host, "api_type": api_type},
        }

    def test_each_side_of_a_request_goes_to_its_own_door(self) -> None:
        sides = ("responses/gpt-5.4", "chat_completions/gpt-5.4")
        found = told("diff", *sides, "-p", "hi")["bodies"]
        assert "input" in found["a"]["bodies"][0]
        assert "messages" in found["b"]["bodies"][0]
        request = '{"prompt": "hi", "top_logprobs": 2, "logprobs": true}'
        assert told("diff", *sides, "-r", "-", stdin=request)["doors"]["b"]["api_type"] == "chat_completions"

    def test_the_facts_are_those_of_the_door_that_the_request_takes(self) -> None:
        sides = ("bedrock/gpt-oss-120b", "gpt-oss-120b")
        assert told("diff", *sides)["doors"]["a"] == {"host": "bedrock", "api_type": "converse"}
        asked = told("diff", *sides, "-p", "hi", "--seed", "2")["doors"]["a"]
        assert asked == {"host": "bedrock-mantle", "api_type": "chat_completions"}

    def test_a_side_without_a_provider_takes_the_options(self) -> None:
        doors = told("diff", "gpt-5.4", "openai/gpt-5.4", "--provider", "azure")["doors"]
        assert [doors[one]["host"] for one in "ab"] == ["azure", "openai"]

    def test_servers_by_name_and_ids_with_slashes(self) -> None:
        found = told("diff", "bedrock/gpt-oss-120b", "groq/openai/gpt-oss-120b", "-p", "hi")
        assert found["bodies"]["b"]["bodies"][0]["model"] == "openai/gpt-oss-120b"
        same = told("diff", "openai/gpt-oss-120b", "openai/x", "--compatible", "groq", "-p", "hi")
        assert same["bodies"]["a"] == found["bodies"]["b"]
        assert [found["doors"][one]["host"] for one in "ab"] == ["bedrock", "groq"]
        both = told("diff", "x", "y", "--compatible")["doors"]
        assert [both[one]["host"] for one in "ab"] == ["another server"] * 2

    @pytest.mark.parametrize("option", [(), ("--json",)])
    def test_a_refused_request_has_a_status_of_its_own(self, option: tuple[str, ...]) -> None:
        """So a script looks through its requests before a model is replaced (docs/moving.md)."""
        asked = ("-p", "hi", *option)
        result = run("diff", "gpt-5.4", "gpt-4o", *asked, "--like", "no-such-model")
        assert result.exit_code == 1
        assert (result.stdout if option else result.stderr).count("no-such-model") >= 2
        assert run("diff", "gpt-5.4", "gpt-4o", *asked).exit_code == 0

    def test_an_arn_is_an_id(self) -> None:
        arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-7"
        assert told("diff", arn, f"bedrock/{arn}")["facts"] == {}

    def test_hosts_stand_in_the_table(self) -> None:
        lines = run("diff", "gpt-5.4", "azure/chat_completions/gpt-5.4").stdout.splitlines()
        assert lines[:2] == ["host\topenai\tazure", "api_type\tresponses\tchat_completions"]

    @pytest.mark.parametrize(
        ("side", "status", "said"),
        [
            ("azur/gpt-5.4", 2, "Did you mean 'azure'"),
            ("azure/", 2, "names no model"),
            ("azure/responses/", 2, "names no model"),
            ("anthropic/gpt-5.4", 1, "not served on anthropic"),
        ],
    )
    def test_mistakes(self, side: str, status: int, said: str) -> None:
        result = run("diff", "gpt-5.4", side)
        assert (result.exit_code, result.stdout) == (status, "")
        assert said in result.stderr


class TestAServerExplained:
    """Another server has OpenAI's wire, but neither its hosts nor its batch engine."""

    @pytest.mark.parametrize(
        ("asked", "who"),
        [
            (("gpt-5.4", "--compatible", "ollama"), "ollama"),
            (("my-model", "--compatible"), "another server"),
        ],
    )
    def test_it_is_named_and_nothing_of_openais_is_told(self, asked: tuple[str, ...], who: str) -> None:
        lines = run("explain", *asked).stdout.splitlines()
        assert lines[0].endswith(f"; openai_chat on {who}")
        assert not any(line.startswith(("also on", "host.")) for line in lines)
        assert not [fact for fact in told("explain", *asked)["facts"] if fact["fact"].startswith("host.")]

    def test_its_page_bears_its_name(self, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        assert run("explain", "gpt-5.4", "--compatible", "ollama", "--html", str(page)).exit_code == 0
        assert re.search(r">\s*ollama\s*<", page.read_text(encoding="utf-8"))

    def test_one_without_a_name_may_pass_on_what_it_is_sent(self) -> None:
        lines = run("explain", "gpt-5.4", "--compatible").stdout.splitlines()
        assert lines[0].endswith("; openai_responses on another server")
        assert any(line.startswith("also on azure") for line in lines)
        assert any(line.startswith("host.batch") for line in lines)


class TestDoors:
    def test_every_door_with_its_ids_and_life(self) -> None:
        found = told("explain", "gpt-5.4", "--doors")["doors"]
        by_host = {door["host"]: door for door in found}
        resolution = resolve("gpt-5.4", RULES)
        assert {*by_host} == {host for host in RULES.table("host") if served_on(resolution, host, RULES)}
        assert next(door["host"] for door in found) == "openai"
        assert by_host["azure-deployments"]["only_if_named"] is True
        assert by_host["azure"]["life"]["not_before"] is not None
        assert by_host["bedrock-mantle"]["ids"] == ["openai.gpt-5.4"]

    def test_facts_that_differ_name_all_doors_once(self) -> None:
        found = told("explain", CLAUDE, "--doors")
        names = [f"{door['host']} {door['api_type']}" for door in found["doors"]]
        assert len(names) == len({*names}) > 3
        assert found["facts"]
        for values in found["facts"].values():
            assert len(values) > 1
            assert sorted(name for one in values for name in one["doors"]) == sorted(names)

    def test_provider_and_api_narrow_them(self) -> None:
        arguments = ("explain", "gpt-oss-120b", "--doors", "--provider", "bedrock")
        hosts = {door["host"] for door in told(*arguments)["doors"]}
        assert hosts == {"bedrock", "bedrock-mantle"}
        (only,) = told(*arguments, "--api-type", "responses")["doors"]
        assert (only["host"], only["api_type"]) == ("bedrock-mantle", "responses")
        assert "the facts are the same" in run(*arguments, "--api-type", "responses").stdout

    def test_a_line_a_host_and_hosts_for_values_that_all_their_wires_have(self) -> None:
        lines = run("explain", "gpt-5.4", "--doors").stdout.splitlines()
        assert lines[0] == "openai\tresponses, chat_completions\tgpt-5.4\tactive"
        rows = [line.split("\t") for line in lines]
        tiers = {row[1]: row[2] for row in rows if row[0] == "service_tier.values"}
        assert tiers["auto, default, flex, priority"] == "openai"

    def test_explain_tells_that_there_are_others(self) -> None:
        other = run("explain", "gpt-5.4").stdout.splitlines()[1]
        assert other == "also on azure, bedrock-mantle: smartllm explain gpt-5.4 --doors"
        assert "also on" not in run("explain", "nova-2-lite").stdout

    def test_the_page(self, tmp_path: Path) -> None:
        page = tmp_path / "doors.html"
        assert run("explain", "gpt-5.4", "--doors", "--html", str(page)).exit_code == 0
        text = page.read_text(encoding="utf-8")
        facts = told("explain", "gpt-5.4", "--doors")["facts"]
        assert all(f'id="{path}"' in text for path in facts)
        assert "openai.gpt-5.4" in text
        assert f"; {len(facts)} facts differ between them" in text

    @pytest.mark.parametrize("option", ["--all", "--notes", "--compatible"])
    def test_what_means_nothing_beside_it(self, option: str) -> None:
        assert run("explain", "gpt-5.4", "--doors", option).exit_code == 2


def test_the_first_doors_value_stands_first() -> None:
    doors = doors_for(resolve("gpt-5.4", RULES), ("azure", "openai"), RULES)
    assert [door.host for door in doors] == ["azure", "azure", "openai", "openai"]
    for values in facts_apart(doors).values():
        assert values[0][1][0] == 0
        assert sorted(number for _, numbers in values for number in numbers) == [0, 1, 2, 3]
