"""What a wire tells beside what an answer says: why it stopped, logprobs, tier, guardrail."""

from __future__ import annotations

from typing import Any

import pytest
from stream_events import decoded

from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Reasoning, Text
from smartllm.rules import Dialect
from smartllm.usage import Usage

JSON = dict[str, Any]

WORDS: dict[Dialect, dict[str, str]] = {
    "openai_responses": {
        "completed": "stop",
        "complete": "stop",
        "incomplete": "length",
        "max_output_tokens": "length",
        "max_messages": "length",
        "content_filter": "content_filter",
        "steered": "stop",
        "failed": "error",
        "cancelled": "error",
    },
    "openai_chat": {
        "stop": "stop",
        "length": "length",
        "model_length": "length",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
        "insufficient_system_resource": "error",
        "error": "error",
    },
    "anthropic_messages": {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "tool_use": "tool_calls",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "refusal": "refusal",
        "pause_turn": "stop",
        "compaction": "stop",
        "content_filtered": "content_filter",
        "guardrail_intervened": "content_filter",
    },
}
"""Every word that a wire is known to stop with, in the words that all share."""
WORDS["bedrock_converse"] = WORDS["anthropic_messages"] | {
    "malformed_tool_use": "error",
    "malformed_model_output": "error",
}


@pytest.mark.parametrize("dialect", WORDS)
def test_the_words_of_each_wire(dialect: Dialect) -> None:
    assert FIELDS[dialect].finish == WORDS[dialect]


TOKEN = {"token": "Pa", "logprob": -0.1, "bytes": [80, 97], "top_logprobs": []}
LAST = TOKEN | {"token": "ris"}
PARIS = {"type": "text", "text": "Paris"}
TRACE = {"actionReason": "blocked", "inputAssessment": {}}


class TestResponses:
    def item(self, *tokens: JSON, text: str = "Paris") -> JSON:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": [*tokens]}
        return {"type": "message", "content": [part]}

    def both(self, *output: JSON, **fields: Any) -> Decoded:
        """A whole answer, and the same one as a stream."""
        reply = {"id": "r", "status": "completed", "output": [*output], **fields}
        answer = DECODERS["openai_responses"].decode(reply, "m")
        assert decoded("openai_responses", [{"type": "response.completed", "response": reply}]) == answer
        return answer

    def test_logprobs_are_those_of_all_texts(self) -> None:
        thought = {"type": "reasoning", "summary": []}
        answer = self.both(thought, self.item(TOKEN), self.item(LAST), self.item(text="!"))
        assert answer.details == {"logprobs": [TOKEN, LAST]}

    def test_the_tier(self) -> None:
        assert self.both(self.item(), service_tier="flex").details == {"service_tier": "flex"}
        assert self.both(self.item(), service_tier=None).details == {}

    @pytest.mark.parametrize(
        ("reason", "finish"),
        [("max_messages", "length"), ("steered", "stop"), ("content_filter", "content_filter")],
    )
    def test_why_it_is_incomplete(self, reason: str, finish: str) -> None:
        reply = {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": [self.item()]}
        answer = DECODERS["openai_responses"].decode(reply, "m")
        assert (answer.stop_reason, answer.incomplete, answer.finish_reason) == ("incomplete", reason, finish)

    def test_reasoning_within_a_message_is_no_text(self) -> None:
        part = {"type": "reasoning_text", "text": "hm"}
        answer = self.both({"type": "message", "content": [part]}, self.item())
        assert answer.parts == (Reasoning(text="hm"), Text("Paris"))
        assert (answer.text, answer.thinking) == ("Paris", "hm")


class TestChat:
    def whole(self, message: JSON, choice: JSON | None = None, **fields: Any) -> Decoded:
        first = {"index": 0, "message": message, "finish_reason": "stop", **(choice or {})}
        return DECODERS["openai_chat"].decode({"choices": [first], **fields}, "m")

    def streamed(self, *choices: JSON, **fields: Any) -> Decoded:
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        return decoded("openai_chat", [{"choices": [one], **fields} for one in (*choices, last)])

    def test_logprobs(self) -> None:
        whole = self.whole({"content": "Paris"}, {"logprobs": {"content": [TOKEN, LAST], "refusal": None}})
        streamed = self.streamed(
            {"delta": {"content": "Pa"}, "logprobs": {"content": [TOKEN], "refusal": None}},
            {"delta": {"content": "ris"}, "logprobs": {"content": [LAST], "refusal": None}},
        )
        assert whole.details == streamed.details == {"logprobs": [TOKEN, LAST]}
        assert whole.parts == streamed.parts

    def test_logprobs_of_a_refusal(self) -> None:
        answer = self.whole({"refusal": "No"}, {"logprobs": {"content": None, "refusal": [TOKEN]}})
        assert answer.details == {"logprobs": [TOKEN]}
        assert self.whole({"content": "Hi"}, {"logprobs": {"content": None}}).details == {}

    def test_the_tier_is_the_last_that_is_told(self) -> None:
        assert self.whole({"content": "Hi"}, service_tier="priority").details == {"service_tier": "priority"}
        events: list[JSON] = [
            {"choices": [{"delta": {"content": "Hi"}}], "service_tier": "auto"},
            {"choices": [{"delta": {}, "finish_reason": "stop"}], "service_tier": "flex"},
            {"choices": [], "usage": {}},
        ]
        assert decoded("openai_chat", events).details == {"service_tier": "flex"}

    @pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "reasoning_text"])
    def test_reasoning_by_each_of_its_names(self, name: str) -> None:
        whole = self.whole({"content": "Hi", name: "hm"})
        assert (whole.text, whole.thinking) == ("Hi", "hm")
        streamed = self.streamed({"delta": {name: "h"}}, {"delta": {name: "m"}}, {"delta": {"content": "Hi"}})
        assert streamed.parts == whole.parts


