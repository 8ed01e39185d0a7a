"""Which door of a provider is taken, by which id, and what goes through all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import smartllm
from smartllm import LLMClient, Message, Plan, Text, UnsupportedError
from smartllm.compiler.target import api_word
from smartllm.providers import provider_of_host, row_of
from smartllm.rules import load_rules
from smartllm.rules.hosts import all_hosts, doors_of, host_row
from smartllm.testing import FakeTransport, Reply

RULES = load_rules()
CLAUDE = "us.anthropic.claude-opus-4-7"
PICTURE = "https://example.com/a.png"

MADE = """
[on.bedrock.model.claude-opus-4-7]
wire.anthropic_messages.user.accepted = {first}
[on.bedrock-anthropic.model.claude-opus-4-7]
wire.anthropic_messages.user.accepted = {second}
[on.bedrock-mantle.model.claude-opus-4-7]
wire.anthropic_messages.user.accepted = {third}
endpoints = ["anthropic_messages"]
ids = {{ name = "anthropic.claude-opus-4-7", bare = "accepted", prefixes = [] }}
verified = 2026-11-27
source = ["https://example.com"]
"""


def made(tmp_path: Path, *takes: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MADE.format(first=takes[0], second=takes[1], third=takes[2]))
    return path


def plan(**fields: Any) -> Plan:
    return smartllm.compile("hi", **{"provider": "bedrock", "model": CLAUDE, "level": "ignore"} | fields)


def codes(found: Plan) -> list[str]:
    return [one.code for one in found.diagnostics]


class TestChoice:
    @pytest.mark.parametrize(
        ("takes", "host"),
        [
            (("true", "true", "true"), "bedrock"),
            (("false", "true", "true"), "bedrock-anthropic"),
            (("false", "false", "true"), "bedrock-mantle"),
            (("false", "false", "false"), "bedrock"),
        ],
        ids=["first", "second", "third", "none"],
    )
    def test_the_door_that_takes_most_of_the_wish(
        self, takes: tuple[str, ...], host: str, tmp_path: Path
    ) -> None:
        found = plan(user="u1", rules=made(tmp_path, *takes))
        assert (found.host, found.steps[0].host) == (host, host)
        assert ("metadata" in found.body) is ("true" in takes)
        assert ("door-chosen" in codes(found)) is (host != "bedrock")
        if host != "bedrock":
            told = found.diagnostics[0]
            assert (told.severity, told.asked) == ("info", "bedrock invoke")
            assert str(told.applied) == f"{host} messages"
            assert "user" in told.reason

    def test_nothing_is_chosen_where_the_caller_chooses(self, tmp_path: Path) -> None:
        rules = made(tmp_path, "false", "true", "true")
        for fields in ({"api_type": "invoke"}, {"provider": None, "api_type": "invoke"}):
            found = plan(user="u1", rules=rules, **fields)
            assert (found.host, "metadata" in found.body) == ("bedrock", False)
            assert "door-chosen" not in codes(found)

    def test_what_the_first_refuses_another_may_take(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(
            "[on.bedrock-anthropic.model.claude-opus-4-7]\n"
            'wire.anthropic_messages.input.image.sources = ["data", "url"]\n'
        )
        said = [Message("user", [smartllm.Image(url=PICTURE), "What is it?"])]
        found = smartllm.compile(said, provider="bedrock", model=CLAUDE, rules=path, level="ignore")
        assert found.host == "bedrock-anthropic"
        assert "door-chosen" in codes(found)
        with pytest.raises(UnsupportedError) as caught:
            smartllm.compile(said, provider="bedrock", model=CLAUDE)
        assert caught.value.field == "messages"

    def test_a_door_may_be_named(self) -> None:
        for host in ("bedrock-anthropic", "bedrock-mantle"):
            found = plan(provider=host)
            assert (found.host, found.body["model"].rpartition("anthropic.")[2]) == (
                host,
                "claude-opus-4-7",
            )

    def test_another_word_for_an_api_that_no_door_speaks_is_ignored(self) -> None:
        found = plan(api_type="responses")
        assert (found.host, codes(found)) == ("bedrock", ["api-type-ignored"])


class TestIds:
    def test_a_door_has_its_own_and_it_is_told(self) -> None:
        found = plan(provider="bedrock-mantle")
        assert found.body["model"] == found.steps[0].model == "anthropic.claude-opus-4-7"
        (told,) = [one for one in found.diagnostics if one.code == "model-id-door"]
        assert (told.severity, told.asked, told.applied) == ("info", CLAUDE, "anthropic.claude-opus-4-7")
        assert found.model == CLAUDE

    def test_what_is_spelled_as_the_door_has_it_is_not_told(self) -> None:
        found = plan(provider="bedrock-mantle", model="anthropic.claude-opus-4-7")
        assert "model-id-door" not in codes(found)

    async def test_reasoning_goes_back_by_whichever_id_the_door_has(self) -> None:
        fake = FakeTransport(Reply(text="A.", thinking="Hm."), Reply(text="B.", thinking="Ah."))
        model = "us.anthropic.claude-sonnet-5"
        async with LLMClient(provider="bedrock-mantle", transport=fake, level="ignore") as client:
            talk = [Message("user", "one")]
            first = await client.send_message(talk, model=model, reasoning_effort="low", use_cache=False)
            talk += [first.as_message(), Message("user", "two")]
            await client.send_message(talk, model=model, reasoning_effort="low", use_cache=False)
        blocks = fake.sent[1].body["messages"][1]["content"]
        assert [block["type"] for block in blocks] == ["thinking", "text"]
        assert fake.sent[1].body["model"] == "anthropic.claude-sonnet-5"
        assert Text("A.") in first.parts


class TestCurl:
    def test_a_command_has_the_headers_that_a_route_needs_and_no_others(self) -> None:
        own = plan(provider="anthropic", model="claude-opus-4-7").as_curl()
        assert "-H 'anthropic-version: 2023-06-01'" in own
        assert "Accept" not in plan().as_curl()


class TestNames:
    def test_a_host_is_named_by_its_provider(self) -> None:
        for host in RULES.table("host"):
            assert row_of(host) is row_of(provider_of_host(host))
            if host_row(host, RULES).asked_only:
                assert host not in all_hosts(RULES)
                assert host not in doors_of(provider_of_host(host), RULES)
                assert doors_of(host, RULES) == (host,)
        assert doors_of("bedrock", RULES)[0] == "bedrock"

    def test_each_route_has_a_word(self) -> None:
        assert api_word("bedrock", "anthropic_messages", RULES) == "invoke"
        assert api_word("anthropic", "anthropic_messages", RULES) == "messages"
        assert api_word("anthropic", "openai_chat", RULES) == "chat_completions"  # of no route there
