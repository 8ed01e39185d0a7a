"""The ids to call models by, as the list of models shows them and as the sandbox takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from model_ids import ARN, HAIKU, ON_BEDROCK, OPUS, OVERLAY, RULES

from smartllm import LLMClient, TextRequest
from smartllm.cli import main
from smartllm.cli.tables import fitting, rich_table
from smartllm.errors import ProviderError
from smartllm.hosts.aws import frame_error
from smartllm.rules.ids import ids_on, usual_ids
from smartllm.testing import FakeTransport
from smartllm.testing.check_ids import id_refusal
from smartllm.testing.routes import find_route

BEDROCK = find_route("POST", "/model/x/invoke")
OPENAI = find_route("POST", "/v1/chat/completions")


class TestModels:
    @pytest.fixture
    def overlay(self, tmp_path: Path) -> str:
        path = tmp_path / "r.toml"
        path.write_text(OVERLAY, encoding="utf-8")
        return str(path)

    def test_the_id_to_call_is_a_column(self, overlay: str) -> None:
        lines = invoke(main, ["models", "--rules", overlay]).stdout.splitlines()
        rows = {line.split("\t")[0]: line.split("\t") for line in lines}
        assert rows[OPUS][1] == f"us.anthropic.{OPUS}, {OPUS}, anthropic.{OPUS}"
        assert rows["nova-pro"][1] == "amazon.nova-pro-v1:0"
        assert rows["gpt-oss-20b"][1:3] == [
            "gpt-oss-20b, openai.gpt-oss-20b-1:0, openai.gpt-oss-20b",
            "openai, azure, bedrock, bedrock-mantle",
        ]
        assert rows["nobody"][1:3] == ["-", "-"]

    @pytest.mark.parametrize(
        ("host", "ids", "hosts"),
        [
            (
                "bedrock",
                "openai.gpt-oss-20b-1:0, openai.gpt-oss-20b",
                "bedrock, bedrock-mantle",
            ),
            ("bedrock-mantle", "openai.gpt-oss-20b", "bedrock-mantle"),
            ("azure", "gpt-oss-20b", "azure"),
        ],
    )
    def test_of_one_host_if_that_is_asked_for(self, overlay: str, host: str, ids: str, hosts: str) -> None:
        result = invoke(main, ["models", "gpt-oss-20b", "--host", host, "--rules", overlay])
        assert result.stdout.split("\t")[1:3] == [ids, hosts]

    def test_a_door_that_must_be_named_is_listed_where_it_is(self) -> None:
        arguments = ["models", "gpt-5.4", "--json", "--host"]
        told = json.loads(invoke(main, [*arguments, "azure-deployments"]).stdout)["models"][0]
        assert (told["host"], [*told["lives"]]) == ("azure-deployments", ["azure-deployments"])
        assert "azure-deployments" in told["ids"]
        told = json.loads(invoke(main, [*arguments, "azure"]).stdout)["models"][0]
        assert "azure-deployments" not in told["ids"]
        assert {"openai", "azure", "bedrock-mantle"} <= {*told["hosts"]}

    def test_in_json_all_of_them(self, overlay: str) -> None:
        result = invoke(main, ["models", "nova-pro", "--json", "--rules", overlay])
        (item,) = json.loads(result.stdout)["models"]
        assert item["id"] == "amazon.nova-pro-v1:0"
        assert item["ids"] == {"bedrock": ["amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"]}

    def test_the_retired_come_last(self) -> None:
        told = json.loads(invoke(main, ["models", "--json"]).stdout)["models"]
        retired = [item["state"] == "retired" for item in told]
        assert any(retired)
        assert retired == sorted(retired)

    def test_what_is_gone_is_told_where_nothing_is_listed(self, overlay: str) -> None:
        result = invoke(main, ["models", "anthropic.claude-ol*", "--rules", overlay])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.splitlines()[0] == "anthropic.claude-old was shut down"
        path = Path(overlay)
        path.write_text(
            '[retired]\nx-1 = { vendor = "openai", shutdown = 2026-01-31, successor = "gpt-5.4" }\n',
            encoding="utf-8",
        )
        result = invoke(main, ["models", "x-?", "--rules", overlay])
        assert result.stderr.splitlines()[0] == "x-1 was shut down on 2026-01-31; move to gpt-5.4"

    def test_a_narrow_terminal_does_without_columns_and_breaks_no_id(self) -> None:
        columns, spare = ("model", "id", "life", "much"), ("much", "model")
        rows = [("claude-opus-4-7", "us.anthropic.claude-opus-4-7", "legacy until 2027-01-14", "a b c")]
        assert fitting(columns, rows, 200, spare) == [*columns]
        assert fitting(columns, rows, 74, spare) == [*columns]
        assert fitting(columns, rows, 66, spare) == ["model", "id", "life"]
        assert fitting(columns, rows, 50, spare) == ["id", "life"]
        assert fitting(columns, rows, 5, spare) == ["id", "life"], "what is not spare stays"
        assert "much" in fitting(columns, rows, 70, spare)
        assert "much" not in fitting(columns, rows, 70, spare, ("much",)), (
            "what is not broken needs more room"
        )
        table = rich_table(columns, rows, whole=("id",))
        assert [column.no_wrap for column in table.columns] == [False, True, False, False]


class TestTheSandbox:
    @pytest.fixture
    def overlay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "r.toml"
        path.write_text(OVERLAY, encoding="utf-8")
        monkeypatch.setenv("SMARTLLM_RULES", str(path))
        return path

    @pytest.mark.usefixtures("overlay")
    @pytest.mark.parametrize(
        ("model", "status", "says"),
        [
            (
                f"anthropic.{OPUS}",
                400,
                "Invocation of model ID anthropic.claude-opus-4-7 with on-demand throughput",
            ),
            (OPUS, 400, "with on-demand throughput"),
            (f"xx.anthropic.{OPUS}", 400, "The provided model identifier is invalid."),
            (f"anthropic/{OPUS}", 400, "The provided model identifier is invalid."),
            (HAIKU, 400, "The provided model identifier is invalid."),
            ("gpt-4o", 400, "The provided model identifier is invalid."),
            ("acme.rocket", 400, "The provided model identifier is invalid."),
            (f"us.Anthropic.{OPUS}", 400, "The provided model identifier is invalid."),
            ("anthropic.claude-old", 404, "has reached the end of its life"),
        ],
    )
    def test_of_bedrock(self, model: str, status: int, says: str) -> None:
        found = id_refusal(model, BEDROCK)
        assert found is not None
        assert says in found.message
        assert found.status == status

    @pytest.mark.usefixtures("overlay")
    @pytest.mark.parametrize(
        "model",
        [
            "acme-1",
            "openai/gpt-4o",
            "openai.gpt-4o",
            "GPT-4o",
            f"us.anthropic.{OPUS}",
            "anthropic.claude-old",
        ],
    )
    def test_of_openai(self, model: str) -> None:
        found = id_refusal(model, OPENAI)
        assert found is not None
        assert (found.status, found.code) == (404, "model_not_found")
        assert found.message == f"The model `{model}` does not exist or you do not have access to it."

    @pytest.mark.usefixtures("overlay")
    def test_takes_what_may_be_right(self) -> None:
        for model in (
            f"eu.anthropic.{OPUS}",
            "anthropic.claude-haiku-4-5-v1:0",
            "us.anthropic.claude-opus-77",
            f"{ARN}:application-inference-profile/abc123",
        ):
            assert id_refusal(model, BEDROCK) is None
        for model in ("gpt-4o", "gpt-77", "ft:gpt-4o:acme::x"):
            assert id_refusal(model, OPENAI) is None
        assert id_refusal("any-model", OPENAI, known=["any-model"]) is None

    def test_judges_nothing_by_rules_that_are_broken(self, overlay: Path) -> None:
        overlay.write_text(f'[model]\n"{OPUS}" = "no-such-profile"\n', encoding="utf-8")
        assert id_refusal(OPUS, BEDROCK) is None

    def test_the_hint_for_it_names_an_id_to_call(self) -> None:
        words = {"message": "Invocation of this with on-demand throughput isn't supported."}

        def hint(model: str, **details: str) -> str:
            return frame_error("ValidationException", details or words, model, region="eu-west-1").hint

        assert hint("acme.rocket") == "use an inference profile, such as eu.acme.rocket or global.acme.rocket"
        assert hint("my-model") == "use an inference profile; `smartllm models` lists their ids"
        for model in ON_BEDROCK:
            ids = ids_on(model, "bedrock", RULES)
            assert ids is not None
            if ids.prefixes:
                assert hint(model).removeprefix("use an inference profile, such as ") in usual_ids(model, ids)
        invalid = {"message": "The provided model identifier is invalid."}
        start = "check the spelling, and that the model is offered in eu-west-1"
        assert hint("acme.rocket", **invalid).startswith(f"{start}, or try the inference profile eu.acme.")
        assert hint("eu.acme.rocket", **invalid) == start
        assert hint("my-model", **invalid) == start
        for unlisted in ("no-such-model", "claude-opus-77", f"{OPUS}-plus"):
            assert ids_on(unlisted, "bedrock", RULES) is None

    async def test_says_it_to_the_client(self, overlay: Path) -> None:
        provider: Any
        for provider, model, says in (
            ("bedrock", OPUS, "on-demand throughput"),
            ("openai", "gpt-4o-2020-01-01", ""),
            ("openai", "openai/gpt-4o", "does not exist"),
        ):
            fake = FakeTransport(check=True)
            async with LLMClient(provider=provider, transport=fake, rules=[overlay], max_retries=0) as client:
                request = TextRequest(prompt="hi", model=model, use_cache=False)
                if says:
                    with pytest.raises(ProviderError, match=says):
                        await client.generate_text(request)
                else:
                    assert (await client.generate_text(request)).text
