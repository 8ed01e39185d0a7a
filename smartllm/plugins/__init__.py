"""SmartLLM in other people's tools: the ``llm`` command, agents of pydantic-ai, datasets of Ray.

Each needs its package, which an extra of its name installs, such as ``pip install "smartllm[pydantic-ai]"``.
"""
