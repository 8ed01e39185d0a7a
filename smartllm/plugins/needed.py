"""The package that a plugin is for."""

from __future__ import annotations

from importlib.util import find_spec

from smartllm.errors import MissingExtraError


def need(module: str, extra: str) -> None:
    """Check that a package is there, without loading it.

    Raises:
        MissingExtraError: It is not; the hint is the pip line.
    """
    if find_spec(module) is None:
        raise MissingExtraError(
            f"smartllm.plugins.{module} needs {extra}, which is not installed",
            hint=f'pip install "smartllm[{extra}]"',
        )
