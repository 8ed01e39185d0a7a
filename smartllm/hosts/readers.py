"""The error readers, by the name that a host's row gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from smartllm.errors import ProviderError
from smartllm.hosts.anthropic import anthropic_error
from smartllm.hosts.aws import aws_error
from smartllm.hosts.called import Called
from smartllm.hosts.openai import openai_error
from smartllm.rules.vocabulary.host import ErrorShape


class ErrorReader(NamedTuple):
    """Reads a host's errors.

    Attributes:
        read: Makes our error of status, headers and body, and of what was called.
        known_elsewhere: Other servers speak the host's API too, each with paths of its own.
    """

    read: Callable[[int, Mapping[str, str], bytes, Called], ProviderError]
    known_elsewhere: bool


ERROR_READERS: Final[dict[ErrorShape, ErrorReader]] = {
    "openai": ErrorReader(openai_error, known_elsewhere=True),
    "aws": ErrorReader(aws_error, known_elsewhere=False),
    "anthropic": ErrorReader(anthropic_error, known_elsewhere=False),
}
