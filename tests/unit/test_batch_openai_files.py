"""Files of OpenAI's batch engine in the sandbox, by the SDK: uploads, downloads, lists, and their end."""

from __future__ import annotations

import http.client
import json
import re
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from openai_jobs import begun, client_of, jsonl, line, raw, until

from smartllm.cli.sandbox_log import lines_of
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine
from smartllm.testing.page.routes import PLACE

MONTH = 30 * 24 * 60 * 60
DATA = jsonl([line("a")])


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackServer]:
    with LoopbackServer(batch=Engine(seconds=0), check=True) as server:
        yield server


@pytest.fixture
def server(running: LoopbackServer) -> LoopbackServer:
    running.reset()
    return running


@pytest.fixture(scope="module")
def client(running: LoopbackServer) -> Iterator[openai.OpenAI]:
    with client_of(running) as found:
        yield found


def uploaded(client: openai.OpenAI, data: bytes = DATA, name: str = "a.jsonl", **more: Any) -> Any:
    return client.files.create(file=(name, data), **{"purpose": "batch", **more})


def test_a_file_comes_back_as_it_was(server: LoopbackServer, client: openai.OpenAI) -> None:
    data = bytes(range(256)) * 3000 + "é\u2028".encode()
    file = uploaded(client, data, "the file.jsonl")
    assert (file.object, file.filename, file.bytes, file.purpose) == (
        "file",
        "the file.jsonl",
        len(data),
        "batch",
    )
    assert (file.status, file.expires_at - file.created_at) == ("processed", MONTH)
    assert client.files.retrieve(file.id) == file
    content = client.files.content(file.id)
    assert content.content == data
    assert content.response.headers["content-type"] == "application/octet-stream"
    assert content.response.headers["content-length"] == str(len(data))
    assert client.files.delete(file.id).deleted is True
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}"):
            call(file.id)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"data": b""}, "File is empty"),
        ({"name": "a.txt"}, "Must be .jsonl, not 'a.txt'"),
        ({"purpose": "fine-tune"}, "'fine-tune' is not one of"),
        (
            {"expires_after": {"anchor": "created_at", "seconds": 3599}},
            "'seconds' is a whole number from 3,600",
        ),
        ({"expires_after": {"anchor": "created_at", "seconds": 2_592_001}}, "from 3,600 to 2,592,000"),
        ({"expires_after": {"anchor": "created_at", "seconds": "9" * 5000}}, "'seconds' is a whole number"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "whose 'anchor' is 'created_at'"),
        ({"expires_after": {"seconds": 3600}}, "whose 'anchor' is 'created_at'"),
    ],
)
def test_files_that_are_refused(
    server: LoopbackServer, client: openai.OpenAI, given: dict[str, Any], why: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=why):
        uploaded(client, **given)
    assert client.files.list().data == []
    assert [*_folder(server).iterdir()] == []


def _folder(server: LoopbackServer) -> Path:
    folder = server._apis[0]._files._folder  # type: ignore[attr-defined]
    return Path(folder.name)


def test_a_file_that_is_too_large_is_not_kept(
    server: LoopbackServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    api: Any = server._apis[0]
    monkeypatch.setattr(api, "_engine", replace(api._engine, bytes=len(DATA)))
    assert uploaded(client, DATA).bytes == len(DATA)
    with pytest.raises(openai.APIStatusError, match="File is too large") as caught:
        uploaded(client, DATA + b"\n")
    assert caught.value.status_code == 413
    assert len([*_folder(server).iterdir()]) == 1


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        (b"{}", "application/json", "'file' is a required property"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", "'file' is a required|not understood"),
        (b"nothing", "multipart/form-data", "The form is not understood"),
        (
            b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "'file' is a required property",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{}\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "'purpose' is a required property",
        ),
        (
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            "A form within the form",
        ),
    ],
)
def test_forms_that_are_none(server: LoopbackServer, content: bytes, kind: str, why: str) -> None:
    status, said = raw(server, "POST", "files", content, kind)
    assert status == 400
    assert re.search(why, said["error"]["message"])


def test_files_go_when_their_time_is_over(server: LoopbackServer, client: openai.OpenAI) -> None:
    short = uploaded(client, expires_after={"anchor": "created_at", "seconds": 3600})
    assert short.expires_at - short.created_at == 3600
    usual = uploaded(client)
    lasting = {"anchor": "created_at", "seconds": 7200}
    batch = until(client, begun(client, DATA, output_expires_after=lasting).id)
    output = client.files.retrieve(str(batch.output_file_id))
    assert output.expires_at == output.created_at + 7200
    server.batches.clock.advance(3599)
    client.files.retrieve(short.id)
    server.batches.clock.advance(2)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(short.id)
    server.batches.clock.advance(3600)
    with pytest.raises(openai.NotFoundError):
        client.files.content(output.id)
    assert client.batches.retrieve(batch.id).output_file_id == output.id
    assert len(client.files.list().data) == 2
    server.batches.clock.advance(MONTH)
    assert client.files.list().data == []
    assert [*_folder(server).iterdir()] == []
    with pytest.raises(openai.BadRequestError, match="No such File object"):
        client.batches.create(input_file_id=usual.id, endpoint="/v1/responses", completion_window="24h")


