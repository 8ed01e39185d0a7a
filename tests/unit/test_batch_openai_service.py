"""OpenAI's batch engine as a folder's service: the real SDK against the sandbox, and against odd servers."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from batch_service import TOKEN, odd, openai_file, openai_settings, unit_of
from tls import secured

from smartllm.errors import ConfigError, NotFoundError, ProviderError, ResponseError
from smartllm.runtime.batch.attempts import surely_refused
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai import OpenAIBatches
from smartllm.runtime.batch.service import Job
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LoopbackServer]:
    with LoopbackServer(batch=Engine(seconds=0, failures=0.3)) as server:
        yield server


@pytest.fixture
def server(sandbox: LoopbackServer) -> LoopbackServer:
    sandbox.reset()
    return sandbox


@asynccontextmanager
async def service_at(url: str, **given: Any) -> AsyncIterator[OpenAIBatches]:
    """A service whose waits take no time."""
    now = [1_000_000_000.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds
        await asyncio.sleep(0.005)

    found = OpenAIBatches(openai_settings(url, **given), clock=lambda: now[0], sleep=sleep)
    try:
        yield found
    finally:
        await found.aclose()


async def ended(service: OpenAIBatches, unit: Unit) -> Job:
    for _ in range(400):
        job = await service.job(unit)
        if job.state in {"ended", "failed"}:
            return job
        await asyncio.sleep(0.01)
    raise AssertionError(job)


async def test_the_whole_way(server: LoopbackServer, tmp_path: Path) -> None:
    path = openai_file(tmp_path, 40)
    async with service_at(server.url) as service:
        unit = unit_of(path)
        unit = replace(unit, upload=await service.upload(unit, path))
        job = await service.create(unit)
        assert job.state in {"waiting", "running", "ended"}
        unit = replace(unit, job=job.job)
        job = await ended(service, unit)
        assert (job.status, job.total, job.done) == ("completed", 40, 40)
        assert job.failed == 40 - len(server.batches.billed)
        paths = await service.download(unit, job, tmp_path / "out")
        found = [one for each in paths for one in service.outcomes(each)]
    assert sorted(one.name for one in found) == [f"L{number:010d}" for number in range(1, 41)]
    answered = [one for one in found if one.body is not None and one.status == 200]
    assert sorted(one.name for one in answered) == sorted(server.batches.billed.times)
    assert {one.status for one in found} <= {200, 429, 500}
    assert all(one.request_id and not one.expired for one in found)
    assert [each.name for each in paths] == [f"{name}.jsonl" for name in job.outputs]
    sent = json.loads(next(one for one in server.requests if one.path == "/v1/batches").body)
    assert sent["metadata"] == {"smartllm_token": TOKEN, "smartllm_unit": "1"}
    assert (sent["endpoint"], sent["completion_window"]) == ("/v1/responses", "24h")


async def test_a_file_is_not_brought_up_twice(server: LoopbackServer, tmp_path: Path) -> None:
    path = openai_file(tmp_path, 3)
    async with service_at(server.url) as service:
        first = await service.upload(unit_of(path), path)
        assert await service.upload(unit_of(path), path) == first
        other = openai_file(tmp_path, 4)
        assert await service.upload(unit_of(other), other) != first
        assert await service.upload(unit_of(path, token="f" * 32), path) != first


async def test_what_is_there_already_is_not_brought_down_again(
    server: LoopbackServer, tmp_path: Path
) -> None:
    path = openai_file(tmp_path, 3)
    async with service_at(server.url) as service:
        unit = unit_of(path)
        unit = replace(unit, upload=await service.upload(unit, path))
        unit = replace(unit, job=(await service.create(unit)).job)
        job = await ended(service, unit)
        first = await service.download(unit, job, tmp_path)
        asked = len(server.requests)
        assert await service.download(unit, job, tmp_path) == first
        assert len(server.requests) == asked


async def test_a_job_that_nobody_saw_begin_is_found_by_its_token(
    server: LoopbackServer, tmp_path: Path
) -> None:
    path = openai_file(tmp_path, 1)
    async with service_at(server.url) as service:
        unit = unit_of(path)
        unit = replace(unit, upload=await service.upload(unit, path))
        made = await service.create(unit)
        await service.create(replace(unit, token="e" * 32))
        lost = replace(unit, state="creating", changed=1_000_000_000.0)
        found = await service.find(lost)
        assert found is not None
        assert found.job == made.job
        assert await service.find(replace(lost, token="d" * 32)) is None


async def test_a_job_that_is_over_is_left_as_it_is(server: LoopbackServer, tmp_path: Path) -> None:
    path = openai_file(tmp_path, 1)
    async with service_at(server.url) as service:
        unit = unit_of(path)
        unit = replace(unit, upload=await service.upload(unit, path))
        unit = replace(unit, job=(await service.create(unit)).job)
        job = await ended(service, unit)
        assert await service.cancel(unit) == job
        server.script(Reply(status=401, error_message="who"))
        with pytest.raises(ProviderError, match="who"):
            await service.cancel(unit)
        with pytest.raises(NotFoundError):
            await service.cancel(replace(unit, job="batch_none"))


async def test_a_job_that_the_list_shows_late_is_waited_for(tmp_path: Path) -> None:
    calls: list[str] = []

    def listed(request: web.Request) -> Any:
        calls.append(request.path_qs)
        rows = (
            []
            if len(calls) < 4
            else [{"id": "batch_1", "status": "validating", "metadata": {"smartllm_token": TOKEN}}]
        )
        return {"data": rows, "has_more": False}

    async with odd(listed) as url, service_at(url) as service:
        unit = unit_of(openai_file(tmp_path, 1), changed=1_000_000_000.0)
        found = await service.find(unit)
        assert found is not None
        assert (found.job, len(calls)) == ("batch_1", 4)
        calls.clear()
        assert await service.find(replace(unit, changed=999_999_000.0)) is None
        assert len(calls) == 1  # long after the intent, one look is enough


async def test_pages_are_read_as_far_as_the_job_may_stand(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def listed(request: web.Request) -> Any:
        after = request.query.get("after")
        asked.append(after)
        page = len(asked)
        created = 1_000_000_000 - 50_000 * page
        return {"data": [{"id": f"b{page}", "status": "completed", "created_at": created}], "has_more": True}

    async with odd(listed) as url, service_at(url) as service:
        unit = unit_of(openai_file(tmp_path, 1), changed=1_000_000_000.0 - 30)
        assert await service.find(unit) is None
    assert asked == [None, "b1"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "validating"}, ("waiting", (), None, None, ())),
        ({"status": "finalizing", "request_counts": {"total": 2, "completed": 1}}, ("running", (), 2, 1, ())),
        ({"status": "brand_new"}, ("running", (), None, None, ())),
        ({"status": "cancelled", "output_file_id": "f"}, ("ended", ("f",), None, None, ())),
        ({"status": "expired", "output_file_id": "", "error_file_id": "e"},
         ("ended", ("e",), None, None, ())),
        ({"status": "completed", "error_file_id": "", "output_file_id": None}, ("ended", (), None, None, ())),
        ({"status": "completed", "completed_at": 999_999_999}, ("running", (), None, None, ())),
        ({"status": "completed", "completed_at": 999_999_000}, ("ended", (), None, None, ())),
        ({"status": "completed", "completed_at": 999_999_999, "error_file_id": "e"},
         ("ended", ("e",), None, None, ())),
        ({"status": "completed", "completed_at": 999_999_999, "error_file_id": "e",
          "request_counts": {"total": 2, "completed": 1, "failed": 1}}, ("running", ("e",), 2, 2, ())),
        ({"status": "completed", "completed_at": 999_999_400, "error_file_id": "e",
          "request_counts": {"total": 2, "completed": 1, "failed": 1}}, ("ended", ("e",), 2, 2, ())),
        ({"status": "completed", "completed_at": 999_999_999, "error_file_id": "e",
          "request_counts": {"total": 2, "completed": 0, "failed": 2}}, ("ended", ("e",), 2, 2, ())),
        ({"status": "expired", "expired_at": 999_999_999, "output_file_id": "",
          "request_counts": {"total": 2, "completed": 1, "failed": 1}}, ("running", (), 2, 2, ())),
        ({"status": "failed", "completed_at": 999_999_999, "request_counts": {"completed": 1}},
         ("failed", (), None, 1, ())),
        ({"status": "failed", "errors": {"data": [{"code": "c", "message": "m", "line": 3}]}},
         ("failed", (), None, None, ({"code": "c", "message": "m", "line": 3, "param": None},))),
        ({"status": "failed", "errors": ["odd", None]},
         ("failed", (), None, None, ({"code": None, "message": "odd", "line": None, "param": None},))),
        ({"status": "failed", "errors": None, "request_counts": {"total": True, "failed": 2}},
         ("failed", (), None, 2, ())),
    ],
)  # fmt: skip
async def test_what_servers_tell_of_a_job(body: dict[str, Any], expected: Any, tmp_path: Path) -> None:
    async with odd(lambda _: {"id": "batch_1", **body}) as url, service_at(url) as service:
        job = await service.job(unit_of(openai_file(tmp_path, 1), job="batch_1"))
    assert (job.state, job.outputs, job.total, job.done, job.errors) == expected


async def test_an_answer_without_an_id_is_told(tmp_path: Path) -> None:
    async with odd(lambda _: {"status": "validating"}) as url, service_at(url) as service:
        with pytest.raises(ResponseError, match="names no id"):
            await service.create(unit_of(openai_file(tmp_path, 1), upload="file-1"))


async def test_the_creation_is_tried_once_and_all_else_as_often_as_the_settings_say(tmp_path: Path) -> None:
    calls: list[str] = []

    def failing(request: web.Request) -> web.Response:
        calls.append(request.method)
        return web.json_response({"error": {"message": "busy"}}, status=503)

    unit = unit_of(openai_file(tmp_path, 1), upload="file-1", job="batch_1")
    async with odd(failing) as url, service_at(url, max_retries=2) as service:
        with pytest.raises(ProviderError):
            await service.create(unit)
        assert calls == ["POST"]
        with pytest.raises(ProviderError):
            await service.job(unit)
        assert calls[1:] == ["GET"] * 3


async def test_a_file_that_breaks_off_is_fetched_again_and_never_there_in_part(tmp_path: Path) -> None:
    calls: list[int] = []

    async def content(request: web.Request) -> web.StreamResponse:
        calls.append(1)
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"01234")
        if len(calls) < 3:
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(b"56789")
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}/content", content)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    job = Job(job="b", state="ended", status="completed", outputs=("file/../x",))
    try:
        async with service_at(url, max_retries=1) as service:
            unit = unit_of(openai_file(tmp_path, 1))
            with pytest.raises(ProviderError):
                await service.download(unit, job, tmp_path / "out")
            assert list((tmp_path / "out").iterdir()) == []
            (found,) = await service.download(unit, job, tmp_path / "out")
    finally:
        await runner.cleanup()
    assert found.read_bytes() == b"0123456789"
    assert found.parent == tmp_path / "out"  # whatever the id looks like


async def test_errors_are_ours_and_hold_no_key(server: LoopbackServer, tmp_path: Path) -> None:
    unit = unit_of(openai_file(tmp_path, 1), job="batch_nope")
    async with service_at(server.url) as service:
        with pytest.raises(NotFoundError, match="No batch found") as caught:
            await service.job(unit)
        assert "sk-canary-0001" not in str(caught.value)
        server.script(Reply(status=401, error_message="bad key sk-canary-0001"))
        with pytest.raises(ProviderError) as refused:
            await service.job(unit)
        assert "sk-canary-0001" not in repr(refused.value) + str(refused.value)
        gone = tmp_path / "gone.jsonl"
        with pytest.raises(ConfigError, match=r"gone\.jsonl cannot be read"):
            await service.upload(unit, gone)


async def test_certificates_are_those_of_the_settings(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = openai_file(tmp_path, 2)
    async with secured(server.url, tmp_path) as (url, vouching):
        async with service_at(url, ca_bundle=vouching) as service:
            unit = unit_of(path)
            unit = replace(unit, upload=await service.upload(unit, path))
            unit = replace(unit, job=(await service.create(unit)).job)
            job = await ended(service, unit)
            assert len(await service.download(unit, job, tmp_path / "out")) >= 1
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        async with service_at(url, max_retries=0) as service:
            monkeypatch.setenv("SSL_CERT_FILE", str(vouching))  # too late
            with pytest.raises(ProviderError, match="certificate") as caught:
                await service.job(unit)
        assert "ca_bundle" in caught.value.hint


async def test_the_proxy_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    def proxy(request: web.Request) -> Any:
        asked.append((str(request.url), request.headers.get("Proxy-Authorization")))
        return {"id": "batch_1", "status": "validating"}

    unit = unit_of(openai_file(tmp_path, 1), job="batch_1")
    async with odd(proxy) as url:
        monkeypatch.setenv("http_proxy", url.replace("//", "//me:proxy-canary-0001@"))
        monkeypatch.setenv("no_proxy", "direct.test")
        async with service_at("http://batches.test:9") as service, service_at("http://direct.test:9") as no:
            monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # too late
            monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
            assert (await service.job(unit)).job == "batch_1"
            with pytest.raises(ProviderError):
                await no.job(unit)
    ((address, login),) = asked
    assert address == "http://batches.test:9/v1/batches/batch_1"
    assert login == f"Basic {b64encode(b'me:proxy-canary-0001').decode()}"


async def test_a_server_that_knows_no_batches_is_told(tmp_path: Path) -> None:
    async with (
        odd(lambda _: web.Response(status=404, text="nothing here")) as url,
        service_at(url) as service,
    ):
        with pytest.raises(ProviderError, match="smartllm batch run"):
            await service.create(unit_of(openai_file(tmp_path, 1), upload="file-1"))


async def test_a_clock_that_is_hours_off_hides_no_job(tmp_path: Path) -> None:
    def listed(request: web.Request) -> Any:
        if "after" in request.query:
            return {"data": [{"id": "b2", "created_at": 999_990_000, "metadata": {"smartllm_token": TOKEN}}]}
        return {"data": [{"id": "b1", "created_at": 999_995_000}], "has_more": True}

    async with odd(listed) as url, service_at(url) as service:
        found = await service.find(unit_of(openai_file(tmp_path, 1), changed=1_000_000_000.0))
    assert found is not None
    assert found.job == "b2"


async def test_a_list_that_cannot_be_read_to_its_end_is_no_reason_for_a_second_job(tmp_path: Path) -> None:
    asked: list[int] = []

    def listed(_: web.Request) -> Any:
        asked.append(1)
        return {"data": [{"id": f"b{len(asked)}"}], "has_more": True}  # no times, too

    async with odd(listed) as url, service_at(url) as service:
        with pytest.raises(ProviderError, match="do not reach back") as caught:
            await service.find(unit_of(openai_file(tmp_path, 1), changed=1_000_000_000.0))
    assert len(asked) == 50
    assert "paid twice" in caught.value.hint
    assert not surely_refused(caught.value)


@pytest.mark.parametrize(
    ("then", "told"),
    [("completed", "completed"), ("cancelling", "cancelling"), ("in_progress", None)],
)
async def test_what_has_just_ended_is_not_cancelled(then: str, told: str | None, tmp_path: Path) -> None:
    calls: list[str] = []

    def answered(request: web.Request) -> Any:
        calls.append(request.method)
        if request.method == "POST":
            return web.json_response({"error": {"message": "no"}}, status=409)
        return {"id": "batch_1", "status": then}

    unit = unit_of(openai_file(tmp_path, 1), job="batch_1")
    async with odd(answered) as url, service_at(url, max_retries=1) as service:
        if told is None:
            with pytest.raises(ProviderError) as caught:
                await service.cancel(unit)
            assert caught.value.status == 409
            assert calls == ["POST", "GET"] * 2  # it may pass
        else:
            assert (await service.cancel(unit)).status == told
            assert calls == ["POST", "GET"]


async def test_a_file_of_a_later_page_is_taken(tmp_path: Path) -> None:
    path = openai_file(tmp_path, 1)
    unit, made = unit_of(path), path.stat().st_mtime
    mine = {"id": "file-2", "filename": f"smartllm-{TOKEN}.jsonl", "bytes": unit.bytes}
    pages = {
        None: {"data": [{"id": "file-9", "created_at": made + 9}], "has_more": True},
        "file-9": {"data": [mine], "has_more": True},
    }
    async with odd(lambda request: pages[request.query.get("after")]) as url, service_at(url) as service:
        assert await service.upload(unit, path) == "file-2"


@pytest.mark.parametrize("days", [0, 2])
async def test_files_older_than_the_units_own_are_not_looked_through(days: int, tmp_path: Path) -> None:
    path = openai_file(tmp_path, 1)
    listed: list[str] = []

    def answered(request: web.Request) -> Any:
        if request.method == "POST":
            return {"id": "file-new"}
        listed.append(request.path_qs)
        created = path.stat().st_mtime - days * 86_400
        return {"data": [{"id": "file-9", "created_at": created}], "has_more": True}

    async with odd(answered) as url, service_at(url) as service:
        assert await service.upload(unit_of(path), path) == "file-new"
    assert len(listed) == (1 if days else 50)


@pytest.mark.parametrize(("status", "taken"), [(404, True), (405, True), (501, True), (403, False)])
async def test_a_server_that_lists_no_files_takes_one(status: int, taken: bool, tmp_path: Path) -> None:
    path = openai_file(tmp_path, 1)
    calls: list[str] = []

    def answered(request: web.Request) -> Any:
        calls.append(request.method)
        return {"id": "file-1"} if request.method == "POST" else web.json_response({}, status=status)

    async with odd(answered) as url, service_at(url, max_retries=2) as service:
        if taken:
            assert await service.upload(unit_of(path), path) == "file-1"
        else:
            with pytest.raises(ProviderError):
                await service.upload(unit_of(path), path)
    assert calls == ["GET", "POST"][: 1 + taken]


async def test_a_file_that_is_gone_keeps_back_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answered(request: web.Request) -> Any:
        there = "file-2" in request.path
        return web.Response(body=b"{}\n") if there else web.json_response({}, status=404)

    unit = unit_of(openai_file(tmp_path, 1))
    job = Job(job="batch_1", state="ended", status="completed", outputs=("file-1", "file-2"))
    async with odd(answered) as url, service_at(url) as service:
        paths = await service.download(unit, job, tmp_path / "out")
        assert [path.name for path in paths] == ["file-2.jsonl"]
        assert "file-1 of job batch_1 is gone" in caplog.text
        with pytest.raises(NotFoundError):
            await service.download(unit, replace(job, outputs=("file-1",)), tmp_path / "out")


@pytest.mark.parametrize(("told", "whole"), [(3, True), (None, True), (0, True), (True, True), (4, False)])
async def test_a_file_is_as_long_as_the_provider_says(told: Any, whole: bool, tmp_path: Path) -> None:
    def answered(request: web.Request) -> Any:
        if request.path.endswith("/content"):
            return web.Response(body=b"abc")
        return {"id": "file-1", "bytes": told}

    unit = unit_of(openai_file(tmp_path, 1))
    job = Job(job="batch_1", state="ended", status="completed", outputs=("file-1",))
    async with odd(answered) as url, service_at(url, max_retries=1) as service:
        if whole:
            (path,) = await service.download(unit, job, tmp_path / "out")
            assert path.read_bytes() == b"abc"
        else:
            with pytest.raises(ProviderError, match="1 bytes before its end"):
                await service.download(unit, job, tmp_path / "out")
            assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (403, True), (429, True), (408, False), (409, False), (500, False), (None, False)],
)
def test_what_was_surely_refused_is_known_by_its_status(status: int | None, refused: bool) -> None:
    assert surely_refused(ProviderError("no connection", model="m", status=status)) is refused


@pytest.mark.parametrize(
    ("line", "name", "told"),
    [
        ({"custom_id": "a", "response": {"status_code": 200, "body": {"x": 1}}},
         "a", ({"x": 1}, None, False)),
        ({"custom_id": "a", "response": None, "error": {"code": "batch_expired", "message": "m"}},
         "a", (None, "batch_expired", True)),
        ({"custom_id": "a", "response": None, "error": {"code": "batch_cancelled", "message": "m"}},
         "a", (None, "batch_cancelled", True)),
        ({"custom_id": "a", "response": {"status_code": 0, "body": ""}, "error": None},
         "a", (None, None, False)),
        ({"custom_id": "a", "response": {"status_code": 502, "body": "<html>"}}, "a", (None, None, False)),
        ({"custom_id": "a", "error": "text"}, "a", (None, None, False)),
        ({"custom_id": "a"}, "a", (None, None, False)),
        ({"response": {}}, "", (None, "unreadable_line", False)),
        ([], "", (None, "unreadable_line", False)),
    ],
)  # fmt: skip
def test_lines_of_outputs(line: Any, name: str, told: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n" + json.dumps(line) + "\n", "utf-8")
    (found,) = OpenAIBatches(openai_settings("http://127.0.0.1:1")).outcomes(path)
    code = found.error and found.error["code"]
    assert (found.name, (found.body, code, found.expired)) == (name, told)
    assert found.body is not None or (found.error is not None and found.error["message"])


def test_lines_that_are_no_json_and_ends_of_lines_within_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"custom_id": "a", "response": {"status_code": 200, "body": {"t": "x\u2028y\u0085z"}}}
    path.write_bytes(b"{half\n" + json.dumps(row, ensure_ascii=False).encode() + b"\n" + b"[" * 100_000)
    found = [*OpenAIBatches(openai_settings("http://127.0.0.1:1")).outcomes(path)]
    assert [one.name for one in found] == ["", "a", ""]
    assert found[1].body == {"t": "x\u2028y\u0085z"}
