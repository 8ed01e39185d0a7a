"""Functions that give keys, and clients that ask them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from wires import RESPONSES

from smartllm import LLMClient
from smartllm.testing import LoopbackServer


class Keys:
    """Gives sk-0001, then sk-0002, and so on."""

    def __init__(self) -> None:
        self.asked = 0
        self.threads: set[int] = set()

    def __call__(self) -> str:
        self.asked += 1
        self.threads.add(threading.get_ident())
        return f"sk-turn-{self.asked:04}"

    async def later(self) -> str:
        await asyncio.sleep(0)
        return self()


def client_of(server: LoopbackServer, key: Any, **given: Any) -> LLMClient:
    return RESPONSES.client(server.url, **{"api_key": key, **given})


def sent(server: LoopbackServer) -> list[str]:
    """The keys of all requests."""
    return [request.headers["authorization"].removeprefix("Bearer ") for request in server.requests]
