"""Every test runs without the developer's own keys, rules, configuration and default models."""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from browsers import Caller
from how_many import examples
from warm import Warm
from wires import share_service_models

from smartllm.log import announce
from smartllm.testing import LoopbackServer

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

# The tree may be read-only, and the environment of CI has settings of its own.
hypothesis.settings.register_profile(
    "read-only",
    hypothesis.settings.default,
    database=None,
    max_examples=examples(100),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # it measures who else is on the machine
)
hypothesis.settings.load_profile("read-only")

# A job in the background of a script (``.ci/run &``) ignores Ctrl-C, which processes of tests are to hear.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# ``llm`` reads which plugins to load when it is imported: its tests register ours, and no other is there.
os.environ["LLM_LOAD_PLUGINS"] = ""

# Without the package that a plugin is for its tests are left out, but not where CI has to have it.
collect_ignore_glob = [
    f"guests/{files}"
    for module in ("llm", "pydantic_ai")
    if importlib.util.find_spec(module) is None and not os.environ.get("CI")
    for files in (f"test_{module}*.py", "test_guest_*.py")
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for clocks, servers and processes."""
    return (os.cpu_count() or 1) + 1


_PREFIXES = ("OPENAI_", "ANTHROPIC_", "AZURE_", "AWS_", "BEDROCK_", "SMARTLLM_")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``pytest tests/integration/ --model gpt-4o`` asks the real provider, with the environment's keys."""
    parser.addoption("--model", help="Model for the live tests in tests/integration/.")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: thousands of tests are none, then or at any later look."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Python processes that need not load everything first."""
    with Warm() as process:
        yield process


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' homes are; pytest's own numbered folders get slower with each one."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Path) -> Iterator[Path]:
    """An environment without settings, and an empty folder as home."""
    # Each process that a test starts would compile all of our sources anew.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for name in list(os.environ):
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    home = Path(tempfile.mkdtemp(dir=homes))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield home
    with suppress(OSError):  # it is not empty
        home.rmdir()


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
def reachable(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackServer:
    """The file's server, which the environment names, for commands at a plain terminal in an empty folder."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)
    return server


@pytest.fixture
def caller(server: LoopbackServer) -> Iterator[Caller]:
    """One connection to a test's server."""
    with Caller(server.url) as found:
        yield found


@pytest.fixture(scope="module")
def checking() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as started:
        yield started


@pytest.fixture
def guest_server(checking: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackServer:
    """A server that refuses what providers refuse, for plugins of other tools; the environment names it."""
    checking.reset()
    for name, value in checking.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    return checking


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


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    """What OpenTelemetry has measured."""
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: provider)
    return reader
