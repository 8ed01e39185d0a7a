"""AWS's public addresses, as botocore would find them; a test compares every region that it knows."""

from __future__ import annotations

import re
from typing import Final

from smartllm.aws_files import aws_text
from smartllm.environment import Environment
from smartllm.errors import ConfigError
from smartllm.said import Named, said

# botocore 1.43.117, data/partitions.json and data/bedrock-runtime/*/endpoint-rule-set-1.json, 2026-11-26:
# the pattern of a partition's regions, and the domain of its addresses.
_PARTITIONS: Final = tuple(
    (re.compile(pattern, re.ASCII), domain)
    for pattern, domain in (
        (r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+", "amazonaws.com"),
        (r"cn-\w+-\d+|aws-cn-global", "amazonaws.com.cn"),
        (r"us-gov-\w+-\d+|aws-us-gov-global", "amazonaws.com"),
        (r"eusc-de-\w+-\d+", "amazonaws.eu"),
        (r"us-iso-\w+-\d+|aws-iso-global", "c2s.ic.gov"),
        (r"us-isob-\w+-\d+|aws-iso-b-global", "sc2s.sgov.gov"),
        (r"eu-isoe-\w+-\d+|aws-iso-e-global", "cloud.adc-e.uk"),
        (r"us-isof-\w+-\d+|aws-iso-f-global", "csp.hci.ic.gov"),
        (r"aws-global", "amazonaws.com"),
    )
)
_VARIABLES: Final = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
# In a profile or a services section, of either file: botocore merges them.
_KEYS: Final = re.compile(
    r"^\s*(?:endpoint_url|services|use_fips_endpoint|use_dualstack_endpoint|ignore_configured_endpoint_urls)\s*[=:]",
    re.MULTILINE,
)


def public_address(service: str, region: str) -> str | None:
    """The public address of a service in a region; None if only botocore can tell."""
    for pattern, domain in _PARTITIONS:
        if pattern.fullmatch(region):
            return f"https://{service}.{region}.{domain}"
    return None


def no_such_address(title: str) -> ConfigError:
    """The error for a host whose address no rule of AWS's tells, where the plain one is not wanted.

    Args:
        title: The host's name for people.
    """
    return ConfigError(
        said(
            "{}: AWS's variables or files ask for another address than the public one (FIPS, dual-stack or "
            "one of your own), and for {} none is known",
            Named("endpoint_url"),
            title,
        ),
        hint=said("give the address as {}, or take another {}", Named("endpoint_url"), Named("api_type")),
    )


def needs_botocore(environment: Environment) -> bool:
    """Whether AWS's variables or files ask for another address than the public one.

    FIPS and dual-stack addresses, and ``endpoint_url`` in a profile; the profile is not looked at, so that a
    key of any of them counts.
    """
    return any(environment.get(name) for name in _VARIABLES) or bool(_KEYS.search(aws_text(environment)))
