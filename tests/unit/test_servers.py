"""Servers that speak OpenAI's API, by name: which one an address tells, and what is said to each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

import smartllm
from smartllm import ConfigError, Plan, TextRequest, UnsupportedError
from smartllm.environment import Source
from smartllm.errors import RulesError
from smartllm.rules import load_rules, target_for
from smartllm.rules.facts import stated_facts
from smartllm.rules.servers import ServerAt, on_server, server_at, server_names, server_row

RULES = load_rules()
NAMES = ("vllm", "llama-cpp", "ollama", "lm-studio", "openrouter", "groq", "mistral", "deepseek")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"


def said(server: bool | str, model: str = "some-model", **fields: Any) -> Plan:
    return smartllm.compile("hi", model=model, compatible=server, level="ignore", **fields)


def codes(plan: Plan) -> set[tuple[str, str]]:
    return {(one.code, one.path) for one in plan.diagnostics}


def lookup(city: str) -> str:
    """Look a city up."""
    return city


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("https://api.groq.com/openai/v1", ServerAt("groq")),
            ("https://api.groq.com:8443/openai/v1", ServerAt("groq")),
            ("https://API.Mistral.AI./v1", ServerAt("mistral")),
            ("https://eu.api.mistral.ai/v1?key=x", ServerAt("mistral")),
            ("https://user:secret@api.deepseek.com", ServerAt("deepseek")),
            ("https://openrouter.ai/api/v1", ServerAt("openrouter")),
            ("https://ollama.com/v1", ServerAt("ollama")),
            ("http://localhost:11434/v1", ServerAt("ollama", 11434)),
            ("http://[::1]:11434/v1", ServerAt("ollama", 11434)),
            ("http://gpu-box:1234/v1", ServerAt("lm-studio", 1234)),
            # A host's name says more than a port.
            ("https://openrouter.ai:11434/api/v1", ServerAt("openrouter")),
            ("http://localhost:8000/v1", None),
            ("http://localhost:8080/v1", None),
            ("http://localhost/v1", None),
            ("https://api.groq.com.evil.example/v1", None),
            ("https://notopenrouter.ai/v1", None),
            ("http://localhost:99999/v1", None),
            ("http://[::1/v1", None),
            ("", None),
        ],
    )
    def test_what_an_address_tells(self, address: str, found: ServerAt | None) -> None:
        assert server_at(address, RULES) == found

    def test_each_usual_address_tells_no_other_server(self) -> None:
        for name in server_names(RULES):
            found = server_at(server_row(name, RULES).base_url, RULES)
            assert found is None or found.name == name

    def test_ports_of_half_of_all_programs_tell_nothing(self) -> None:
        told = {name for name in NAMES if server_at(server_row(name, RULES).base_url, RULES) is None}
        assert told == {"vllm", "llama-cpp"}


class TestNames:
    def test_all_of_them(self) -> None:
        assert server_names(RULES) == NAMES

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("ollma", "; did you mean ollama?"),
            ("lmstudio", "; did you mean lm-studio?"),
            ("LM Studio", "; did you mean lm-studio?"),
            ("llama.cpp", "; did you mean llama-cpp?"),
            ("deep-seek", "; did you mean deepseek?"),
            ("sglang", ""),
        ],
    )
    def test_a_wrong_one_is_refused_with_the_nearest(self, typed: str, meant: str) -> None:
        with pytest.raises(ConfigError) as caught:
            said(typed)
        assert f"compatible={typed!r} is not known{meant}; allowed: {', '.join(NAMES)}" in str(caught.value)
        assert "compatible=True" in caught.value.hint

    def test_no_other_server_speaks_bedrocks_api(self) -> None:
        with pytest.raises(ConfigError, match="no other servers speak the API of bedrock"):
            smartllm.compile("hi", provider="bedrock", model="x", compatible="ollama")

    @pytest.mark.parametrize("name", NAMES)
    def test_what_is_named_is_no_guess(self, name: str) -> None:
        plan = said(name)
        assert not {one.code for one in plan.diagnostics} - {"thinking-in-limit"}
        assert (plan.resolution.how, plan.resolution.asked) == ("server", "some-model")
        assert (plan.host, plan.steps[0].path) == ("openai", "/chat/completions")

    def test_a_port_is_a_guess_that_is_told(self) -> None:
        source = {"compatible": Source("derived", "port 11434")}
        plan = smartllm.compile("hi", model="x", compatible="ollama", sources=source)
        (told,) = plan.diagnostics
        assert (told.code, told.severity, told.path, told.applied) == (
            "server-assumed",
            "info",
            "compatible",
            "ollama",
        )
        assert told.reason.startswith("port 11434 is Ollama's by default")
        assert told.origin.source == ("https://docs.ollama.com/api/openai-compatibility",)
        surely = {"compatible": Source("derived", "base_url")}
        assert not smartllm.compile("hi", model="x", compatible="ollama", sources=surely).diagnostics

    @pytest.mark.parametrize("name", NAMES)
    def test_each_fact_of_its_own_has_a_page(self, name: str) -> None:
        for model in ("any", *server_row(name, RULES).models):
            for wire in ("openai_chat", "openai_responses"):
                target = target_for(on_server(name, model, "openai", RULES), "openai", wire, RULES)
                own = [
                    one for one in stated_facts(target) if (one.origin.file or "").endswith("/servers.toml")
                ]
                assert own
                assert all(one.origin.source and one.origin.verified for one in own)


class TestWhatEachTakes:
    def test_openrouters_own_tools_go_as_they_are_written(self) -> None:
        advisor = {"type": "openrouter:advisor", "parameters": {"model": "x"}}
        body = said("openrouter", tools=[advisor, lookup], api_type="chat_completions").body
        assert body["tools"][0] == advisor
        with pytest.raises(UnsupportedError, match=r"has no tool 'openrouter:advisor' here"):
            said("groq", tools=[advisor])

    @pytest.mark.parametrize(
        ("server", "model", "effort", "body", "code"),
        [
            ("vllm", "x", "max", {"reasoning_effort": "max"}, ""),
            ("vllm", "x", "none", {"reasoning_effort": "none"}, ""),
            ("llama-cpp", "x", "none", {"reasoning_effort": "none"}, ""),
            ("llama-cpp", "x", "xhigh", {"reasoning_effort": "high"}, "effort-clamped"),
            ("ollama", "x", "none", {"reasoning_effort": "none"}, ""),
            ("ollama", "x", "max", {"reasoning_effort": "max"}, ""),
            ("ollama", "x", "minimal", {"reasoning_effort": "low"}, "effort-clamped"),
            ("openrouter", "openai/gpt-5.4", "none", {"reasoning": {"effort": "none"}}, ""),
            ("openrouter", "x", "high", {"reasoning": {"effort": "high"}}, ""),
            ("lm-studio", "x", "low", {}, "thinking-ignored"),
            ("groq", "llama-3.3-70b-versatile", "low", {}, "thinking-ignored"),
            ("groq", "openai/gpt-oss-20b", "high", {"reasoning_effort": "high"}, ""),
            ("groq", "openai/gpt-oss-20b", "none", {"reasoning_effort": "low"}, "thinking-off-impossible"),
            ("groq", "qwen/qwen3-32b", "none", {"reasoning_effort": "none"}, ""),
            ("groq", "qwen/qwen3-32b", "high", {}, "thinking-ignored"),
            ("mistral", "mistral-small-latest", "none", {"reasoning_effort": "none"}, ""),
            ("mistral", "mistral-small-latest", "low", {"reasoning_effort": "high"}, "effort-clamped"),
            ("mistral", "magistral-small-latest", "high", {"reasoning_effort": "high"}, ""),
            ("mistral", "magistral-medium-latest", "high", {}, "thinking-ignored"),
            ("mistral", "mistral-large-latest", "high", {}, "thinking-ignored"),
            ("deepseek", "deepseek-v4-pro", "none", {"thinking": {"type": "disabled"}}, ""),
            ("deepseek", "deepseek-v4-pro", "max", {"reasoning_effort": "max"}, ""),
            ("deepseek", "deepseek-v4-pro", "medium", {"reasoning_effort": "medium"}, ""),
            ("deepseek", "deepseek-chat", "high", {}, "thinking-ignored"),
            ("deepseek", "deepseek-reasoner", "none", {}, "thinking-ignored"),
            (True, "x", "none", {}, "thinking-ignored"),
            (True, "x", "high", {}, "thinking-ignored"),
        ],
    )
    def test_efforts(
        self, server: bool | str, model: str, effort: Any, body: dict[str, Any], code: str
    ) -> None:
        plan = said(server, model, reasoning_effort=effort)
        keys = ("reasoning_effort", "reasoning", "thinking")
        assert {key: plan.body[key] for key in keys if key in plan.body} == body
        found = {one.code for one in plan.diagnostics if one.path == "reasoning_effort"}
        assert found == ({code} if code else set())

    def test_none_is_not_lost_without_a_word_where_nobody_knows_the_model(self) -> None:
        (told,) = [
            one for one in said(True, reasoning_effort="none").diagnostics if one.code != "model-inferred"
        ]
        assert (told.severity, told.origin.name) == ("warning", "thinking.off")
        assert "is not known" in told.reason
        listed = smartllm.compile("hi", model="gpt-4o", reasoning_effort="none", level="ignore")
        # Which cannot think, so the wish is met.
        assert "reasoning_effort" not in {one.path for one in listed.diagnostics}

    @pytest.mark.parametrize(
        ("server", "top_k", "logprobs", "seed", "penalties", "limit"),
        [
            ("vllm", True, True, "seed", True, "max_tokens"),
            ("llama-cpp", True, True, "seed", True, "max_tokens"),
            ("ollama", False, True, "seed", True, "max_tokens"),
            ("lm-studio", True, False, "seed", True, "max_tokens"),
            ("openrouter", True, True, "seed", True, "max_tokens"),
            ("groq", False, False, "seed", False, "max_completion_tokens"),
            ("mistral", False, False, "random_seed", True, "max_tokens"),
            ("deepseek", False, False, "", False, "max_tokens"),
        ],
    )
    def test_parameters(
        self, server: str, top_k: bool, logprobs: bool, seed: str, penalties: bool, limit: str
    ) -> None:
        fields: dict[str, Any] = {
            "top_k": 5,
            "top_logprobs": 2,
            "seed": 7,
            "presence_penalty": 0.5,
            "max_tokens": 9,
        }
        plan = said(server, **fields)
        body = plan.body
        assert body[limit] == 9
        assert ("top_k" in body, "top_logprobs" in body, "presence_penalty" in body) == (
            top_k,
            logprobs,
            penalties,
        )
        assert [name for name in ("seed", "random_seed") if body.get(name) == 7] == ([seed] if seed else [])
        # What is not sent is told.
        told = {one.path for one in plan.diagnostics if one.action == "dropped"}
        named = {"top_k": "top_k", "top_logprobs": "top_logprobs", "presence_penalty": "presence_penalty"}
        assert told == {name for name, key in named.items() if key not in body} | (
            set() if seed else {"seed"}
        )

    @pytest.mark.parametrize(
        ("server", "format_", "mode"),
        [
            ("vllm", "json_schema", True),
            ("ollama", "json_schema", True),
            ("llama-cpp", "json_schema", True),
            ("lm-studio", "json_schema", False),
            ("openrouter", "json_schema", True),
            ("groq", "", True),
            ("mistral", "json_schema", True),
            ("deepseek", "", True),
        ],
    )
    def test_schema_modes(self, server: str, format_: str, mode: bool) -> None:
        body = said(server, response_format=SCHEMA, reasoning_effort=None).body
        assert body.get("response_format", {}).get("type", "") == format_
        assert ("tools" in body) is (not format_)
        plain = said(server, response_format={"type": "json_object"}).body.get("response_format", {})
        assert (plain.get("type") == "json_object") is mode

    def test_a_schema_is_strict_only_where_that_is_taken(self) -> None:
        native: dict[str, Any] = {"response_format": SCHEMA, "structured_output": "native"}
        assert "strict" not in said("vllm", **native).body["response_format"]["json_schema"]
        strict = said("groq", "openai/gpt-oss-20b", **native).body["response_format"]["json_schema"]
        assert strict["strict"] is True
        with pytest.raises(UnsupportedError, match="takes no native schema"):
            said("groq", "llama-3.3-70b-versatile", **native)
        with pytest.raises(UnsupportedError, match="takes no native schema"):
            said("deepseek", "deepseek-v4-pro", **native)
        there = said("deepseek", "deepseek-v4-pro", api_type="responses", **native)
        assert there.body["text"]["format"]["type"] == "json_schema"

    @pytest.mark.parametrize(
        ("server", "named", "parallel"),
        [
            ("vllm", {"type": "function", "function": {"name": "lookup"}}, True),
            ("llama-cpp", "required", True),
            ("ollama", None, False),
            ("lm-studio", "required", False),
            ("openrouter", {"type": "function", "function": {"name": "lookup"}}, True),
            ("groq", {"type": "function", "function": {"name": "lookup"}}, True),
            ("mistral", {"type": "function", "function": {"name": "lookup"}}, True),
            ("deepseek", None, False),
        ],
    )
    def test_tools(self, server: str, named: Any, parallel: bool) -> None:
        plan = said(server, tools=[lookup, SCHEMA_TOOL], tool_choice="lookup", parallel_tool_calls=False)
        assert plan.body.get("tool_choice") == named
        assert ("parallel_tool_calls" in plan.body) is parallel
        if named == "required":  # the only one that is left to call
            assert [one["function"]["name"] for one in plan.body["tools"]] == ["lookup"]
        assert (("tool-choice-relaxed", "tool_choice") in codes(plan)) is (named is None)

    def test_deepseek_forces_a_tool_where_it_does_not_think(self) -> None:
        tools: dict[str, Any] = {"tools": [lookup], "tool_choice": "lookup"}
        forced = {"type": "function", "function": {"name": "lookup"}}
        assert (
            said("deepseek", "deepseek-v4-pro", reasoning_effort="none", **tools).body["tool_choice"]
            == forced
        )
        assert said("deepseek", "deepseek-chat", **tools).body["tool_choice"] == forced
        assert "tool_choice" not in said("deepseek", "deepseek-reasoner", **tools).body

    def test_deepseek_is_told_no_temperature_while_it_thinks(self) -> None:
        plan = said("deepseek", temperature=0.5, presence_penalty=1)
        assert not {"temperature", "presence_penalty"} & plan.body.keys()
        assert {path for _, path in codes(plan)} >= {"temperature", "presence_penalty"}
        off = said("deepseek", temperature=0.5, presence_penalty=1, reasoning_effort="none").body
        assert (off["temperature"], off["presence_penalty"]) == (0.5, 1)

    @pytest.mark.parametrize(
        ("given", "sent", "dropped"),
        [
            ({"top_p": 0.9}, {"top_p": 0.9}, set()),  # the temperature was only a default
            ({"top_p": 0.9, "temperature": 0}, {"temperature": 0}, {"top_p"}),
            ({"top_p": 0.9, "temperature": 0.4}, {"top_p": 0.9, "temperature": 0.4}, set()),
            ({"top_p": 1, "temperature": 0}, {"top_p": 1, "temperature": 0}, set()),
            ({"temperature": 1.5}, {"temperature": 1.0}, set()),
        ],
    )
    def test_mistral_takes_no_top_p_beside_zero(
        self, given: dict[str, Any], sent: dict[str, Any], dropped: set[str]
    ) -> None:
        plan = said("mistral", **given)
        assert {key: plan.body[key] for key in ("top_p", "temperature") if key in plan.body} == sent
        assert {one.path for one in plan.diagnostics if one.code == "sampling-exclusive"} == dropped

    def test_mistral_is_not_asked_for_the_usage_of_a_stream(self) -> None:
        assert "stream_options" not in said("mistral", stream=True).body
        assert said("groq", stream=True).body["stream_options"] == {"include_usage": True}

    @pytest.mark.parametrize("server", NAMES)
    def test_pictures(self, server: str) -> None:
        image = smartllm.Image(data=PNG, media_type="image/png")
        request = TextRequest(prompt=["What is this?", image])
        taken = server not in {"lm-studio", "deepseek"}
        try:
            plan = smartllm.compile(request, model="x", compatible=server, level="ignore")
        except UnsupportedError:
            assert not taken
        else:
            assert taken
            url = plan.body["messages"][0]["content"][1]["image_url"]["url"]
            assert url.startswith("data:image/png;base64,")

    def test_ollama_takes_no_pictures_by_address_and_none_that_move(self) -> None:
        there = smartllm.Image(url="https://example.com/cat.png")
        with pytest.raises(UnsupportedError):
            smartllm.compile(TextRequest(prompt=["?", there]), model="x", compatible="ollama")
        assert smartllm.compile(TextRequest(prompt=["?", there]), model="x", compatible="vllm").body
        moving = smartllm.Image(data=b"GIF89a" + b"\0" * 30, media_type="image/gif")
        with pytest.raises(UnsupportedError, match="gif"):
            smartllm.compile(TextRequest(prompt=["?", moving]), model="x", compatible="ollama")


SCHEMA_TOOL = smartllm.Tool("other", "Another one.", SCHEMA)


class TestRows:
    """What a user's file says."""

    def rules(self, folder: Path, text: str) -> Path:
        path = folder / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_a_gateway_of_ones_own(self, tmp_path: Path) -> None:
        path = self.rules(
            tmp_path,
            "[server.gateway]\nprofile = 'vllm'\nhosts = ['llm.corp.example']\n"
            "models = { 'big-*' = 'openrouter', '*' = 'ollama' }\n",
        )
        rules = load_rules(path)
        assert server_at("https://llm.corp.example/v1", rules) == ServerAt("gateway")
        found = {model: on_server("gateway", model, "openai", rules).profile for model in ("big-1", "small")}
        assert found == {"big-1": "openrouter", "small": "ollama"}
        assert on_server("gateway", "small", "openai", rules).place == ("server", "gateway", "models", "*")

    def test_its_row_for_an_id_counts_more_than_the_server(self, tmp_path: Path) -> None:
        path = self.rules(tmp_path, "[model]\nmy-model = 'vllm'\n[alias]\nquick = 'gpt-4o'\n")
        mine = smartllm.compile("hi", model="my-model", compatible="groq", rules=path)
        assert (mine.resolution.how, mine.resolution.profile) == ("exact", "vllm")
        assert smartllm.compile("hi", model="quick", compatible="groq", rules=path).resolution.how == "alias"
        # The shipped row of a model of OpenAI's says nothing of another server's.
        assert said("groq", "gpt-4o").resolution.profile == "groq"
        assert said(True, "gpt-4o").resolution.profile == "gpt-4o"

    def test_like_counts_most(self) -> None:
        assert said("ollama", "x", like="gpt-4o").resolution.profile == "gpt-4o"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[server.x]\nhosts = ['a']\n", "'server.x.profile' is missing: a server names its profile"),
            (
                "[server.x]\nprofile = 'vllm'\nport = [1]\n",
                "unknown key 'server.x.port'; did you mean 'ports'?",
            ),
            ("[server.x]\nprofile = 'vllm'\nports = ['1']\n", "server.x.ports"),
            ("[server.'a b']\nprofile = 'vllm'\n", "a b"),
        ],
    )
    def test_a_wrong_one(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(RulesError) as caught:
            load_rules(self.rules(tmp_path, text))
        assert message in str(caught.value)

    def test_the_shipped_ones_name_their_pages(self) -> None:
        file = Path(smartllm.__file__).parent / "rules" / "servers.toml"
        rows = tomli.loads(file.read_text(encoding="utf-8"))["server"]
        assert all(row["source"] and row["verified"] for row in rows.values())
