"""A plugin for ``llm``, the command line tool and library: ``llm -m smartllm/<id>`` goes through SmartLLM.

Every model of the rules that can be called has a name there, overlays' models too. What was changed on the
way is told on standard error, or as a ``UserWarning`` outside of the command.
"""

from __future__ import annotations

from smartllm.plugins.needed import need

need("llm", "llm")

from smartllm.plugins.llm.models import AsyncSmartLLM, SmartLLM, register_models  # noqa: E402 - see above

__all__ = ["AsyncSmartLLM", "SmartLLM", "register_models"]