def test_lists_have_pages(server: LoopbackServer, client: openai.OpenAI) -> None:
    files = [uploaded(client).id for _ in range(5)]
    output = str(until(client, begun(client, DATA).id).output_file_id)
    assert [one.id for one in client.files.list(order="asc", limit=2)][:5] == files
    newest = [one.id for one in client.files.list(limit=3)]
    assert (newest[0], newest[-5:], len(newest)) == (output, files[::-1], 7)
    assert [one.id for one in client.files.list(purpose="batch_output")] == [output]
    page = client.files.list(order="asc", limit=2, after=files[1])
    assert ([one.id for one in page.data], page.has_more) == (files[2:4], True)
    assert client.files.list(after=files[0]).data == []

    batches = [begun(client, DATA).id for _ in range(22)]
    first = client.batches.list()
    assert ([one.id for one in first.data], first.has_more) == (batches[:1:-1], True)
    assert len([*client.batches.list(limit=100)]) == 23
    assert [one.id for one in client.batches.list(limit=5)][:22] == batches[::-1]


@pytest.mark.parametrize(
    ("kind", "query", "why"),
    [
        ("batches", "limit=0", "from 1 to 100"),
        ("batches", "limit=101", "from 1 to 100"),
        ("batches", "limit=x", "from 1 to 100"),
        ("batches", f"limit={'9' * 5000}", "from 1 to 100"),
        ("batches", "limit=%D9%A3", "from 1 to 100"),
        ("files", "limit=10001", "from 1 to 10,000"),
        ("files", "order=up", "Supported values are: 'asc', 'desc'"),
        ("files", "after=file-none", "there is no 'file-none'"),
        ("batches", "after=batch_none", "there is no 'batch_none'"),
    ],
)
def test_pages_that_are_none(server: LoopbackServer, kind: str, query: str, why: str) -> None:
    status, said = raw(server, "GET", f"{kind}?{query}")
    assert (status, said["error"]["type"]) == (400, "invalid_request_error")
    assert why in said["error"]["message"]


def test_calls_take_replies_like_all_others(server: LoopbackServer, client: openai.OpenAI) -> None:
    server.script(Reply(status=503, error_message="full"))
    with pytest.raises(openai.InternalServerError, match="full"):
        uploaded(client)
    assert (client.files.list().data, server.requests[0].body) == ([], b"")
    file = uploaded(client, DATA)
    server.script(Reply(status=429))
    with pytest.raises(openai.RateLimitError):
        client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    assert client.batches.list().data == []
    server.script(Reply(headers={"x-request-id": "mine"}), Reply(raw=b"odd"))
    assert client.files.with_raw_response.retrieve(file.id).headers["x-request-id"] == "mine"
    assert client.files.content(file.id).content == b"odd"


def test_a_download_may_break_off(server: LoopbackServer, client: openai.OpenAI) -> None:
    file = uploaded(client, b"x" * 1_000_000)
    server.script(Reply(cut_after=2))
    with pytest.raises(openai.APIConnectionError):
        client.files.content(file.id)
    assert len(client.files.content(file.id).content) == 1_000_000


def test_an_upload_that_breaks_off_leaves_nothing(server: LoopbackServer, client: openai.OpenAI) -> None:
    uploaded(client)
    host = server.url.removeprefix("http://")
    caller = http.client.HTTPConnection(host)
    caller.putrequest("POST", "/v1/files")
    caller.putheader("content-type", "multipart/form-data; boundary=x")
    caller.putheader("content-length", "1000000")
    caller.endheaders()
    caller.send(
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + b"{}\n" * 99
    )
    _wait(lambda: len([*_folder(server).iterdir()]) == 2)
    caller.close()
    _wait(lambda: len([*_folder(server).iterdir()]) == 1)
    assert len(client.files.list().data) == 1


def _wait(seen: Any) -> None:
    for _ in range(400):
        if seen():
            return
        time.sleep(0.005)
    raise AssertionError


def test_paths_that_are_not_the_engines(server: LoopbackServer) -> None:
    for method, path in (
        ("PUT", "files"),
        ("POST", "batches/b"),
        ("GET", "batches/b/cancel"),
        ("GET", "files/a/b"),
    ):
        status, said = raw(server, method, path)
        assert status == 404
        assert "does not know this path" in said["error"]["message"]


def test_a_server_that_stops_or_forgets_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LoopbackServer(batch=Engine(seconds=1000)) as server, client_of(server) as client:
        begun(client, DATA)
        assert [path.name[:15] for path in tmp_path.iterdir()] == ["smartllm-files-"]
        server.reset()
        _wait(lambda: [*tmp_path.iterdir()] == [])
        assert (client.files.list().data, client.batches.list().data) == ([], [])
        batch = begun(client, DATA)
        server.batches.clock.advance(500)
        until(client, batch.id, {"in_progress"})
    assert [*tmp_path.iterdir()] == []
    assert caplog.records == []


def test_the_page_and_the_log_show_calls_and_not_all_of_their_bytes(
    server: LoopbackServer, client: openai.OpenAI
) -> None:
    data = b"x" * 3_000_000
    file = uploaded(client, data)
    client.files.content(file.id)
    upload, content = server.requests
    assert upload.body == content.body == b""
    assert next(lines_of(upload)).startswith("POST /v1/files 200 (")
    assert f"{upload.size} bytes" in next(lines_of(upload))
    assert upload.size > len(data)
    for _ in range(200):  # the last piece may be read before its call is over
        if content.seconds is not None:
            break
        time.sleep(0.01)
    calls = [server._calls.find(number) for number in sorted(server._calls._calls)]
    held = calls[-1]
    assert held is not None
    assert held.told is not None
    assert (len(held.told.raw), held.verdict) == (65536, "answered")
    with urllib.request.urlopen(f"{server.url}{PLACE}/calls/{held.number}") as page:  # noqa: S310 - our own server
        shown = page.read().decode()
    assert file.id in shown
    assert len(shown) < 200_000
    assert calls[-2] is not None
    assert calls[-2].summary()["bytes"] == upload.size
    assert json.dumps(calls[-2].summary())
