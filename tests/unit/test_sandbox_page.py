"""The page of a sandbox, as it is served: what it tells of a call, to whom, and how much it keeps."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsers import Caller
from sandbox_page import CALLS, CLAUDE, RESPONSES, gpt, listed, told

from smartllm.rules import DIALECTS, Dialect
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.check import target_of

CHAT = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as found:
        yield found


# Who gets it


def test_the_page_is_no_request_of_the_sandbox(server: LoopbackServer, caller: Caller) -> None:
    status, headers, text = caller.get("/")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    for path in (
        "/_smartllm/style.css",
        "/_smartllm/sandbox.js",
        "/_smartllm/pages.js",
        "/_smartllm/list.js",
    ):
        assert path in text or path == "/_smartllm/list.js"
        assert caller.get(path)[0] == 200
    assert caller.get("/_smartllm/rendering.py")[0] == 404
    assert server.requests == []
    assert server.url in text, "it tells how to lead a client here"


def test_nothing_from_outside_may_run_or_look_in(caller: Caller) -> None:
    for path in ("/", CALLS, "/_smartllm/sandbox.js", "/_smartllm/none", f"{CALLS}/7"):
        _, headers, text = caller.get(path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "http://" not in text.replace("http://127.0.0.1", "").replace("http://www.w3.org/", "")
        assert "https://" not in text


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("127.0.0.1:1234", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:80", True),
        ("example.com", False),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com:80", False),
        ("example.com@127.0.0.1", True),
        ("127.0.0.1@example.com", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_a_browser_that_was_sent_to_this_machine_is_answered(
    caller: Caller, host: str, answered: bool
) -> None:
    for path in ("/", CALLS, f"{CALLS}/1", "/_smartllm/events", "/_smartllm/style.css"):
        if answered and path == "/_smartllm/events":
            continue  # it has no end
        status = caller.get(path, host=host)[0]
        assert (status != 403) is answered, path


def test_the_wires_are_open_to_any_name(server: LoopbackServer, caller: Caller) -> None:
    assert caller.post(RESPONSES, gpt(), host="gateway.internal") == 200
    assert len(server.requests) == 1


# What it tells


def test_calls_are_listed_with_what_became_of_them(server: LoopbackServer, caller: Caller) -> None:
    caller.post(RESPONSES, gpt("Good morning"))
    caller.post(RESPONSES, gpt(max_output_tokens=10**9))
    server.script(Reply(status=503, error_message="Down."))
    caller.post(RESPONSES, gpt())
    caller.get("/v1/models")
    caller.post("/nowhere", b"no JSON")
    found = listed(caller)["calls"]
    assert [call["verdict"] for call in found] == ["answered", "refused", "error", "answered", "error"]
    assert [call["status"] for call in found] == [200, 400, 503, 200, 404]
    assert [call["model"] for call in found] == ["gpt-5.4"] * 3 + ["", ""]
    assert found[0]["text"] == "echo: Good morning"
    assert found[1]["text"] == server.requests[1].reason
    assert all(call["ms"] is not None for call in found)


def test_only_what_changed_is_listed_again(caller: Caller, server: LoopbackServer) -> None:
    caller.post(RESPONSES, gpt("one"))
    first = listed(caller)
    since = f"?after={first['version']}&epoch={first['epoch']}"
    assert listed(caller, since)["calls"] == []
    caller.post(RESPONSES, gpt("two"))
    assert [call["n"] for call in listed(caller, since)["calls"]] == [2]
    server.reset()
    caller.post(RESPONSES, gpt("three"))
    later = listed(caller, since)
    assert later["epoch"] != first["epoch"]
    assert [call["n"] for call in later["calls"]] == [3], "a number is of one call alone"
    assert caller.get(f"{CALLS}?after=x&epoch={later['epoch']}")[0] == 400


def test_changes_are_sent_as_they_come(server: LoopbackServer, caller: Caller) -> None:
    listening = HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    listening.request("GET", "/_smartllm/events")
    answer = listening.getresponse()
    assert answer.getheader("content-type") == "text/event-stream"

    def event() -> dict[str, Any]:
        lines = iter(answer.readline, b"")
        found: dict[str, Any] = json.loads(next(line for line in lines if line.startswith(b"data: "))[6:])
        return found

    assert event()["calls"] == []
    caller.post(RESPONSES, gpt("now"))
    seen = event()["calls"]
    while seen[-1]["verdict"] != "answered":
        seen += event()["calls"]
    assert {call["n"] for call in seen} == {1}
    answer.close()
    listening.close()


def test_secrets_are_not_told(server: LoopbackServer, caller: Caller) -> None:
    names = ("authorization", "x-api-key", "x-amz-security-token", "cookie", "api-key", "proxy-authorization")
    caller.post(RESPONSES, gpt(), **dict.fromkeys(names, "s3cr3t-value"), **{"x-note": "seen"})
    text = told(caller)
    assert "s3cr3t-value" not in text
    assert "seen" in text
    assert all(name in text for name in names)
    assert "s3cr3t-value" not in json.dumps(listed(caller))
    assert server.requests[0].headers["authorization"] == "s3cr3t-value", "tests may look"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?api-key=s3cr3t", ""),
        ("?a=1&X-Amz-Signature=s3cr3t&b=%5B", "?a=1&b=%5B"),
        ("?acc%65ss_token=s3cr3t&a", "?a"),
        ("?a=1", "?a=1"),
    ],
    ids=["alone", "among", "spelt", "none"],
)
def test_keys_in_an_address_are_not_told_either(
    server: LoopbackServer, caller: Caller, query: str, left: str
) -> None:
    caller.post(f"{RESPONSES}{query}", gpt())
    text = told(caller)
    assert "s3cr3t" not in text
    assert f"{server.url}{RESPONSES}{left}".replace("&", "&amp;") in text
    assert "s3cr3t" not in json.dumps(listed(caller))


def test_what_a_call_holds_is_escaped(caller: Caller) -> None:
    evil = "<script>alert(1)</script>\"'&"
    caller.post(
        RESPONSES,
        gpt(evil, **{evil: evil}),
        **{"x-note": evil, "x-smartllm-reply": json.dumps({"text": evil})},
    )
    caller.post("/" + evil, {})
    for number in (1, 2):
        text = told(caller, number)
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_a_refusal_is_told_with_its_fact_and_pages(server: LoopbackServer, caller: Caller) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"type": "enabled", "budget_tokens": 500},
    }
    caller.post(f"/model/{CLAUDE}/invoke", body)
    text = told(caller)
    found = server.requests[0]
    target = target_of(CLAUDE, "anthropic_messages")
    assert target is not None
    origin = target.origin(found.fact)
    assert found.fact in text
    assert origin.verified is not None
    assert origin.verified.isoformat() in text
    assert all(f'href="{page}"' in text for page in origin.source)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_are_told_on_every_wire(server: LoopbackServer, caller: Caller, dialect: Dialect) -> None:
    path, body = {
        "openai_responses": (RESPONSES, gpt(stream=True)),
        "openai_chat": (
            CHAT,
            {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}], "stream": True},
        ),
        "anthropic_messages": (
            f"/model/{CLAUDE}/invoke-with-response-stream",
            {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": "hi"}],
            },
        ),
        "bedrock_converse": (
            f"/model/{CLAUDE}/converse-stream",
            {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
        ),
    }[dialect]
    server.script(Reply(text="It rains.", tool_calls=[{"name": "weather", "arguments": {"city": "Oslo"}}]))
    caller.post(path, body)
    text = told(caller)
    assert "It rains." in text
    assert "Call of weather" in text
    assert "Oslo" in text
    assert f"{server.requests[0].frames_sent} of them written" in text
    assert "tokens in" in text


def test_a_broken_frame_is_told_as_one(server: LoopbackServer, caller: Caller) -> None:
    server.script(Reply(text="broken", bad_crc_at=0))
    caller.post(
        f"/model/{CLAUDE}/converse-stream", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    )
    assert "a broken frame" in told(caller)


def test_who_leaves_and_who_is_not_known(server: LoopbackServer, caller: Caller) -> None:
    server.script(Reply(delay=30))
    body = json.dumps(gpt()).encode()
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as left:
        head = f"POST {RESPONSES} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
        left.sendall(head.encode() + body)
        while not listed(caller)["calls"]:
            pass
        assert listed(caller)["calls"][0]["verdict"] == "waiting"
        assert "Not answered yet" in told(caller)
    while listed(caller)["calls"][0]["verdict"] == "waiting":
        pass
    assert listed(caller)["calls"][0]["verdict"] == "left"
    assert "The client left" in told(caller)
    with LoopbackServer(models=("mine",)) as lenient, Caller(lenient.url) as other:
        other.post(
            f"/model/{'zz.strange'}/converse", {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
        )
        assert "do not know this model" in told(other)


def test_what_is_not_kept_is_not_found(caller: Caller) -> None:
    assert caller.get(f"{CALLS}/1")[0] == 404


def test_curl_repeats_a_call_without_its_keys(caller: Caller, server: LoopbackServer) -> None:
    beta = {"anthropic-beta": "one,two"}
    caller.post(RESPONSES, gpt("it's"), authorization="Bearer s3cr3t", **beta, **{"x-amz-date": "now"})
    text = told(caller)
    start = text.index("curl -sS")
    words = shlex.split(
        text[start : text.index("</code>", start)].replace("&#39;", "'").replace("&#34;", '"')
    )
    assert words[2:5] == ["-X", "POST", f"{server.url}{RESPONSES}"]
    assert words[-2:] == ["--data-raw", server.requests[0].body.decode()]
    assert {words[at + 1] for at, word in enumerate(words) if word == "-H"} == {
        "content-type: application/json",
        "anthropic-beta: one,two",
    }
