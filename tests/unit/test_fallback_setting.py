"""The setting ``fallback``: its forms, its mistakes, and which settings go to whom."""

from __future__ import annotations

import copy
import pickle
from importlib.util import find_spec
from typing import Any

import pytest
from taken_over import CLAUDE, DOWN, GPT, OTHER, ask, client_of

from smartllm import ConfigError, LLMClient, LLMConfig, TextRequest, sync
from smartllm.bedrock import BedrockLLMClient
from smartllm.errors import MissingExtraError
from smartllm.fallback_setting import FallbackEntry, fallback_entries
from smartllm.runtime.fallback.targets import config_for
from smartllm.testing import FakeTransport, Reply

KEY, OTHER_KEY = "sk-canary-first-0123456789", "sk-canary-other-0123456789"


class TestForms:
    @pytest.mark.parametrize(
        ("given", "read"),
        [
            (("bedrock", CLAUDE), ("bedrock", CLAUDE)),
            (["bedrock", CLAUDE], ("bedrock", CLAUDE)),
            (f"bedrock/{CLAUDE}", ("bedrock", CLAUDE)),
            (f" bedrock/{CLAUDE} ", ("bedrock", CLAUDE)),
            ("bedrock-mantle/openai.gpt-oss-120b", ("bedrock-mantle", "openai.gpt-oss-120b")),
            ("openai/meta-llama/llama-3", ("openai", "meta-llama/llama-3")),
            (OTHER, (None, OTHER)),
            ({"model": OTHER}, (None, OTHER)),
            ({"model": "meta-llama/llama-3"}, (None, "meta-llama/llama-3")),
            ({"provider": "openai", "model": OTHER}, ("openai", OTHER)),
        ],
        ids=str,
    )
    def test_an_entry_is_read(self, given: Any, read: tuple[str | None, str]) -> None:
        (entry,) = fallback_entries([given])
        assert (entry.provider, entry.model) == read
        assert (entry.place, entry.like, dict(entry.settings)) == ("fallback[0]", None, {})

    def test_an_entry_has_settings_of_its_own(self) -> None:
        given = {"provider": "openai", "model": "m", "api_key": KEY, "max_retries": 1, "like": GPT}
        (entry,) = fallback_entries([given], LLMConfig.__dataclass_fields__)
        assert entry == FallbackEntry("fallback[0]", "openai", "m", {"api_key": KEY, "max_retries": 1}, GPT)

    @pytest.mark.parametrize("none", [None, [], ()])
    def test_without_entries_nothing_changes(self, none: Any) -> None:
        assert fallback_entries(none) == ()
        LLMClient(provider="openai", transport=FakeTransport(), fallback=none)

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            (f"bedrock/{CLAUDE}", "fallback=(hidden) is not usable; allowed: a list whose entries are"),
            ({"model": OTHER}, "fallback=(hidden) is not usable"),
            (frozenset({OTHER}), "fallback=(hidden) is not usable"),
            (("bedrock", CLAUDE), "look like one pair"),
            (["bedrock", CLAUDE], "look like one pair"),
            ([7], "fallback[0] is not usable: it is of type int"),
            ([OTHER, ("a", "b", "c")], "fallback[1] is not usable: it is of type tuple"),
            ([("bedrok", CLAUDE)], "fallback[0]: provider='bedrok' is not known; allowed: openai, bedrock"),
            ([(None, CLAUDE)], "fallback[0]: provider=None is not known"),
            ([(["openai"], CLAUDE)], "fallback[0]: provider=['openai'] is not known"),
            ([f"bedrok/{CLAUDE}"], "what stands before the first slash is no provider"),
            (["openai/"], "fallback[0] model='' is not usable"),
            ([""], "fallback[0]='' is not usable; allowed: the id of a model"),
            ([("openai", 5)], "fallback[0] model=5 is not usable; allowed: text"),
            ([{"provider": "openai"}], "fallback[0] names no model"),
            ([{"model": OTHER, "provider": "x"}], "fallback[0]: provider='x' is not known"),
            (
                [{"model": OTHER, "api_keey": KEY}],
                "fallback[0].api_keey: there is no such setting; did you mean",
            ),
            ([{"model": OTHER, "timeout": 3}], "fallback[0].timeout: there is no such setting"),
            (
                [{"model": OTHER, "total_timeout": 3}],
                "fallback[0].total_timeout: it holds for the client as a",
            ),
            ([{"model": OTHER, "fallback": []}], "fallback[0].fallback: it holds for the client as a whole"),
            ([{"model": OTHER, "cache_dir": "x"}], "fallback[0].cache_dir: it holds for the client"),
            ([{"default_model": OTHER}], "fallback[0]: there is no default_model here; did you mean model?"),
            ([{"model": OTHER, 5: 6}], "fallback[0]: its keys are texts, not int"),
            ([{"model": OTHER, "like": 5}], "fallback[0].like=5 is not usable"),
        ],
        ids=lambda one: str(one)[:40],
    )
    def test_a_mistake_is_told_when_the_configuration_is_made(self, given: Any, told: str) -> None:
        with pytest.raises(ConfigError) as caught:
            LLMConfig(fallback=given)
        assert told in caught.value.message
        assert KEY not in str(caught.value)

    @pytest.mark.parametrize(
        ("entry", "told"),
        [
            ({"model": OTHER, "max_retries": -1}, "fallback[0]: max_retries=-1 is not usable"),
            (
                {"model": OTHER, "api_key": f"{KEY}\n\n{KEY}"},
                "fallback[0]: api_key: the key holds a character",
            ),
            (
                {"model": OTHER, "aws_region": "eu-west-1"},
                "fallback[0]: aws_region is a setting for provider=",
            ),
            (("bedrock", "gpt-4o"), "fallback[0]: provider: gpt-4o is not served on bedrock"),
            (("openai", "nobody-knows-it"), "fallback[0]: model 'nobody-knows-it'"),
        ],
        ids=lambda one: str(one)[:40],
    )
    def test_what_cannot_be_called_is_told_when_the_client_is_made(self, entry: Any, told: str) -> None:
        with pytest.raises(ConfigError) as caught:
            client_of(FakeTransport(), entry)
        assert caught.value.message.startswith(told)
        assert KEY not in str(caught.value)

    def test_a_missing_key_is_told_when_the_client_is_made(self) -> None:
        with pytest.raises(ConfigError, match=r"fallback\[0\]: .*OPENAI_API_KEY|fallback\[0\]: api_key"):
            LLMClient(
                provider="bedrock",
                aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="aws-secret-example",
                fallback=[("openai", OTHER)],
            )

    def test_a_missing_package_is_told_as_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = find_spec
        monkeypatch.setattr(
            "smartllm.runtime.exchange.find_spec", lambda name: None if name == "botocore" else real(name)
        )
        monkeypatch.setattr("smartllm.runtime.exchange.sys", type("Modules", (), {"modules": {}}))
        with pytest.raises(MissingExtraError, match=r"fallback\[0\]: .*botocore") as caught:
            LLMClient(provider="openai", api_key=KEY, fallback=[("bedrock", CLAUDE)])
        assert "pip install" in caught.value.hint


