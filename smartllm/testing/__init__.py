"""Test code that uses SmartLLM without a key: a server on the loopback address, and a transport without one.

The server speaks the real wires of OpenAI, Azure OpenAI and Anthropic (Responses, Chat Completions,
Messages), and all that Bedrock's endpoints have of these, InvokeModel and Converse beside them, with streams.
``pip install "smartllm[testing]"`` brings what it needs, pytest, and a client for OpenAI.
For pytest there is a fixture, ``smartllm_sandbox``: put ``pytest_plugins = ["smartllm.testing.plugin"]``
into ``conftest.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.errors import MissingExtraError

from .fake import FakeTransport
from .reply import Recorded, Reply

if TYPE_CHECKING:
    from .server import LoopbackServer

__all__ = ["FakeTransport", "LoopbackServer", "Recorded", "Reply"]


def __getattr__(name: str) -> Any:
    if name == "LoopbackServer":
        try:
            from .server import LoopbackServer  # noqa: PLC0415 - needs aiohttp, the others do not
        except ImportError as error:
            if error.name != "aiohttp":
                raise
            raise MissingExtraError(
                "smartllm.testing.LoopbackServer needs aiohttp, which is not installed",
                hint='pip install "smartllm[testing]"',
            ) from None
        return LoopbackServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
