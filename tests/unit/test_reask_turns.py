"""The turns with which a model is asked again: its answer as it gave it, and what is wrong with it."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import smartllm
from smartllm import Message, MessageRequest, TextRequest
from smartllm.compiler import Step
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.reask import asked_again
from smartllm.rules import load_rules

RULES = load_rules()
GPT, FORCED, NATIVE, OFFERED, NOVA = (
    *("gpt-5.4", "claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-5-5", "nova-pro"),
)
PERSON = {"title": "Person", "type": "object", "properties": {"age": {"type": "integer"}}}
WRONG = ["age: it is no number"]
TOLD = (
    "Your answer does not fit the structure that was asked for:\n- age: it is no number\n\n"
    "Give the whole answer again, with these places corrected and the others as they were"
)
PLAINLY, BY_CALL = f"{TOLD}. Say nothing else.", f"{TOLD}, by calling the tool Person once. Say nothing else."


def step_of(model: str, *, rules: Any = RULES, **fields: Any) -> Step:
    """The step whose answer is bound."""
    given = {"prompt": "hi", "response_format": PERSON, "model": model, **fields}
    request: Any = MessageRequest if "messages" in fields else TextRequest
    if "messages" in fields:
        del given["prompt"]
    return smartllm.compile(request(**given), rules=rules, level="ignore").steps[-1]


def asked(step: Step, reply: dict[str, Any], wrong: list[str] = WRONG) -> Step:
    """The step asked again after a reply of the provider."""
    found = asked_again(step, DECODERS[step.dialect].decode(reply, step.model, "id"), wrong)
    assert found is not None
    return found


def new_turns(step: Step, reply: dict[str, Any]) -> list[dict[str, Any]]:
    """What the second try says after the turns of the first, which stay as they were."""
    key = FIELDS[step.dialect].turns
    again = asked(step, reply).body
    before = step.body
    assert again[key][: len(before[key])] == before[key]
    assert {**again, key: before[key]} == before
    turns: list[dict[str, Any]] = again[key][len(before[key]) :]
    return turns


def claude(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"content": list(blocks), "stop_reason": "tool_use"}


def used(age: Any = "old", **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": "Person", "input": {"age": age}, **more}


def responses(*items: dict[str, Any]) -> dict[str, Any]:
    return {"status": "completed", "output": list(items)}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


class TestAnAnswerInWords:
    def test_on_responses(self) -> None:
        turns = new_turns(step_of(GPT), responses(said('{"age": "old"}')))
        assert turns == [
            {"type": "message", "role": "assistant", "content": '{"age": "old"}'},
            {"type": "message", "role": "user", "content": PLAINLY},
        ]

    def test_with_its_reasoning_where_that_goes_back_as_items(self) -> None:
        items = [{"type": "reasoning", "id": "rs_1", "summary": []}, {"id": "msg_1", **said("no")}]
        *kept, told = new_turns(step_of(GPT), responses(*items))
        assert (kept, told["content"]) == (items, PLAINLY)

    @pytest.mark.parametrize(
        ("server", "back"),
        [
            ("llama-cpp", {"reasoning_content": "Hm."}),
            ("ollama", {"reasoning": "Hm."}),
            ("deepseek", {"reasoning_content": "Hm."}),
            ("groq", {}),
        ],
    )
    def test_with_the_thoughts_that_a_server_takes_back(self, server: str, back: dict[str, str]) -> None:
        asked = TextRequest(prompt="hi", response_format=PERSON, model="x")
        step = smartllm.compile(asked, compatible=server, rules=RULES, level="ignore").steps[-1]
        message = {"role": "assistant", "content": '{"age": "old"}'}
        thinks = {"reasoning_content": "Hm.", "reasoning": "Hm."}
        answered, _ = new_turns(step, {"choices": [{"message": message | thinks, "finish_reason": "stop"}]})
        assert answered == message | back

    def test_without_reasoning_that_the_provider_does_not_keep(self) -> None:
        items = [{"type": "reasoning", "id": "rs_1", "summary": []}, said("no")]
        answer, _ = new_turns(step_of(GPT, extra={"store": False}), responses(*items))
        assert answer == {"type": "message", "role": "assistant", "content": "no"}

    def test_on_chat(self) -> None:
        step = step_of(GPT, api_type="chat_completions")
        reply = {"choices": [{"message": {"content": "no"}, "finish_reason": "stop"}]}
        assert new_turns(step, reply) == [
            {"role": "assistant", "content": "no"},
            {"role": "user", "content": PLAINLY},
        ]

    def test_on_converse(self) -> None:
        step = step_of(NATIVE, structured_output="native", api_type="converse")
        reply = {"output": {"message": {"content": [{"text": "no"}]}}, "stopReason": "end_turn"}
        assert new_turns(step, reply) == [
            {"role": "assistant", "content": [{"text": "no"}]},
            {"role": "user", "content": [{"text": PLAINLY}]},
        ]

    def test_where_a_call_was_to_be_forced(self) -> None:
        turns = new_turns(step_of(FORCED), claude({"type": "text", "text": "no"}))
        assert turns == [{"role": "assistant", "content": "no"}, {"role": "user", "content": BY_CALL}]

    def test_that_has_signed_thinking(self) -> None:
        thinking = {"type": "thinking", "thinking": "hm", "signature": "sig"}
        text = {"type": "text", "text": "no"}
        answer, told = new_turns(step_of(OFFERED), claude(thinking, text))
        assert (answer["content"], told["content"]) == ([thinking, text], BY_CALL)

    @pytest.mark.parametrize("text", ["", " \n"])
    def test_that_says_nothing(self, text: str) -> None:
        answer, _ = new_turns(step_of(FORCED), claude({"type": "text", "text": text}))
        assert answer == {"role": "assistant", "content": "(empty)"}

    def test_without_parts_that_have_no_place_there(self) -> None:
        step = step_of(GPT, api_type="chat_completions")
        message = {"content": [{"type": "text", "text": "no"}, {"type": "odd"}], "reasoning_content": "hm"}
        reply = {"choices": [{"message": message, "finish_reason": "stop"}]}
        assert new_turns(step, reply)[0] == {"role": "assistant", "content": "no"}

    def test_with_parts_that_have(self) -> None:
        search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        answer, _ = new_turns(step_of(OFFERED), claude(search, {"type": "text", "text": "no"}))
        assert answer["content"][0] == search

    @pytest.mark.parametrize(("model", "stays"), [(NATIVE, True), ("claude-3-haiku", False)])
    def test_with_what_it_cites_where_that_is_taken(self, model: str, stays: bool) -> None:
        cited = {"type": "char_location", "cited_text": "x", "document_index": 0}
        text = {"type": "text", "text": "no", "citations": [cited]}
        step = step_of(model)
        facts = step.provenance.facts
        assert facts is not None
        assert facts.input.document.citations is stays
        answer, _ = new_turns(step, claude(text))
        assert answer["content"] == ([text] if stays else "no")

    def test_after_words_that_were_put_into_its_mouth(self) -> None:
        messages = [Message("user", "hi"), Message("assistant", "So:")]
        step = step_of("claude-3-haiku", messages=messages)
        again = asked(step, claude({"type": "text", "text": " no"})).body["messages"]
        texts = [{"type": "text", "text": "So:"}, {"type": "text", "text": " no"}]
        assert again[1:] == [{"role": "assistant", "content": texts}, {"role": "user", "content": BY_CALL}]

    def test_after_such_words_and_a_call(self) -> None:
        messages = [Message("user", "hi"), Message("assistant", "So:")]
        step = step_of("claude-3-haiku", messages=messages, api_type="converse")
        call = {"toolUse": {"toolUseId": "t_1", "name": "Person", "input": {"age": "old"}}}
        reply = {"output": {"message": {"content": [call]}}, "stopReason": "tool_use"}
        again = asked(step, reply).body["messages"]
        assert again[1]["content"] == [{"text": "So:"}, call]
        assert [turn["role"] for turn in again] == ["user", "assistant", "user"]


class TestAnAnswerByACall:
    def test_is_a_call_that_failed(self) -> None:
        assert new_turns(step_of(FORCED), claude(used())) == [
            {"role": "assistant", "content": [used()]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": BY_CALL, "is_error": True}
                ],
            },
        ]

    def test_says_so_in_the_result_where_no_flag_can(self) -> None:
        step = step_of(GPT, structured_output="tool")
        call = {"type": "function_call", "call_id": "c_1", "name": "Person", "arguments": '{"age": "old"}'}
        asks, result = new_turns(step, responses(call))
        assert (asks["call_id"], asks["arguments"]) == ("c_1", '{"age": "old"}')
        assert (result["type"], result["call_id"]) == ("function_call_output", "c_1")
        assert result["output"] == f"Error: {BY_CALL}"

    def test_on_chat(self) -> None:
        step = step_of(GPT, structured_output="tool", api_type="chat_completions")
        call = {"id": "c_1", "type": "function", "function": {"name": "Person", "arguments": "{}"}}
        reply = {"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
        asks, result = new_turns(step, reply)
        assert asks["tool_calls"] == [call]
        assert (result["role"], result["tool_call_id"]) == ("tool", "c_1")

    def test_on_converse_in_the_words_of_the_wire(self) -> None:
        # A dict is a list of pairs in the schema that is sent; the call goes back as it came.
        listed = {"title": "Person", "type": "object", "additionalProperties": {"type": "integer"}}
        step = step_of(NOVA, response_format=listed)
        name = step.output.name if step.output else ""
        call = {"toolUse": {"toolUseId": "t_1", "name": name, "input": {"odd": ["x"]}}}
        reply = {"output": {"message": {"content": [call]}}, "stopReason": "tool_use"}
        asks, result = new_turns(step, reply)
        assert asks["content"] == [call]
        assert result["content"][0]["toolResult"]["status"] == "error"

    def test_follows_its_reasoning(self) -> None:
        thinking = {"type": "thinking", "thinking": "hm", "signature": "sig"}
        answer, told = new_turns(step_of(OFFERED), claude(thinking, used()))
        assert answer["content"] == [thinking, used()]
        assert told["content"][0]["is_error"] is True

    def test_whose_arguments_are_no_json(self) -> None:
        step = step_of(GPT, structured_output="tool")
        call = {"type": "function_call", "call_id": "c_1", "name": "Person", "arguments": '{"age": '}
        asks, _ = new_turns(step, responses(call))
        assert json.loads(asks["arguments"]) == {"arguments": '{"age": '}

    def test_that_goes_by_another_name(self) -> None:
        answer, _ = new_turns(step_of(FORCED), claude(used(name="other")))
        assert answer["content"] == [used()]

    def test_of_several_only_the_last_result_tells(self) -> None:
        answer, told = new_turns(step_of(FORCED), claude(used(), used(7, id="toolu_2")))
        assert [block["id"] for block in answer["content"]] == ["toolu_1", "toolu_2"]
        assert [block["content"] for block in told["content"]] == ["See the other result.", BY_CALL]
        assert all(block["is_error"] for block in told["content"])

    def test_beside_one_of_an_unknown_tool_which_stays_out(self) -> None:
        answer, told = new_turns(step_of(FORCED), claude(used(), used(id="x", name="other")))
        assert (answer["content"], len(told["content"])) == ([used()], 1)

    @pytest.mark.parametrize("given", ["", "no id: 1", "toolu_1"])
    def test_is_told_as_a_text_where_its_id_cannot_stand_there(self, given: str) -> None:
        reply = claude(used(), used(id=given)) if given == "toolu_1" else claude(used(id=given))
        answer, told = new_turns(step_of(FORCED), reply)
        texts = answer["content"] if isinstance(answer["content"], str) else answer["content"][0]["text"]
        assert (texts, told["content"]) == ('{"age": "old"}', BY_CALL)

    def test_is_told_as_a_text_where_nothing_was_to_be_called(self) -> None:
        step = step_of(GPT)
        call = {"type": "function_call", "call_id": "c_1", "name": "x", "arguments": '{"age": '}
        answer, told = new_turns(step, responses(call))
        assert (answer["content"], told["content"]) == ('{"age": ', PLAINLY)

    def test_is_told_as_a_text_where_another_call_has_its_id(self) -> None:
        once = asked(step_of(FORCED), claude(used()))
        answer, told = new_turns(once, claude(used()))
        assert (answer["content"], told["content"]) == ('{"age": "old"}', BY_CALL)

    def test_is_told_as_a_text_where_ids_come_again(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text(f'[model."{FORCED}"]\ncalls.ids_repeat = true\n')
        answer, _ = new_turns(step_of(FORCED, rules=overlay), claude(used("öld")))
        assert answer["content"] == '{"age": "öld"}'


class TestWhatIsSent:
    def test_each_try_begins_with_the_bytes_of_the_one_before(self) -> None:
        step = step_of(FORCED, system_prompt="Be brief.")
        payloads = [step.payload]
        for count in range(3):
            step = asked(step, claude(used(id=f"toolu_{count}")))
            payloads.append(step.payload)
        turns = [payload[payload.index(b'"messages":[') : payload.index(b'],"temp')] for payload in payloads]
        assert all(after.startswith(before) for before, after in itertools.pairwise(turns))

    def test_each_new_turn_tells_why_it_is_there(self) -> None:
        step = asked(step_of(FORCED), claude(used()))
        because = {path: str(origin.name) for path, origin in step.origins.items() if "messages[" in path}
        assert because["messages[0].content"] == "prompt"
        assert {because[path] for path in because if path.startswith(("messages[1]", "messages[2]"))} == {
            "reasks"
        }

    def test_nothing_where_extra_has_replaced_the_turns(self) -> None:
        step = step_of(GPT, extra={"input": "all of it"})
        assert (
            asked_again(step, DECODERS[step.dialect].decode(responses(said("no")), "m", None), WRONG) is None
        )

    def test_nothing_by_a_plan_of_another_process(self) -> None:
        step = pickle.loads(pickle.dumps(step_of(GPT)))  # noqa: S301 - our own bytes
        assert (
            asked_again(step, DECODERS[step.dialect].decode(responses(said("no")), "m", None), WRONG) is None
        )
