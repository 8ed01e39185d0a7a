"""Which service runs a folder's jobs: by the shape of the provider's engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import ConfigError
from smartllm.rules import load_rules
from smartllm.rules.hosts import host_row

if TYPE_CHECKING:
    from smartllm.runtime.batch.service import BatchService
    from smartllm.settings import Settings


def service_of(settings: Settings, about: Mapping[str, Any]) -> BatchService:
    """The service of a provider's batch engine.

    Args:
        settings: Keys, addresses, limits.
        about: What a folder says of itself; for Bedrock ``s3`` (where files go, ``s3://bucket/prefix``),
            ``role_arn`` (the role that AWS takes to read and write them), and optionally ``s3_owner`` (the
            bucket's account), ``kms_key`` and ``hours`` (how long a job may wait).

    Raises:
        ConfigError: The provider has no engine, or one of these is missing or cannot be used.
        MissingExtraError: The provider's SDK is not installed.
    """
    row = host_row(settings.provider, load_rules(settings.rules))
    if row.batch is None:
        raise ConfigError(
            f"{row.title or settings.provider} has no batch engine that is known",
            hint="smartllm batch run answers a file online",
        )
    return _SERVICES[row.batch.shape](settings, about)


def _openai(settings: Settings, _: Mapping[str, Any]) -> BatchService:
    from smartllm.runtime.batch.openai import OpenAIBatches  # noqa: PLC0415 - loads the SDK

    return OpenAIBatches(settings)


def _bedrock(settings: Settings, about: Mapping[str, Any]) -> BatchService:
    from smartllm.runtime.batch.bedrock import BedrockJobs  # noqa: PLC0415 - loads the SDK

    return BedrockJobs(settings, about)


_SERVICES: Final[Mapping[str, Callable[[Settings, Mapping[str, Any]], BatchService]]] = {
    "openai": _openai,
    "bedrock": _bedrock,
}