class TestWhoGetsWhat:
    def config(self, **settings: Any) -> LLMConfig:
        return LLMConfig(**{"provider": "openai", "api_key": KEY, **settings})

    def test_the_same_provider_gets_all(self) -> None:
        mine = self.config(base_url="https://mine.example/v1", default_headers={"x-a": "b"}, max_retries=7)
        theirs = config_for(mine, "openai", "openai", {"temperature": 0.5})
        assert (theirs.api_key, theirs.base_url, theirs.max_retries) == (KEY, mine.base_url, 7)
        assert (theirs.default_headers, theirs.temperature) == ({"x-a": "b"}, 0.5)

    @pytest.mark.parametrize(
        "stated", [{"base_url": "https://x.example/v1"}, {"api_key": OTHER_KEY}], ids=str
    )
    def test_no_key_goes_to_another_server(self, stated: dict[str, Any]) -> None:
        mine = self.config(organization="org-mine", default_headers={"Authorization": "mine"}, max_retries=7)
        theirs = config_for(mine, "openai", "openai", stated)
        assert theirs.api_key == stated.get("api_key")
        assert (theirs.organization, theirs.default_headers, theirs.max_retries) == (None, None, 7)

    @pytest.mark.parametrize("provider", ["bedrock", "anthropic", "azure"])
    def test_no_key_goes_to_another_provider(self, provider: str) -> None:
        mine = self.config(organization="org-mine", default_headers={"x-secret": "mine"}, ca_bundle="/a.pem")
        theirs = config_for(mine, "openai", provider, {})
        assert (theirs.api_key, theirs.organization, theirs.default_headers) == (None, None, None)
        assert (theirs.provider, theirs.ca_bundle) == (provider, "/a.pem")

    def test_settings_of_another_provider_may_stand_beside_the_clients(self) -> None:
        mine = self.config(aws_region="eu-west-1", fallback=[("bedrock", CLAUDE)])
        assert config_for(mine, "openai", "bedrock", {}).aws_region == "eu-west-1"
        LLMClient(mine, transport=FakeTransport())
        with pytest.raises(ConfigError, match="aws_region is a setting for provider='bedrock'"):
            LLMClient(self.config(aws_region="eu-west-1"), transport=FakeTransport())

    def test_what_is_the_clients_alone(self) -> None:
        mine = self.config(fallback=[OTHER], default_model=GPT, dynamo_table_name="answers")
        theirs = config_for(mine, "openai", "openai", {})
        assert (theirs.fallback, theirs.default_model, theirs.dynamo_table_name) == (None, None, None)

    async def test_keys_on_the_wire(self) -> None:
        fake = FakeTransport(DOWN, DOWN, DOWN, Reply(text="there"))
        entries = (
            OTHER,
            {"model": OTHER, "api_key": OTHER_KEY},
            {"model": OTHER, "base_url": "http://x.example/v1"},
        )
        await ask(client_of(fake, *entries, api_key=KEY, organization="org-mine"))
        keys = [sent.headers.get("authorization") for sent in fake.sent]
        assert keys == [f"Bearer {KEY}"] * 2 + [f"Bearer {OTHER_KEY}", None]
        assert [sent.headers.get("openai-organization") for sent in fake.sent] == ["org-mine"] * 2 + [
            None
        ] * 2
        assert fake.sent[-1].url == "http://x.example/v1/responses"

    async def test_regions(self) -> None:
        fake = FakeTransport(DOWN, DOWN, Reply(text="there"))
        entries = (("bedrock", CLAUDE), {"provider": "bedrock", "model": CLAUDE, "aws_region": "us-west-2"})
        await ask(client_of(fake, *entries, aws_region="us-east-2"))
        regions = [sent.url.split(".")[1] for sent in fake.sent[1:]]
        assert regions == ["us-east-2", "us-west-2"]

    async def test_the_environment_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        fake = FakeTransport(DOWN, Reply(text="there"))
        client = client_of(fake, ("openai", OTHER), provider="bedrock", model=CLAUDE)
        monkeypatch.setenv("OPENAI_API_KEY", OTHER_KEY)
        await ask(client)
        assert fake.sent[-1].headers["authorization"] == f"Bearer {KEY}"

    def test_entries_that_change_later_change_nothing(self) -> None:
        entry: dict[str, Any] = {"model": OTHER}
        given: list[Any] = [entry]
        client = LLMClient(provider="openai", transport=FakeTransport(), fallback=given)
        entry["model"] = "nobody-knows-it"
        given.append(7)
        assert [one.model for one in client._takers] == [OTHER]


