"""Bedrock's jobs as a folder's service, against servers that fail, deny and are odd: AWS's own clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from batch_service import TOKEN, odd, unit_of
from wires import share_service_models

from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, ProviderError, ResponseError, SmartLLMError
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import S3, AwsClients
from smartllm.runtime.batch.bedrock import BedrockJobs
from smartllm.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/batch"
ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc"
PLACE = s3.Place("bucket", "a/b.jsonl")


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def refused(status: int, code: str, message: str = "no") -> web.Response:
    """An error as S3 says it, or, with its header, Bedrock."""
    text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")


def denied(code: str, message: str = "no", status: int = 400) -> web.Response:
    return web.json_response({"message": message}, status=status, headers={"x-amzn-ErrorType": code})


def settings_of(url: str, **given: Any) -> Settings:
    usual = {"provider": "bedrock", "aws_region": "us-east-1", "endpoint_url": url, "retry_delay": 0}
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "aws-canary-secret-0001"}
    return Settings.resolve(LLMConfig(**{**usual, **keys, **given}))


@asynccontextmanager
async def clients_at(url: str, monkeypatch: pytest.MonkeyPatch, **given: Any) -> AsyncIterator[AwsClients]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    clients = AwsClients(settings_of(url, **given))
    try:
        yield clients
    finally:
        await clients.aclose()


@asynccontextmanager
async def jobs_at(url: str, **given: Any) -> AsyncIterator[BedrockJobs]:
    jobs = BedrockJobs(settings_of(url, **given), {"s3": "s3://bucket/x", "role_arn": ROLE})
    try:
        yield jobs
    finally:
        await jobs.aclose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "b.jsonl"
    found.write_bytes(b"0123456789")
    return found


async def test_a_file_that_fails_in_passing_goes_up_again_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[bytes] = []

    async def answered(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response() if len(bodies) == 3 else refused(503, "SlowDown")

    async with odd(answered) as url, clients_at(url, monkeypatch, max_retries=2) as clients:
        await s3.put(clients, PLACE, path, None)
    assert [b"0123456789" in body for body in bodies] == [True] * 3


async def test_a_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with clients_at("http://127.0.0.1:9", monkeypatch) as clients:
        with pytest.raises(ConfigError, match=r"gone\.jsonl cannot be read"):
            await s3.put(clients, PLACE, tmp_path / "gone.jsonl", None)


class Multipart:
    """An S3 that takes parts; some of its answers are given."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.calls = answers, list[str]()

    def __call__(self, request: web.Request) -> Any:
        query, method = request.query, request.method
        if "uploads" in query:
            name = "begin" if method == "POST" else "list"
        else:
            name = {"PUT": "part", "POST": "complete", "DELETE": "abort"}[method]
        self.calls.append(f"{name} {query.get('uploadId', '')}{query.get('key-marker', '')}".strip())
        given = self.answers.get(name)
        if callable(given):
            given = given(request)
        if isinstance(given, web.Response):
            return given
        usual = {
            "begin": "<R><UploadId>up</UploadId></R>",
            "list": "<R></R>",
            "complete": "<R><ETag>e</ETag></R>",
        }
        return web.Response(
            text=given or usual.get(name, ""), content_type="application/xml", headers={"ETag": '"e"'}
        )


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_WHOLE", 9)
    monkeypatch.setattr(s3, "_PART", 4)


async def sent_in_parts(
    server: Multipart, path: Path, monkeypatch: pytest.MonkeyPatch
) -> SmartLLMError | None:
    async with odd(server) as url, clients_at(url, monkeypatch, max_retries=0) as clients:
        try:
            await s3.put(clients, PLACE, path, None)
        except SmartLLMError as error:
            return error
    return None


@pytest.mark.usefixtures("small_parts")
async def test_a_large_file_goes_up_in_parts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Multipart()
    assert await sent_in_parts(server, path, monkeypatch) is None
    assert server.calls == ["list", "begin", "part up", "part up", "part up", "complete up"]


