"""Bedrock's public addresses; they stand with the settings, which need them to choose a proxy."""

from smartllm.settings.aws_address import bedrock_address, needs_botocore

__all__ = ["bedrock_address", "needs_botocore"]
