"""Every test runs without the developer's own keys, rules, configuration and default models."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from wires import share_service_models

from smartllm.log import announce
from smartllm.testing import LoopbackServer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

# The tree may be read-only, and the environment of CI has settings of its own.
hypothesis.settings.register_profile("read-only", hypothesis.settings.default, database=None)
hypothesis.settings.load_profile("read-only")

_PREFIXES = ("OPENAI_", "AWS_", "BEDROCK_", "SMARTLLM_")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``pytest tests/integration/ --model gpt-4o`` asks the real provider, with the environment's keys."""
    parser.addoption("--model", help="Model for the live tests in tests/integration/.")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' homes are; pytest's own numbered folders get slower with each one."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Path) -> Path:
    """An environment without settings, and an empty folder as home."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    home = Path(tempfile.mkdtemp(dir=homes))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return home


@pytest.fixture(autouse=True)
def nothing_announced() -> None:
    """A process announces each change once; a test is to see it whatever ran before."""
    announce.forget()


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackServer]:
    """A server for all tests of a file."""
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def server(running: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    """The file's server, with nothing recorded and nothing scripted."""
    share_service_models(monkeypatch)
    running.reset()
    return running


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What OpenTelemetry has exported."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter
