"""Answers that no provider should give, by name."""

from __future__ import annotations

import gzip
import json

from raw_server import Act, Call, HangUp, chunk

from smartllm.testing import Reply
from smartllm.testing.eventstream import break_checksum

JSON_TYPE = "application/json"


def raw(data: bytes, *, then_close: bool = True) -> Act:
    """Bytes instead of a response."""

    def act(call: Call) -> None:
        call.send(data)
        if then_close:
            raise HangUp

    return act


def body(content: bytes, status: str = "200 OK", head: str = "", kind: str = JSON_TYPE) -> Act:
    """A response of this content."""
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{head}Content-Length: {len(content)}\r\n\r\n"
    return raw(lines.encode() + content, then_close=False)


def said(value: object) -> Act:
    """A 200 of this JSON."""
    return body(json.dumps(value).encode())


def cut(call: Call) -> None:
    """Half of the right answer."""
    call.send(call.answer()[: len(call.answer()) // 2])
    raise HangUp


def reset(call: Call) -> None:
    """RST instead of an answer."""
    call.reset()


def quiet(call: Call) -> None:
    """Nothing for longer than anybody waits."""
    call.pause(20)
    raise HangUp


def begun(call: Call) -> None:
    """A header, then nothing."""
    call.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    quiet(call)


def spoilt(call: Call) -> None:
    """The right answer with other bytes in its middle."""
    answer = call.answer()
    call.send(answer[:-30] + b"\xff\x00\xfe{{]" + answer[-23:])
    raise HangUp


def odd_events(*frames: bytes) -> Act:
    """The first half of a right stream, then something else."""

    def act(call: Call) -> None:
        if not call.streamed:
            return call.send(call.answer(Reply(raw=b"".join(frames) or b"x")))
        right = call.frames()
        call.send(call.head() + b"".join(map(chunk, right[: len(right) // 2])))
        call.send(b"".join(map(chunk, frames)) + b"0\r\n\r\n")
        return None

    return act


def bad_checksum(call: Call) -> None:
    """A frame that was damaged on its way."""
    if call.streamed and call.route.provider == "bedrock":
        frames = call.frames()
        frames[2] = break_checksum(frames[2])
        return call.send(call.head() + b"".join(map(chunk, frames)) + b"0\r\n\r\n")
    return spoilt(call)


DEEP = b"[" * 100_000
# Of the right keys, and of nothing that they promise.
WRONG = {
    "choices": {"0": 5},
    "output": {"message": 7},
    "content": 3,
    "usage": [],
    "status": 9,
    "stop_reason": {},
    "stopReason": [],
    "model": 1.5,
    "id": None,
}
NULLS = {
    "choices": [None],
    "output": [None],
    "content": [None, {"type": None}, {"type": "text", "text": None}],
    "usage": {"input_tokens": "many", "prompt_tokens": None},
    "status": "completed",
}
ODD: dict[str, Act] = {
    "closed": raw(b""),
    "reset": reset,
    "cut": cut,
    "quiet": quiet,
    "begun": begun,
    "spoilt": spoilt,
    "another-protocol": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "no-number-as-length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
    "length-below-zero": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
    "two-lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}"),
    "bad-chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "no-status": raw(b"HTTP/1.1 \r\n\r\n"),
    "status-999": raw(b"HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\n{}"),
    "header-without-end": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
    "bad-header": raw(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}"),
    "many-headers": body(b"{}", head="".join(f"X-{n}: {n}\r\n" for n in range(2000))),
    "html": body(b"<html><body>Welcome</body></html>", kind="text/html"),
    "empty": body(b""),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n", then_close=False),
    "null": said(None),
    "list": said([]),
    "text": said("text"),
    "object": said({}),
    "number": body(b"1e999"),
    "NaN": body(b'{"choices": NaN, "output": NaN, "content": NaN}'),
    "long-number": body(b'{"usage": ' + b"9" * 5000 + b"}"),
    "deep": body(DEEP),
    "deep-in-place": body(b'{"choices": ' + DEEP + b', "output": ' + DEEP),
    "not-utf-8": body(b'{"choices": "\xff\xfe"}'),
    "half-a-pair": said({"choices": [{"message": {"content": "\ud83d"}}], "content": [{"text": "\ud83d"}]}),
    "wrong-types": said(WRONG),
    "nulls": said(NULLS),
    "error-in-200": said({"error": {"code": 429, "message": "slow down"}}),
    "odd-error-in-200": said({"error": [["odd"]]}),
    "400-html": body(b"<html>", "400 Bad Request", kind="text/html"),
    "400-odd": body(b'{"error": 5, "message": {"a": 1}, "__type": []}', "400 Bad Request"),
    "500-empty": body(b"", "500 Internal Server Error"),
    "429-odd": body(b"[[]]", "429 Too Many Requests", "Retry-After: soon\r\nretry-after-ms: x\r\n"),
    "redirect": body(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n"),
    "no-gzip": body(b"{}", head="Content-Encoding: gzip\r\n"),
    "cut-gzip": body(gzip.compress(b'{"choices": []}' * 50)[:-20], head="Content-Encoding: gzip\r\n"),
    "unknown-coding": body(b"{}", head="Content-Encoding: rot13\r\n"),
    "no-json-event": odd_events(b"data: {no json\n\n"),
    "odd-events": odd_events(b'data: 5\n\ndata: []\n\ndata: {"choices": 7}\n\nevent: x\ndata: null\n\n'),
    "error-event": odd_events(b"error: {]\n\nevent: error\ndata: 5\n\n"),
    "empty-event": odd_events(),
    "frames-of-nothing": odd_events(b"\x00" * 64),
    "bad-checksum": bad_checksum,
}
