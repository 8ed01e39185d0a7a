"""Test code that uses SmartLLM without a key: a server on the loopback address, and a transport without one.

The server speaks the real wires (OpenAI Responses and Chat Completions, Bedrock InvokeModel and Converse,
streams included) and needs aiohttp: ``pip install "smartllm[testing]"``. For pytest there is a fixture,
``smartllm_sandbox``: put ``pytest_plugins = ["smartllm.testing.plugin"]`` into ``conftest.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fake import FakeTransport
from .reply import Recorded, Reply

if TYPE_CHECKING:
    from .server import LoopbackServer

__all__ = ["FakeTransport", "LoopbackServer", "Recorded", "Reply"]


def __getattr__(name: str) -> Any:
    if name == "LoopbackServer":
        from .server import LoopbackServer  # noqa: PLC0415 - needs aiohttp, the others do not

        return LoopbackServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
