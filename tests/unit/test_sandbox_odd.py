"""A sandbox and its page before what no client should send."""

from __future__ import annotations

import json
import shlex
import socket
import time
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from browsers import Caller
from sandbox_page import CALLS, RESPONSES, gpt, listed, told

from smartllm.testing import LoopbackServer
from smartllm.testing.page.log import LONGEST
from smartllm.testing.reply import HEADER, reply_of


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as found:
        yield found


@pytest.fixture
def caller(server: LoopbackServer) -> Iterator[Caller]:
    with Caller(server.url) as found:
        yield found


DEEP = b'{"model":"gpt-5.4","input":%s1%s}'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (DEEP % (b"[" * 100_000, b"]" * 100_000), 400),
        (DEEP % (b"[" * 700, b"]" * 700), 400),
        (b'{"model":"gpt-5.4","input":"\\ud800 \\udfff"}', 200),
        (b'{"model":"gpt-5.4","input":"hi","\\ud800":1}', 200),
        (b'{"model":"\\ud800","input":"hi"}', 404),
        (b'{"model":"gpt-5.4","input":%s}' % (b"9" * 5_000), 400),
        (b"\0\xff\xfe", 400),
    ],
    ids=["deepest", "deep", "half", "key", "model", "digits", "bytes"],
)
def test_what_nobody_can_read_is_refused_and_shown(
    body: bytes, status: int, server: LoopbackServer, caller: Caller
) -> None:
    assert caller.post(RESPONSES, body) == status
    assert "panel-raw" in told(caller)
    assert server.requests[0].media == ()


def test_a_name_of_any_length_does_not_fill_the_list(caller: Caller) -> None:
    caller.post(RESPONSES, gpt() | {"model": "m" * LONGEST})
    (call,) = listed(caller)["calls"]
    assert len(json.dumps(call)) < 4_000


def test_a_path_may_hold_anything(server: LoopbackServer, caller: Caller) -> None:
    caller.post("/model/a%0ab%00/converse", {"messages": []})
    assert server.requests[0].path == "/model/a\nb\0/converse"
    assert "/model/a%0ab%00/converse" in told(caller)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_smartllm/calls/" + "9" * 5_000, 404),
        ("/_smartllm/events?epoch={epoch}&after=x", 400),
        ("/_smartllm/calls?epoch={epoch}&after=" + "9" * 5_000, 400),
    ],
    ids=["number", "events", "digits"],
)
def test_a_question_that_has_no_answer(path: str, status: int, caller: Caller) -> None:
    assert caller.get(path.format(epoch=listed(caller)["epoch"]))[0] == status


def test_curl_reads_no_file_and_takes_an_address_as_it_is(caller: Caller) -> None:
    caller.post("/v1/files/{a}[1-3]", b"@/etc/hostname")
    text = told(caller)
    start = text.index("curl -sS")
    words = shlex.split(unescape(text[start : text.index("</code>", start)]))
    assert words[2] == "-g"
    assert words[-2:] == ["--data-raw", "@/etc/hostname"]
    for body in (b"a\0b", b"\xff"):
        caller.post("/v1/files", body)
    assert all("curl -sS" not in told(caller, number) for number in (2, 3))


def test_an_upload_that_is_no_form_is_heard_to_its_end(server: LoopbackServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as late:
        late.sendall(b"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        time.sleep(0.1)
        late.sendall(b"ab")
        assert late.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert server.requests[0].size == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "200"},
        {"status": True},
        {"status": 42},
        {"text": 5},
        {"headers": {"a": 1}},
        {"chunks": "abc"},
        {"delay": "1"},
        {"structured": []},
        {"cut_after": 1.5},
    ],
    ids=lambda fields: "-".join(f"{name}-{value}" for name, value in fields.items()),
)
def test_a_reply_of_wrong_types_is_named(
    fields: dict[str, Any], server: LoopbackServer, caller: Caller
) -> None:
    with pytest.raises(TypeError, match=next(iter(fields))):
        reply_of(fields)
    assert caller.post(RESPONSES, gpt(), **{HEADER: json.dumps(fields)}) == 400
    assert caller.get(f"{CALLS}/1")[0] == 200
    assert len(server.requests) == 1


def test_a_reply_may_be_any_text(server: LoopbackServer, caller: Caller) -> None:
    server.script(
        reply_of({"raw": "no JSON", "content_type": "text/plain", "thinking": False, "usage": None})
    )
    assert caller.post(RESPONSES, gpt()) == 200
    assert "no JSON" in told(caller)


@pytest.mark.parametrize("check", [True, False])
def test_only_what_was_checked_is_told_to_be_fine(check: bool) -> None:
    with LoopbackServer(check=check) as own, Caller(own.url) as other:
        assert other.post(RESPONSES, gpt(temperature=0.2, reasoning={"effort": "low"})) == (
            400 if check else 200
        )
        assert other.post(RESPONSES, gpt()) == 200
        assert other.post("/nowhere", {}) == 404
        fine = [number for number in (1, 2) if "Nothing in it is known to be refused" in told(other, number)]
        assert fine == ([2] if check else [])
        assert ("Nothing was checked" in told(other)) is not check
        assert "<h2>An error</h2>" in told(other, 3)
