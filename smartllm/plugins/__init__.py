"""SmartLLM in other people's tools: a plugin for the ``llm`` command, a model for pydantic-ai, rows of Ray Data.

Each needs its package, which an extra of its name installs, such as ``pip install "smartllm[pydantic-ai]"``.
"""