@pytest.mark.usefixtures("small_parts")
async def test_what_failed_first_is_told_though_the_parts_cannot_be_dropped(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = Multipart(part=refused(400, "TheFirst"), abort=refused(500, "TheSecond"))
    error = await sent_in_parts(server, path, monkeypatch)
    assert isinstance(error, ProviderError)
    assert error.code == "TheFirst"
    assert "parts of s3://bucket/a/b.jsonl are left: TheSecond" in caplog.text
    assert server.calls == ["list", "begin", "part up", "abort up"]


@pytest.mark.usefixtures("small_parts")
async def test_what_killed_uploads_left_is_dropped_on_every_page(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(request: web.Request) -> str:
        number = 2 if request.query.get("key-marker") == "a/b.jsonl" else 1
        more = "<NextKeyMarker>a/b.jsonl</NextKeyMarker><NextUploadIdMarker>old1</NextUploadIdMarker>"
        return (
            f"<R><IsTruncated>{'true' if number == 1 else 'false'}</IsTruncated>{more if number == 1 else ''}"
            f"<Upload><Key>a/b.jsonl</Key><UploadId>old{number}</UploadId></Upload>"
            f"<Upload><Key>a/b.jsonl.other</Key><UploadId>others</UploadId></Upload></R>"
        )

    def dropped(request: web.Request) -> web.Response:
        gone = request.query["uploadId"] == "old1"  # by somebody else, meanwhile
        return refused(404, "NoSuchUpload") if gone else web.Response(status=204)

    server = Multipart(list=page, abort=dropped)
    assert await sent_in_parts(server, path, monkeypatch) is None
    assert server.calls[:5] == ["list", "abort old1", "list a/b.jsonl", "abort old2", "begin"]


@pytest.mark.usefixtures("small_parts")
async def test_who_may_not_look_for_parts_may_still_send_a_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = Multipart(list=refused(403, "AccessDenied"))
    assert await sent_in_parts(server, path, monkeypatch) is None
    assert server.calls[-1] == "complete up"
    assert "s3:ListBucketMultipartUploads" in caplog.text


@pytest.mark.usefixtures("small_parts")
async def test_an_upload_without_an_id_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = await sent_in_parts(Multipart(begin="<R></R>"), path, monkeypatch)
    assert isinstance(error, ResponseError)
    assert "has no UploadId" in error.message


async def test_keys_that_a_profile_holds_are_in_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "credentials"
    file.write_text(
        "[mine]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = profile-canary-0001\n"
        "aws_session_token = token-canary-0001\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    said = "you sent profile-canary-0001 and token-canary-0001"
    keys = {"aws_access_key_id": None, "aws_secret_access_key": None, "aws_profile": "mine"}
    async with (
        odd(lambda _: refused(400, "Odd", said)) as url,
        clients_at(url, monkeypatch, max_retries=0, **keys) as clients,
    ):
        for _ in range(2):
            with pytest.raises(ProviderError, match="you sent") as caught:
                await s3.listed(clients, PLACE, None)
            assert "canary" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


async def test_the_environment_counts_as_it_was_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    async with odd(lambda _: web.Response(text="<R></R>")) as url, clients_at(url, monkeypatch) as clients:
        for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert await s3.listed(clients, PLACE, None) == []


async def test_an_address_that_comes_later_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    clients = AwsClients(settings_of("http://127.0.0.1:9"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")

    async def address(client: Any) -> str:
        return str(client.meta.endpoint_url)

    try:
        assert (await clients.call(S3, address)).endswith(".amazonaws.com")
    finally:
        await clients.aclose()


@pytest.mark.parametrize(
    ("service", "excluded", "proxied"),
    [("s3", "", True), ("bedrock", "", True), ("s3", "s3.test", False), ("bedrock", "s3.test", True)],
)
async def test_each_service_has_the_proxy_of_its_own_address(
    service: str, excluded: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def proxy(request: web.Request) -> Any:
        asked.append(str(request.url))
        return web.Response(text="<R></R>") if service == "s3" else {}

    async with odd(proxy) as url:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("no_proxy", excluded)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.test:9")
        clients = AwsClients(settings_of("http://control.test:9", max_retries=0))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        try:
            if service == "s3":
                await s3.listed(clients, PLACE, None)
            else:
                await clients.call("bedrock", lambda client: client.list_model_invocation_jobs())
        except ProviderError:
            assert not proxied
        finally:
            await clients.aclose()
    assert bool(asked) is proxied
    assert all(f"{'s3' if service == 's3' else 'control'}.test:9" in one for one in asked)


async def test_what_must_be_allowed_is_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = unit_of(path, model="m", job=ARN, upload="s3://bucket/a")
    async with (
        odd(lambda _: refused(403, "AccessDenied")) as url,
        clients_at(url, monkeypatch, max_retries=0) as clients,
    ):
        for call, right in (
            (lambda: s3.put(clients, PLACE, path, None), "s3:PutObject"),
            (lambda: s3.get(clients, PLACE, tmp_path / "out", None), "s3:GetObject"),
            (lambda: s3.listed(clients, PLACE, None), "s3:ListBucket"),
        ):
            with pytest.raises(ProviderError) as caught:
                await call()
            assert f"allowed {right}," in caught.value.hint
            assert "InvokeModel" not in caught.value.hint
            assert "credentials come from aws_access_key_id" in caught.value.hint
    async with (
        odd(lambda _: denied("AccessDeniedException", status=403)) as url,
        jobs_at(url, max_retries=0) as jobs,
    ):
        for made, rights in (
            (jobs.create, ["bedrock:CreateModelInvocationJob", "iam:PassRole"]),
            (jobs.job, ["bedrock:GetModelInvocationJob"]),
            (jobs.find, ["bedrock:ListModelInvocationJobs"]),
            (jobs.cancel, ["bedrock:StopModelInvocationJob"]),
        ):
            with pytest.raises(ProviderError) as caught:
                await made(unit)
            assert all(right in caught.value.hint for right in rights)


async def test_answers_that_name_no_job_are_told(path: Path) -> None:
    rows = {"invocationJobSummaries": [{"clientRequestToken": TOKEN, "status": "Submitted"}]}
    unit = unit_of(path, model="m", job=ARN, upload="s3://bucket/a")
    async with odd(lambda _: rows) as url, jobs_at(url) as jobs:
        for made in (jobs.create, jobs.job, jobs.find):
            with pytest.raises(ResponseError, match="has no jobArn") as caught:
                await made(unit)
            assert caught.value.model == "m"


@pytest.mark.parametrize(
    ("model", "hints"),
    [
        ("us.deepseek.v3.2", ["(deepseek.v3.2)", "us-east-1:ACCOUNT:inference-profile/us.deepseek.v3.2"]),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", None),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.deepseek.v3.2", None),
    ],
)
async def test_an_id_that_a_job_does_not_take_says_which_it_takes(
    model: str, hints: list[str] | None, path: Path
) -> None:
    message = "Value at 'modelId' failed to satisfy constraint"
    unit = unit_of(path, model=model, upload="s3://bucket/a")
    async with odd(lambda _: denied("ValidationException", message)) as url, jobs_at(url) as jobs:
        with pytest.raises(ProviderError, match="modelId") as caught:
            await jobs.create(unit)
    assert ("ACCOUNT" in caught.value.hint) is (hints is not None)
    assert all(hint in caught.value.hint for hint in hints or ())


@pytest.mark.parametrize(
    ("status", "code", "then", "told"),
    [
        (400, "ConflictException", "Completed", True),
        (400, "ConflictException", "Failed", True),
        (409, "ConflictException", "Stopping", True),
        (400, "ConflictException", "InProgress", False),
        (403, "AccessDeniedException", "Completed", False),
    ],
)
async def test_what_has_just_ended_is_not_stopped(
    status: int, code: str, then: str, told: bool, path: Path
) -> None:
    def answered(request: web.Request) -> Any:
        if request.path.endswith("/stop"):
            return denied(code, status=status)
        return {"jobArn": ARN, "status": then}

    unit = unit_of(path, model="m", job=ARN)
    async with odd(answered) as url, jobs_at(url, max_retries=0) as jobs:
        if told:
            assert (await jobs.cancel(unit)).status == then
        else:
            with pytest.raises(ProviderError) as caught:
                await jobs.cancel(unit)
            assert caught.value.code == code
