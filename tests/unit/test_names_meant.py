"""A name that is not there is told which one was meant: names of habit first, then close spelling."""

from __future__ import annotations

import pickle
from dataclasses import fields
from typing import Any

import pytest
from commands import invoke
from pydantic import ValidationError

import smartllm
from smartllm import (
    CachePoint,
    Guardrail,
    Image,
    LLMClient,
    LLMConfig,
    Message,
    MessageRequest,
    RequestTypeError,
    SystemMessage,
    TextRequest,
    Tool,
    ToolCall,
    ToolResult,
)
from smartllm.cli import main
from smartllm.errors import ConfigError
from smartllm.near import meant_by
from smartllm.part_names import HABITS as OF_PARTS
from smartllm.request_names import HABITS, MESSAGES
from smartllm.top_names import ELSEWHERE

REQUEST: dict[str, str] = {
    "stop": "did you mean stop_sequences?",
    "max_output_tokens": "did you mean max_tokens?",
    "max_completion_tokens": "did you mean max_tokens?",
    "maxTokens": "did you mean max_tokens?",
    "temprature": "did you mean temperature?",
    "system": "did you mean system_prompt?",
    "instructions": "did you mean system_prompt?",
    "messages": "messages are for a MessageRequest, which client.send_message(...) takes",
    "functions": "did you mean tools?",
    "response_model": "did you mean response_format?",
    "thinking": "did you mean reasoning_effort or budget_tokens?",
    "effort": "did you mean reasoning_effort?",
    "timeout": "it is a setting of the client: LLMClient(total_timeout=...)",
    "api_key": "it is a setting of the client: LLMClient(api_key=...)",
    "max_retries": "it is a setting of the client: LLMClient(max_retries=...)",
    "n": "a call has one answer",
    "images": "pictures stand among the texts of a turn: ['What is this?', Image(path=...)]",
    "files": "documents stand among the texts of a turn: ['What is this?', Document(path=...)]",
    "logit_bias": "it goes verbatim into the body: extra={'logit_bias': ...}",
    "extra_body": "did you mean extra?",
    "input": "did you mean prompt?",
    "promt": "did you mean prompt?",
    "instrutcions": "did you mean system_prompt?",
}


@pytest.mark.parametrize(("name", "says"), REQUEST.items(), ids=REQUEST)
def test_a_field_of_a_request(name: str, says: str) -> None:
    fields: Any = {"prompt": "hi", name: "never-shown"}
    with pytest.raises(ValidationError) as caught:
        TextRequest(**fields)
    (found,) = caught.value.errors()
    assert found["loc"] == (name,)
    assert found["type"] == "extra_forbidden"
    assert found["msg"].startswith(f"there is no such field; {says}")
    assert "never-shown" not in str(caught.value)


@pytest.mark.parametrize("name", ["api_key", "apikey", "token", "headers", "authorization", "extra_headers"])
def test_no_mistake_repeats_a_key(name: str) -> None:
    """A prompt that is missing makes pydantic show all that was given."""
    fields: Any = {name: {"x-own": "never-shown"}, "temperature": 9}
    for kind, missing in (TextRequest, "prompt"), (MessageRequest, "messages"), (Message, "role"):
        with pytest.raises(ValidationError, match=rf"{missing}\n  Field required") as caught:
            kind(**fields)
        assert name in str(caught.value)
        assert "never-shown" not in f"{caught.value}{caught.value.errors()}"


def test_what_resembles_nothing_is_only_refused() -> None:
    other: Any = {"zzz": 1}
    with pytest.raises(ValidationError, match=r"zzz\n  there is no such field \["):
        TextRequest(prompt="hi", **other)


def test_other_mistakes_of_the_request_are_told_as_they_are() -> None:
    wrong: Any = {"prompt": "", "temperature": "hot", "seed": True, "response_format": 5, "stop": "x"}
    with pytest.raises(ValidationError) as known:
        TextRequest(**{name: value for name, value in wrong.items() if name != "stop"})
    with pytest.raises(ValidationError) as caught:
        TextRequest(**wrong)
    said = [(one["loc"], one["type"], one["msg"], one["input"]) for one in caught.value.errors()]
    assert said[:-1] == [(one["loc"], one["type"], one["msg"], one["input"]) for one in known.value.errors()]
    assert said[-1][0] == ("stop",)
    assert caught.value.title == "TextRequest"


