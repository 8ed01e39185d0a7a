"""Agents of pydantic-ai whose model is SmartLLM's."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, PromptedOutput, exceptions
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import UsageLimits

from smartllm import LLMClient
from smartllm import errors as ours
from smartllm.plugins.pydantic_ai import SmartLLMModel, SmartLLMModelSettings
from smartllm.testing import LoopbackServer, Reply

GPT = "gpt-5.4"
CLAUDE = "us.anthropic.claude-sonnet-4-6"
NOVA = "us.amazon.nova-2-lite-v1:0"
EVERY = pytest.mark.parametrize("name", [GPT, CLAUDE, NOVA])


class City(BaseModel):
    name: str
    people: int


ROME = {"name": "Rome", "people": 3}


def weather(city: str) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


async def streamed(agent: Agent[None, Any]) -> list[str]:
    async with agent.run_stream("hi") as stream:
        return [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]


@EVERY
async def test_an_agent_answers(guest_server: LoopbackServer, name: str) -> None:
    async with Agent(SmartLLMModel(name), instructions="Be brief.") as agent:
        result = await agent.run("hi")
    assert result.output == "echo: hi"
    (response,) = result.new_messages()[1:]
    assert isinstance(response, ModelResponse)
    assert (response.finish_reason, response.model_name) == ("stop", name)
    assert response.provider_name == ("openai" if name == GPT else "bedrock")
    assert (response.usage.input_tokens > 0, response.usage.output_tokens) == (True, 2)
    assert "Be brief." in guest_server.requests[0].body.decode()


@EVERY
@pytest.mark.parametrize("kind", [City, NativeOutput(City)], ids=["tool", "native"])
async def test_an_agent_gets_its_type(guest_server: LoopbackServer, name: str, kind: Any) -> None:
    guest_server.script(Reply(structured=ROME))
    async with Agent(SmartLLMModel(name), output_type=kind) as agent:
        assert (await agent.run("Rome?")).output == City(name="Rome", people=3)


async def test_prompted_output_is_text(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(text='{"name": "Rome", "people": 3}'))
    async with Agent(SmartLLMModel(CLAUDE), output_type=PromptedOutput(City)) as agent:
        assert (await agent.run("Rome?")).output == City(name="Rome", people=3)
    body = guest_server.requests[0].json
    assert "compatible with this schema" in body["system"]
    assert "tools" not in body


@pytest.mark.parametrize("kind", [City, NativeOutput(City)], ids=["tool", "native"])
async def test_what_does_not_fit_is_asked_again_by_the_agent(guest_server: LoopbackServer, kind: Any) -> None:
    guest_server.script(Reply(structured={"name": "Rome", "people": "many"}), Reply(structured=ROME))
    async with Agent(SmartLLMModel(GPT), output_type=kind) as agent:
        result = await agent.run("Rome?")
    assert result.output == City(name="Rome", people=3)
    assert result.usage.requests == len(guest_server.requests) == 2


@EVERY
async def test_functions_run_and_their_results_go_back(guest_server: LoopbackServer, name: str) -> None:
    guest_server.script(Reply(tool_calls=[{"name": "weather", "arguments": {"city": "Rome"}}]))
    async with Agent(SmartLLMModel(name), tools=[weather]) as agent:
        result = await agent.run("weather?")
    assert result.output == "echo: sunny in Rome"
    first = result.all_messages()[1]
    assert isinstance(first, ModelResponse)
    assert first.finish_reason == "tool_call"
    (call,) = first.parts
    assert isinstance(call, ToolCallPart)
    assert call.args_as_dict() == {"city": "Rome"}


@EVERY
async def test_a_stream_has_text_calls_and_usage(guest_server: LoopbackServer, name: str) -> None:
    guest_server.script(Reply(tool_calls=[{"name": "weather", "arguments": {"city": "Rome"}}]))
    async with Agent(SmartLLMModel(name), tools=[weather]) as agent, agent.run_stream("hi") as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
        assert "".join(pieces) == "echo: sunny in Rome"
        assert stream.usage.output_tokens > 2
        assert stream.response.finish_reason == "stop"


@EVERY
async def test_a_streamed_structure_ends_as_the_type(guest_server: LoopbackServer, name: str) -> None:
    guest_server.script(Reply(structured=ROME))
    agent = Agent(SmartLLMModel(name), output_type=NativeOutput(City))
    async with agent, agent.run_stream("Rome?") as stream:
        seen = [one async for one in stream.stream_output(debounce_by=None)]
        assert await stream.get_output() == City(name="Rome", people=3)
    assert seen[-1] == City(name="Rome", people=3)


async def test_a_streamed_structure_that_does_not_fit_is_the_agents_to_judge(
    guest_server: LoopbackServer,
) -> None:
    guest_server.script(Reply(structured={"name": "Rome", "people": "many"}))
    async with Agent(SmartLLMModel(GPT), output_type=NativeOutput(City)) as agent:
        with pytest.raises(exceptions.UnexpectedModelBehavior):
            async with agent.run_stream("Rome?") as stream:
                await stream.get_output()


async def test_a_stream_that_is_left_closes_its_connection(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(text=" ".join("word" for _ in range(3_000)), stall_after=5, stall_seconds=30))
    async with Agent(SmartLLMModel(GPT)) as agent, agent.run_stream("hi") as stream:
        async for _ in stream.stream_text(delta=True, debounce_by=None):
            break
        await stream.cancel()
    assert guest_server.requests


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (Reply(status=401), exceptions.ModelAuthenticationError, 401),
        (Reply(status=403), exceptions.ModelAuthenticationError, 403),
        (Reply(status=404), exceptions.ModelNotFoundError, 404),
        (Reply(status=400), exceptions.ModelRequestRejectedError, 400),
        (
            Reply(status=400, error_code="context_length_exceeded"),
            exceptions.ModelContextWindowExceededError,
            400,
        ),
        (Reply(status=429), exceptions.ModelRateLimitError, 429),
        (Reply(status=429, error_code="insufficient_quota"), exceptions.ModelQuotaExceededError, 429),
        (Reply(status=500), exceptions.ModelServerError, 500),
        (Reply(status=503), exceptions.ModelUnavailableError, 503),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_failed_call_has_their_class(
    guest_server: LoopbackServer, reply: Reply, kind: type[Exception], status: int, stream: bool
) -> None:
    guest_server.script(reply)
    async with LLMClient(provider="openai", max_retries=0) as client:
        agent = Agent(SmartLLMModel(GPT, client=client))
        with pytest.raises(kind) as caught:
            await (streamed(agent) if stream else agent.run("hi"))
    assert isinstance(caught.value, exceptions.ModelHTTPError)
    assert caught.value.status_code == status
    assert isinstance(caught.value.__cause__, ours.ProviderError)


async def test_a_connection_that_breaks_is_one(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(text="one two three four", cut_after=4))
    async with LLMClient(provider="openai", max_retries=0) as client:
        agent = Agent(SmartLLMModel(GPT, client=client))
        with pytest.raises(exceptions.ModelConnectionError):
            await streamed(agent)


async def test_the_next_model_is_asked_where_one_cannot_be(guest_server: LoopbackServer) -> None:
    """Facts that refuse count as the provider's own refusal."""
    unknown, known = SmartLLMModel("nobodys-model", provider="openai"), SmartLLMModel(GPT)
    guest_server.script(Reply(status=404))
    async with Agent(FallbackModel(unknown, known)) as agent:
        assert (await agent.run("hi")).output == "echo: hi"


