"""What of a request goes to a model that takes over, and which models cannot take one."""

from __future__ import annotations

from typing import Any

import pytest
from media_samples import PNG
from taken_over import CLAUDE, DOWN, GPT, NOVA, OTHER, RETIRED, ask, client_of

from smartllm import Image, TextRequest
from smartllm.errors import ServerError, UnsupportedError
from smartllm.testing import FakeTransport, Reply


async def test_a_model_that_cannot_take_the_request() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    picture = [Image(data=PNG), "What is this?"]
    events: list[Any] = []
    response = await ask(
        client_of(fake, NOVA, ("bedrock", CLAUDE)), prompt=picture, on_progress=events.append
    )
    assert [sent.model for sent in fake.sent] == [GPT, CLAUDE]
    failed, skipped = response.metadata["tried"]
    assert (failed["skipped"], skipped["skipped"], skipped["error"]) == (False, True, "UnsupportedError")
    codes = [item.code for item in response.diagnostics if item.code.startswith("fallback")]
    assert codes == ["fallback-used", "fallback-skipped"]
    (switch,) = [event for event in events if event["event"] == "fallback"]
    assert [one["model"] for one in switch["skipped"]] == [NOVA[1]]
    assert "image" in switch["skipped"][0]["reason"]


async def test_where_no_other_takes_it_the_failure_is_raised() -> None:
    fake = FakeTransport(DOWN)
    with pytest.raises(ServerError) as caught:
        await ask(client_of(fake, NOVA), prompt=[Image(data=PNG), "x"])
    (tried,) = caught.value.tried
    assert tried.skipped
    assert "us.amazon.nova-micro-v1:0 left out (UnsupportedError)" in caught.value.__notes__[0]


async def test_what_the_own_model_refuses_is_refused() -> None:
    fake = FakeTransport()
    first = client_of(fake, CLAUDE, provider="bedrock", model=NOVA[1])
    with pytest.raises(UnsupportedError):
        await ask(first, prompt=[Image(data=PNG), "x"])
    assert not fake.sent


async def test_extra_goes_to_its_own_wire_alone() -> None:
    fake = FakeTransport(DOWN, DOWN, Reply(text="there"))
    chat = client_of(fake, OTHER, ("bedrock", CLAUDE))
    response = await ask(chat, extra={"truncation": "auto"})
    assert ["truncation" in sent.body for sent in fake.sent] == [True, True, False]
    (note,) = [item for item in response.diagnostics if item.code == "fallback-field-dropped"]
    assert (note.path, note.severity) == ("extra", "warning")


async def test_headers_go_to_no_other_server() -> None:
    fake = FakeTransport(DOWN, DOWN, Reply(text="there"))
    elsewhere = {"model": OTHER, "api_key": "another-key-of-mine"}
    response = await ask(client_of(fake, OTHER, elsewhere), extra_headers={"x-mine": "secret-value"})
    assert ["x-mine" in sent.headers for sent in fake.sent] == [True, True, False]
    (note,) = [item for item in response.diagnostics if item.code == "fallback-field-dropped"]
    assert note.path == "extra_headers"
    assert "secret-value" not in repr(response.diagnostics)


async def test_a_file_of_the_account_goes_to_no_other() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    entries = ({"model": OTHER, "api_key": "another-key-of-mine"}, ("openai", OTHER))
    prompt = [Image(file_id="file-1"), "What is this?"]
    response = await ask(client_of(fake, *entries), prompt=prompt)
    assert response.metadata["tried"][1]["error_message"].startswith("file_id: ")
    assert len(fake.sent) == 2


async def test_an_api_that_another_provider_has_no_name_for_means_nothing_there() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(client_of(fake, ("bedrock", CLAUDE)), api_type="responses")
    assert response.text == "there"


AZURE = {"provider": "azure", "azure_endpoint": "https://mine.openai.azure.com", "api_key": "key-of-azure-1"}


async def test_an_api_that_a_model_of_another_provider_has_not_is_left_open() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    entry = AZURE | {"model": "o3-pro"}  # served on Responses alone
    response = await ask(client_of(fake, entry), api_type="chat_completions")
    assert [sent.dialect for sent in fake.sent] == ["openai_chat", "openai_responses"]
    (note,) = [item for item in response.diagnostics if item.code == "fallback-field-dropped"]
    assert (note.path, note.severity) == ("api_type", "warning")


async def test_an_api_that_a_model_of_the_same_provider_has_not_leaves_it_out() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(client_of(fake, "o3-pro", OTHER), api_type="chat_completions")
    assert [sent.model for sent in fake.sent] == [GPT, OTHER]
    assert response.metadata["tried"][1]["model"] == "o3-pro"


async def test_extra_goes_to_another_provider_on_the_same_wire() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(client_of(fake, AZURE | {"model": GPT}), extra={"truncation": "auto"})
    assert ["truncation" in sent.body for sent in fake.sent] == [True, True]
    assert not [item for item in response.diagnostics if item.code == "fallback-field-dropped"]


async def test_extra_goes_to_no_other_wire_of_the_same_provider() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    await ask(client_of(fake, NOVA, provider="bedrock", model=CLAUDE), extra={"top_k": 3})
    assert ["top_k" in sent.body for sent in fake.sent] == [True, False]


async def test_extra_of_a_retired_model_stays_with_its_provider() -> None:
    fake = FakeTransport(Reply(text="there"))
    extra = {"truncation": "auto"}
    await ask(client_of(fake, OTHER, model=RETIRED), extra=extra)
    assert "truncation" in fake.sent[-1].body
    await ask(client_of(fake, ("bedrock", CLAUDE), model=RETIRED), extra=extra)
    assert "truncation" not in fake.sent[-1].body


async def test_the_facts_of_another_id_are_not_its_own() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"), DOWN, Reply(text="there"))
    request = TextRequest(prompt="hi", model="my-own", like=GPT, use_cache=False)
    async with client_of(fake, ("bedrock", CLAUDE), {"model": "mine-too", "like": "gpt-4.1"}) as client:
        assert (await client.generate_text(request)).requested_model == CLAUDE
    assert client.config.fallback is not None


async def test_an_entry_names_a_listed_model_that_is_like_its_own() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(client_of(fake, {"model": "mine-too", "like": "gpt-4.1"}))
    assert fake.sent[-1].body["model"] == "mine-too"
    assert response.text == "there"