def test_a_field_that_is_set_later() -> None:
    request = TextRequest(prompt="hi")
    with pytest.raises(
        ValidationError, match=r"temprature\n  there is no such field; did you mean temperature\?"
    ):
        request.temprature = 1  # type: ignore[attr-defined]


def test_a_conversation_has_names_of_its_own() -> None:
    talk: Any = {"messages": [Message("user", "hi")]}
    with pytest.raises(ValidationError, match=r"did you mean messages\?"):
        MessageRequest(**{**talk, "history": []})
    with pytest.raises(ValidationError, match=r"prompt is for a TextRequest; .* Message\('user', ...\)"):
        MessageRequest(**{**talk, "prompt": "hi"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"role": "user", "text": "hi"},
            "messages.0.text\n  a message has no such field; did you mean content?",
        ),
        (
            {"role": "assistant", "content": "x", "tool_calls": []},
            "messages.0.tool_calls\n  a message has no such field; calls are parts of the content",
        ),
        (
            {"role": "tool", "content": "x"},
            "messages.0.role\n  what a tool gave back is part of a user turn: Message('user', [ToolResult(",
        ),
        ({"role": "user", "content": "x", "name": "bob"}, "say the name in its text"),
        ({"role": "human", "content": "x"}, "of the user or of the assistant; did you mean user?"),
        ({"role": "asistant", "content": "x"}, "did you mean assistant?"),
        ({"role": "developer", "content": "x"}, "system text goes into system_prompt"),
        ({"role": "boss", "content": "x"}, "a turn is of the user or of the assistant ["),
    ],
    ids=["text", "calls", "tool", "name", "human", "slip", "developer", "other"],
)
def test_a_message(given: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MessageRequest(messages=[given])
    assert says in str(caught.value)


def test_what_a_message_says_stays_beside_what_its_request_says() -> None:
    wrong: Any = {"messages": [{"role": "user", "text": "hi"}], "prompt": "hi"}
    with pytest.raises(ValidationError) as caught:
        MessageRequest(**wrong)
    said = {one["loc"]: one["msg"] for one in caught.value.errors()}
    assert said["messages", 0, "text"] == "a message has no such field; did you mean content?"
    assert said["prompt",].startswith("there is no such field; prompt is for a TextRequest")


def test_a_system_message_is_still_one() -> None:
    (message,) = MessageRequest(messages=[{"role": "system", "content": "x"}]).messages  # type: ignore[list-item]
    assert message == SystemMessage("x")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Image(file="x"), "Image takes no file; did you mean path?"),  # type: ignore[call-arg]
        (lambda: Image(mime_type="x"), "did you mean media_type?"),  # type: ignore[call-arg]
        (lambda: ToolResult(tool_use_id="1"), "did you mean call_id?"),  # type: ignore[call-arg]
        (lambda: ToolCall("1", "x", args={}), "did you mean arguments?"),  # type: ignore[call-arg]
        (lambda: Tool("x", input_schema={}), "did you mean parameters?"),  # type: ignore[call-arg]
        (lambda: Tool("x", descripton="y"), "did you mean description?"),  # type: ignore[call-arg]
        (lambda: Guardrail(guardrail_id="x"), "did you mean id?"),  # type: ignore[call-arg]
        (lambda: CachePoint(zzz=1), "it takes ttl"),  # type: ignore[call-arg]
    ],
    ids=["file", "mime", "use", "args", "schema", "slip", "guardrail", "other"],
)
def test_a_part_or_a_tool(make: Any, says: str) -> None:
    with pytest.raises(RequestTypeError) as caught:
        make()
    assert says in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_a_part_in_json() -> None:
    wrong: Any = {"type": "image", "file": "x"}
    with pytest.raises(
        ValidationError, match=r"prompt\[0\]: 'file' is no field of image; did you mean path\?"
    ):
        TextRequest(prompt=[wrong])
    with pytest.raises(ValidationError, match=r"'zzz' is no field of image; fields are data, "):
        TextRequest(prompt=[{"type": "image", "zzz": "x"}])  # type: ignore[list-item]
    with pytest.raises(
        ValidationError, match="the type 'image_url' is no part of a turn; did you mean image"
    ):
        TextRequest(prompt=[{"type": "image_url"}])  # type: ignore[list-item]