async def test_a_refusal_is_a_content_filter(guest_server: LoopbackServer) -> None:
    guest_server.script(Reply(refusal="I will not"), Reply(refusal="nor that"))
    async with Agent(SmartLLMModel(GPT), output_type=NativeOutput(City)) as agent:
        with pytest.raises(exceptions.ContentFilterError):
            await agent.run("x")


async def test_what_is_no_request_is_the_users_error(guest_server: LoopbackServer) -> None:
    async with Agent(SmartLLMModel(GPT), model_settings=ModelSettings(temperature=9)) as agent:
        with pytest.raises(exceptions.UserError, match="temperature"):
            await agent.run("x")
    with pytest.raises(exceptions.UserError, match="extra_body"):
        await SmartLLMModel(GPT).request([], ModelSettings(extra_body=1), ModelRequestParameters())
    wrong: list[tuple[Any, dict[str, Any], str]] = [
        ("", {}, "there is nothing to ask"),
        (["x", BinaryContent(b"", media_type="image/png")], {}, "Image: data is empty"),
        ("x", {"messages": []}, "the messages are the agent's"),
    ]
    for prompt, fields, says in wrong:
        async with Agent(SmartLLMModel(GPT)) as agent:
            with pytest.raises(exceptions.UserError, match=says):
                await agent.run(prompt, model_settings=SmartLLMModelSettings(smartllm_fields=fields))
    assert not guest_server.requests


