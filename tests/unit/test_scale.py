"""The arithmetic of docs/scale.md: its tables are the script's, and the script's numbers are real."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import scale_sizes
from project_scripts import script

scale = script("scale")
TEXT = scale.PAGE.read_text(encoding="utf-8")
GPT, HAIKU = scale.PRICES


def test_the_tables_are_up_to_date() -> None:
    assert scale.written(TEXT) == TEXT, "run: python scripts/scale.py"
    assert TEXT.count(": begin -->") == len(scale.TABLES) == 5


@pytest.mark.parametrize(("model", "provider"), [(GPT, "openai"), (HAIKU, "aws")])
def test_prices_are_those_of_their_day(model: str, provider: str) -> None:
    prices = pytest.importorskip("genai_prices")
    used = prices.Usage(input_tokens=scale.INPUT, output_tokens=scale.OUTPUT)
    day = dt.datetime.fromisoformat(f"{scale.PRICED}T12:00:00+00:00")
    told = prices.calc_price(used, model_ref=model, provider_id=provider, genai_request_timestamp=day)
    assert float(told.total_price) == pytest.approx(scale.cost(model, 1))
    assert scale.PRICED in TEXT


def test_sums() -> None:
    """Of the first row of each table, done by hand."""
    assert scale.cost(GPT, 10**6) == 500 * 0.75 + 200 * 4.5
    assert (scale.jobs(GPT, 10**6), scale.jobs(GPT, 10**6 + 1), scale.jobs(HAIKU, 10**9)) == (20, 21, 20_000)
    assert (scale.rounds(2_000_000, 10**6), scale.rounds(2_000_000, 4001)) == (250, 2)
    assert "| `gpt-5.4-mini` | online | $1,275 | $1,275,000 |\n| | batch | $638 | $637,500 |" in TEXT
    assert "| Up to the provider | 2,200 B | 2.2 GB | 2.2 TB |" in TEXT
    assert (
        "| DynamoDB: write units, 3 an answer | 3,000,000 | 3,000,000,000 |\n| to write them | $1.88 |"
        in TEXT
    )
    assert (
        "| Online, 500 requests a minute | 25 calls in flight, 350,000 tokens a minute | 33 hours |" in TEXT
    )


def test_bytes_decide_where_lines_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scale.SIZES, "units", 20_000)
    assert scale.jobs(GPT, 10**6) == 100  # 200 MB a file


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (0.01, "0.6 minutes"),
        (1, "60 minutes"),
        (2, "2 hours"),
        (33.4, "33 hours"),
        (47, "47 hours"),
        (48, "2 days"),
        (9 * 365 * 24, "9 years"),
    ],
)
def test_times(hours: float, told: str) -> None:
    assert scale.span(hours) == told


def test_what_the_page_repeats_is_what_the_script_has() -> None:
    assert f"${scale.WRITE_UNITS} a million write units, ${scale.READ_UNITS} a million read units" in TEXT
    assert f"${scale.TABLE_MONTH} and ${scale.S3_MONTH}" in TEXT.replace("\n", " ")
    assert f"{scale.INPUT} tokens in" in TEXT
    assert f"it is {5 * scale.SIZES['manifest.sqlite'] / 1000:.0f} GB" in TEXT


def test_the_bytes_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    found = scale_sizes.measured(tmp_path, lines=200, asked=2000, answered=800)
    assert found.keys() == scale.SIZES.keys()
    for name, size in scale.SIZES.items():
        assert found[name] == pytest.approx(size, rel=0.1), name