class TestConfigurations:
    def test_no_secret_is_shown(self) -> None:
        config = LLMConfig(provider="openai", fallback=[{"model": OTHER, "api_key": KEY}])
        assert KEY not in repr(config)
        assert KEY not in repr(LLMClient(config, transport=FakeTransport())._settings)

    def test_they_travel(self) -> None:
        config = LLMConfig(provider="openai", fallback=[{"model": OTHER, "api_key": KEY}])
        for again in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):  # noqa: S301 - our own
            assert again.fallback == config.fallback

    async def test_clients_of_one_provider_take_any(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="there"))
        client = BedrockLLMClient(transport=fake, max_retries=0, fallback=[("openai", OTHER)], level="ignore")
        async with client:
            response = await client.generate_text("hi", model=CLAUDE, use_cache=False)
        assert response.requested_model == OTHER

    def test_synchronous_clients_too(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="there"), DOWN, Reply(text="again"))
        settings: dict[str, Any] = {"max_retries": 0, "default_model": GPT, "level": "ignore"}
        with sync.LLMClient(provider="openai", transport=fake, fallback=[OTHER], **settings) as client:
            assert client.generate_text("hi", use_cache=False).requested_model == OTHER
            chunks = list(client.generate_text_stream("hi"))
        assert "".join(chunk.text for chunk in chunks) == "again"

    async def test_a_model_is_told_where_it_comes_from(self) -> None:
        client = client_of(FakeTransport(), OTHER)
        plan = client._compiled(TextRequest(prompt="hi"), OTHER)
        assert str(plan.steps[0].origins["model"]) == "setting fallback"
        await client.aclose()