async def test_answers_are_kept_on_wish_and_used_nothing_then(guest_server: LoopbackServer) -> None:
    settings = SmartLLMModelSettings(smartllm_fields={"use_cache": True})
    async with Agent(SmartLLMModel(GPT), model_settings=settings) as agent:
        await agent.run("hi")
        again = await agent.run("hi")
    assert (again.output, again.usage.total_tokens) == ("echo: hi", 0)
    assert len(guest_server.requests) == 1


def test_a_profile_says_what_facts_say_and_what_the_caller_knows_better() -> None:
    model = SmartLLMModel(CLAUDE, profile=ModelProfile(supports_image_input=False))
    assert (model.system, model.model_id) == ("bedrock", f"bedrock:{CLAUDE}")
    assert (model.profile["supports_document_input"], model.profile["supports_image_input"]) == (True, False)
    assert (model.profile["supports_thinking"], model.profile["supports_audio_file_input"]) == (True, False)
    assert "application/pdf" in model.profile["supported_document_media_types"]


async def test_a_client_that_was_given_stays_open(guest_server: LoopbackServer) -> None:
    async with LLMClient(provider="openai") as client:
        model = SmartLLMModel(GPT, client=client)
        async with model:
            await Agent(model).run("hi")
        assert (await Agent(model).run("again")).output == "echo: again"
        assert model.client is client


async def test_without_an_agent(guest_server: LoopbackServer) -> None:
    model = SmartLLMModel(GPT)
    async with model:
        asked = [ModelRequest.user_text_prompt("hi", instructions="be brief")]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            response = await model.request([*asked], None, ModelRequestParameters())
    assert response.parts == [TextPart("echo: hi")]
    assert guest_server.requests[0].json["instructions"] == "be brief"


@pytest.mark.parametrize("name", [GPT, CLAUDE])
async def test_tokens_are_counted_before_a_request_where_a_limit_asks_for_it(
    guest_server: LoopbackServer, name: str
) -> None:
    limits = UsageLimits(input_tokens_limit=4, count_tokens_before_request=True)
    async with Agent(SmartLLMModel(name), instructions="Be brief.") as agent:
        assert (await agent.run("one two", usage_limits=limits)).output == "echo: one two"
        with pytest.raises(exceptions.UsageLimitExceeded, match="input_tokens_limit"):
            await agent.run("one two three", usage_limits=limits)
    counted = [
        request.route is not None and request.route.count is not None for request in guest_server.requests
    ]
    assert counted == [True, False, True]


async def test_what_no_host_counts_is_refused(guest_server: LoopbackServer) -> None:
    limits = UsageLimits(count_tokens_before_request=True, input_tokens_limit=4)
    async with Agent(SmartLLMModel(NOVA)) as agent:
        with pytest.raises(exceptions.ModelRequestRejectedError, match="counts no input tokens"):
            await agent.run("one", usage_limits=limits)
    assert guest_server.requests == []
