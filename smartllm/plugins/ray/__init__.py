"""Many machines that ask at once: SmartLLM's client over the rows of a dataset of Ray Data."""

from __future__ import annotations

from smartllm.plugins.needed import need

need("ray", "ray")

from smartllm.plugins.ray.dataset import ask  # noqa: E402 - see above
from smartllm.plugins.rows import COLUMNS  # noqa: E402

__all__ = ["COLUMNS", "ask"]
