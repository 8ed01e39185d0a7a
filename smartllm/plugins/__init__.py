"""SmartLLM as a model in other people's tools: a plugin for the ``llm`` command, a model for pydantic-ai.

Each needs its package, which an extra of its name installs: ``pip install "smartllm[llm]"`` or
``pip install "smartllm[pydantic-ai]"``.
"""
