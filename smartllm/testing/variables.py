"""The environment in which code meets the sandbox in place of the providers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smartllm.testing.server import LoopbackServer

OTHERS: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
)
"""Variables of the user's own accounts, which would lead elsewhere or be told to the sandbox."""


def environment_of(variables: Mapping[str, str], server: LoopbackServer, folder: Path) -> dict[str, str]:
    """The environment of code that is tried: the user's own, with the sandbox in place of the providers.

    Args:
        variables: The user's own.
        server: The sandbox.
        folder: Where its answers are kept, apart from those of providers.
    """
    kept = {name: value for name, value in variables.items() if name not in OTHERS}
    if "AWS_REGION" not in kept:
        kept.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # other SDKs have no default
    own = {"SMARTLLM_CACHE_DIR": str(folder / "cache"), "SMARTLLM_TALKS_DIR": str(folder / "talks")}
    return {**kept, **server.environment(), **own}
