"""A loopback server that speaks the OpenAI and Bedrock wires, for tests with the real SDKs."""

from .reply import Recorded, Reply
from .server import LoopbackServer

__all__ = ["LoopbackServer", "Recorded", "Reply"]
