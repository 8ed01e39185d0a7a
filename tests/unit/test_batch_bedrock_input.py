"""What fails a Bedrock job of the sandbox before its first record: its files, its records, its quotas."""

from __future__ import annotations

import pytest
from bedrock_jobs import TARGET, MemoryPlace, records
from bedrock_started import Started

from smartllm.testing.batch.bedrock_records import Quotas


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b'{"modelInput": {}}\n{"modelInput"', "a.jsonl, line 2: the record is not valid JSON"),
        (b"[]\n", "a.jsonl, line 1: the record is not a JSON object"),
        (b'{"recordId": "x"}\n', "a.jsonl, line 1: the record has no modelInput that is a JSON object"),
        (b'{"modelInput": "hi"}\n', "a.jsonl, line 1: the record has no modelInput that is a JSON object"),
        (b'{"recordId": 5, "modelInput": {}}\n', "a.jsonl, line 1: recordId is not a text"),
        (b'{"recordId": "", "modelInput": {}}\n', "a.jsonl, line 1: recordId is not a text"),
        (
            b'{"recordId": "x", "modelInput": {}}\n\n{"recordId": "x", "modelInput": {}}\n',
            "a.jsonl, line 3: duplicate recordId 'x', first found in a.jsonl, line 1",
        ),
    ],
)
async def test_what_is_no_record_fails_the_job(lines: bytes, message: str) -> None:
    started = Started(MemoryPlace(a=lines), source="s3://the-bucket/in/a.jsonl")
    job = await started.through()
    assert (job.status, job.message) == ("Failed", message)
    assert (job.total, job.processed, started.place.puts, len(started.batches.billed)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("quotas", "message"),
    [
        (Quotas(), "Batch job contains less records (7) than the required minimum of: 100"),
        (Quotas(minimum=8), "Batch job contains less records (7) than the required minimum of: 8"),
        (
            Quotas(minimum=7, records=6),
            "Batch job contains more records (7) than the permitted maximum of: 6",
        ),
        (
            Quotas(file_bytes=9),
            r"Input file a.jsonl contains more bytes (309) than the permitted maximum of: 9",
        ),
        (Quotas(job_bytes=720), "Batch job contains more bytes (721) than the permitted maximum of: 720"),
    ],
)
async def test_the_quotas_fail_the_job(quotas: Quotas, message: str) -> None:
    place = MemoryPlace(a=records(3), b=records(4, begin=3))
    job = await Started(place, quotas=quotas, source="s3://the-bucket/in/").through()
    assert (job.status, job.message, place.puts) == ("Failed", message, 0)


async def test_quotas_that_are_just_kept() -> None:
    place = MemoryPlace(a=records(3), b=records(4, begin=3))
    exact = Quotas(minimum=7, records=7, file_bytes=len(records(4)), job_bytes=len(records(7)))
    assert (await Started(place, quotas=exact, source="s3://the-bucket/in/").through()).status == "Completed"


async def test_a_bucket_that_is_missing_fails_the_job() -> None:
    place = MemoryPlace(a=records(1))
    for source, target in (("s3://another/in/", TARGET), ("s3://the-bucket/in/", "s3://another/")):
        job = await Started(place, source=source, target=target).through()
        assert job.status == "Failed"
        assert job.message == "Cannot access s3://another: NoSuchBucket (HeadBucket)"