def test_a_tool_in_json() -> None:
    slip: Any = {"name": "clock", "descripton": "The time.", "parameters": {"type": "object"}}
    with pytest.raises(
        ValidationError, match=r"tools\[0\]: 'descripton' is no field of a tool; did you mean des"
    ):
        TextRequest(prompt="x", tools=[slip])
    own: Any = {"name": "clock", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}
    assert TextRequest(prompt="x", tools=[own]).tools == [own]
    typed: Any = {"type": "function", "name": "clock", "descripton": "x"}
    assert TextRequest(prompt="x", tools=[typed]).tools == [typed]


def test_parts_are_copied_and_pickled_as_before() -> None:
    for part in (
        Image(url="https://a.b/c.png"),
        ToolCall("1", "x", {}),
        ToolResult("1", "x"),
        CachePoint("1h"),
    ):
        assert pickle.loads(pickle.dumps(part)) == part  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("timeout", "did you mean total_timeout (a whole call) or read_timeout (the longest silence)?"),
        ("model", "did you mean default_model, or model= of a request?"),
        ("max_retrys", "did you mean max_retries?"),
        ("apiKey", "did you mean api_key?"),
        ("modle", "did you mean default_model, or model= of a request?"),
        ("stop", "it is said in a request: TextRequest(stop_sequences=...)"),
    ],
)
def test_a_setting(name: str, says: str) -> None:
    given: Any = {name: 1}
    for make in (LLMClient, LLMConfig):
        with pytest.raises(ConfigError) as caught:
            make(**given)
        assert says in caught.value.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("TextRequset", "TextRequest"),
        ("Client", "LLMClient"),
        ("SyncLLMClient", "smartllm.sync.LLMClient"),
        ("BedrockLLMClient", "smartllm.bedrock.BedrockLLMClient"),
        ("TimeoutError", "ProviderTimeoutError"),
    ],
)
def test_a_name_of_the_package(name: str, says: str) -> None:
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; did you mean {says}\?"):
        getattr(smartllm, name)


def test_a_module_that_is_not_loaded_is_to_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(smartllm, "testing", raising=False)
    with pytest.raises(AttributeError, match=r"has no attribute 'testing'; import smartllm\.testing$"):
        smartllm.testing  # noqa: B018 - asked for


def test_names_that_machines_ask_for_are_only_not_there() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute '__wrapped__'$"):
        smartllm.__wrapped__  # noqa: B018 - asked for


def test_a_request_file_at_the_shell() -> None:
    given = '{"prompt": "x", "stop": ["a"], "zzz": 1}'
    result = invoke(main, ["compile", "-r", "-", "-m", "gpt-5.4"], stdin=given)
    assert result.exit_code == 2
    assert "<stdin>: stop: there is no such field; did you mean stop_sequences?" in result.stderr
    assert "known fields: " in result.stderr


def test_what_is_meant_is_there() -> None:
    """No suggestion leads to another mistake."""
    request = {*TextRequest.model_fields, *MessageRequest.model_fields}
    for meant in HABITS.values():
        for word in meant.split(" or "):
            assert word.partition(" ")[0] in request
    assert not set(HABITS) & request
    assert set(MESSAGES.values()) <= set(Message.model_fields)
    kinds: list[Any] = [Image, Tool, ToolCall, ToolResult, CachePoint, Guardrail]
    every = {one.name for kind in kinds for one in fields(kind)}
    assert set(OF_PARTS.values()) <= every
    for meant in ELSEWHERE.values():
        first = meant.replace(",", " ").split()[0]
        assert first.startswith("smartllm.") or first in smartllm.__all__


def test_a_slip_has_one_meaning_and_what_is_far_has_none() -> None:
    known = ["temperature", "max_tokens", "max_retries"]
    assert meant_by("temperatur", known, {}) == "; did you mean temperature?"
    assert meant_by("max_tries", known, {}) == "; did you mean max_retries?"
    assert meant_by("colour", known, {}) == ""
    assert meant_by("heta", known, {"heat": "temperature"}) == "; did you mean temperature?"
    assert meant_by("tme", known, {}, {"time": "it is told elsewhere"}) == "; it is told elsewhere"


def test_of_slips_one_is_meant_and_of_what_is_only_near_two() -> None:
    assert meant_by("max_trie", ["max_tries", "max_tried"], {}) in {
        "; did you mean max_tries?",
        "; did you mean max_tried?",
    }
    near = ["parallax", "paralysed", "parcelled"]
    assert meant_by("parallel", near, {}) == "; did you mean parallax or parcelled?"
    assert meant_by("tokens_of", ["tokens_in"], {}, {"token_up": "never"}) == "; did you mean tokens_in?"
