"""The page on traces, metrics and cost names all that spans and metrics may hold."""

from __future__ import annotations

import re
from pathlib import Path

from smartllm.parameters import PARAMETERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
_NAME = re.compile(r'"((?:gen_ai|smartllm|server|error|http|openai|aws)\.[a-z_.]+)"')


def told() -> set[str]:
    files = (ROOT / "smartllm" / "runtime" / "observe").glob("*.py")
    found = {name for path in files for name in _NAME.findall(path.read_text(encoding="utf-8"))}
    return {*found, *(row.telemetry for row in PARAMETERS.values() if row.telemetry)} - {"gen_ai."}


def test_each_name_is_on_the_page() -> None:
    # Names of one table row share their beginning.
    missing = [
        name
        for name in told()
        if name not in PAGE and f"`.{name.removeprefix('gen_ai.request.')}`" not in PAGE
    ]
    assert sorted(missing) == []


def test_each_name_on_the_page_is_told() -> None:
    named = set(re.findall(r"`((?:gen_ai|smartllm|openai|aws)\.[a-z_.]+)`", PAGE))
    known = {*told(), "openai.api.type", "openai.response.service_tier", "openai.response.system_fingerprint"}
    assert sorted(named - known - {"smartllm.retry"}) == []
