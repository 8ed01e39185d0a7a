"""Changeable defaults: set an attribute of this module before making a client or a configuration."""

from __future__ import annotations

provider: str = "openai"
"""Provider when neither the configuration nor the environment tells."""

max_retries: int = 3
"""Retries after the first attempt."""

retry_delay: float = 1.0
"""First backoff bound in seconds."""

max_retry_delay: float = 60.0
"""Largest backoff in seconds."""

aws_region: str = "us-east-1"
"""Region when neither the configuration nor the environment names one."""

read_timeout: float = 300.0
"""Longest silence of the provider in seconds."""

connect_timeout: float = 10.0
"""Longest time to open a connection in seconds."""

total_timeout: float = 3600.0
"""Longest time of a whole call, retries included, in seconds."""

max_retry_after: float = 120.0
"""Longest wait in seconds that a provider may ask for before a retry."""

retry_budget: float | None = 500.0
"""Tokens of the bucket that pays for a client's retries; None switches it off."""