class TestClaude:
    def whole(self, **fields: Any) -> Decoded:
        reply = {"content": [PARIS], "stop_reason": "end_turn", "usage": {}, **fields}
        return DECODERS["anthropic_messages"].decode(reply, "m")

    def streamed(
        self, stop: JSON, usage: JSON | None = None, beside: JSON | None = None, **last: Any
    ) -> Decoded:
        end = {"delta": {"stop_reason": "end_turn", **stop}, "usage": {}, **(beside or {})}
        events: list[JSON] = [
            {"type": "message_start", "message": {"usage": usage or {}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Paris"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", **end},
            {"type": "message_stop", **last},
        ]
        return decoded("anthropic_messages", events)

    def test_tier_and_stop_sequence(self) -> None:
        usage, stop = {"service_tier": "priority"}, {"stop_reason": "stop_sequence", "stop_sequence": "Rome"}
        whole = self.whole(usage=usage, **stop)
        assert whole.details == {"service_tier": "priority", "stop_sequence": "Rome"}
        assert self.streamed(stop, usage) == whole

    def test_why_it_refused(self) -> None:
        details = {"type": "refusal", "category": "cyber", "explanation": "Not that."}
        stop = {"stop_reason": "refusal", "stop_details": details}
        whole = self.whole(**stop)
        assert (whole.details, whole.refusal) == ({"stop_details": details}, "Paris")
        assert self.streamed(stop) == whole
        silent = DECODERS["anthropic_messages"].decode({"content": [], **stop}, "m")
        assert (silent.refusal, silent.finish_reason) == ("Not that.", "refusal")

    @pytest.mark.parametrize("word", ["pause_turn", "compaction"])
    def test_a_paused_answer_says_so(self, word: str) -> None:
        whole = self.whole(stop_reason=word)
        assert (whole.finish_reason, whole.incomplete, whole.refusal) == ("stop", word, None)
        assert self.streamed({"stop_reason": word}) == whole

    def test_what_the_providers_own_tools_left(self) -> None:
        container = {"id": "container_1", "expires_at": "2026-06-30T23:59:45Z"}
        edits = {"applied_edits": [{"type": "clear_tool_uses_20250919", "cleared_input_tokens": 9}]}
        moved = [{"type": "thinking_dropped", "path": "messages.1.content.0", "reason": "prefix"}]
        searches = {"web_search_requests": 2, "web_fetch_requests": 0}
        usage = {"server_tool_use": searches, "iterations": [{"type": "message", "input_tokens": 3}]}
        beside = {"context_management": edits, "input_transformations": moved}
        whole = self.whole(container=container, usage=usage, **beside)
        assert whole.details == {
            "container": container,
            **beside,
            "server_tool_use": {"web_search_requests": 2},
        }
        assert self.streamed({"container": container}, usage, beside) == whole

    def test_what_was_not_done_is_not_told(self) -> None:
        usage = {"server_tool_use": {"web_search_requests": 0}, "iterations": [{"type": "message"}]}
        beside: JSON = {"container": None, "context_management": {"applied_edits": []}}
        assert self.whole(usage=usage, **beside).details == {}
        assert self.streamed({"container": None}, usage, beside).details == {}

    def test_summaries_are_counted_and_advice_is_told(self) -> None:
        rounds: list[JSON] = [
            {
                "type": "compaction",
                "input_tokens": 100,
                "output_tokens": 30,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 2,
                "cache_creation": {"ephemeral_1h_input_tokens": 2},
            },
            {"type": "advisor_message", "model": "claude-x", "input_tokens": 1000, "output_tokens": 1000},
            {"type": "message", "input_tokens": 10, "output_tokens": 4},
        ]
        usage = {"input_tokens": 10, "output_tokens": 4, "iterations": rounds}
        whole = self.whole(usage=usage)
        assert whole.usage == Usage(117, 34, 0, 5, 2, 2)
        assert whole.details == {"iterations": rounds}
        assert self.streamed({}, usage) == whole

    def test_a_guardrail_withholds_it(self) -> None:
        guarded: JSON = {
            "amazon-bedrock-guardrailAction": "INTERVENED",
            "amazon-bedrock-trace": {"guardrail": TRACE},
        }
        whole = self.whole(**guarded)
        assert (whole.finish_reason, whole.incomplete) == ("content_filter", "guardrail_intervened")
        assert (whole.refusal, whole.details) == ("Paris", {"guardrail": TRACE})
        assert self.streamed({}, **guarded) == whole

    def test_a_guardrail_that_lets_it_pass_tells_what_it_saw(self) -> None:
        passed: JSON = {
            "amazon-bedrock-guardrailAction": "NONE",
            "amazon-bedrock-trace": {"guardrail": TRACE},
        }
        whole = self.whole(**passed)
        assert (whole.finish_reason, whole.refusal, whole.incomplete) == ("stop", None, None)
        assert whole.details == {"guardrail": TRACE}
        assert self.streamed({}, **passed) == whole


class TestConverse:
    def whole(self, reason: str = "end_turn", **fields: Any) -> Decoded:
        reply = {"output": {"message": {"content": [{"text": "Paris"}]}}, "stopReason": reason, **fields}
        return DECODERS["bedrock_converse"].decode(reply, "m")

    def streamed(self, stop: JSON | None = None, **metadata: Any) -> Decoded:
        events: list[JSON] = [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Paris"}}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn", **(stop or {})}},
            {"metadata": {"usage": {}, **metadata}},
        ]
        return decoded("bedrock_converse", events)

    def test_tier_and_latency(self) -> None:
        told: JSON = {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}}
        whole = self.whole(**told)
        assert whole.details == {"service_tier": "flex", "performance": "optimized"}
        assert self.streamed(**told) == whole

    def test_the_trace_of_a_guardrail(self) -> None:
        whole = self.whole("guardrail_intervened", trace={"guardrail": TRACE})
        assert (whole.details, whole.refusal) == ({"guardrail": TRACE}, "Paris")
        assert self.streamed({"stopReason": "guardrail_intervened"}, trace={"guardrail": TRACE}) == whole

    def test_a_router_tells_which_model_answered(self) -> None:
        router = {"promptRouter": {"invokedModelId": "nova-pro"}}
        whole = self.whole(trace=router)
        assert (whole.model, whole.details) == ("nova-pro", {})
        assert self.streamed(trace=router) == whole

    def test_the_stop_sequence_where_it_was_asked_for(self) -> None:
        fields: JSON = {"additionalModelResponseFields": {"stop_sequence": "Rome"}}
        whole = self.whole("stop_sequence", **fields)
        assert whole.details == {"stop_sequence": "Rome"}
        assert self.streamed({"stopReason": "stop_sequence", **fields}) == whole

    def test_a_paused_answer_says_so(self) -> None:
        assert self.whole("pause_turn").incomplete == "pause_turn"
