"""AWS's public addresses, as botocore would find them; a test compares every region that it knows."""

from __future__ import annotations

import os
import re
from typing import Final

from smartllm.environment import Environment, home_folder

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
_LARGEST: Final = 1 << 20
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


def needs_botocore(environment: Environment) -> bool:
    """Whether AWS's variables or files ask for another address than the public one.

    FIPS and dual-stack addresses, and ``endpoint_url`` in a profile; the profile is not looked at, so that a
    key of any of them counts.
    """
    return any(environment.get(name) for name in _VARIABLES) or bool(_KEYS.search(aws_files(environment)))


def aws_files(environment: Environment) -> str:
    """The text of AWS's configuration and credentials files; nothing of what cannot be read."""
    texts = []
    for name in aws_file_names(environment).values():
        try:
            with open(name, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a path of any content
                texts.append(file.read(_LARGEST))
        except (OSError, ValueError):
            continue
    return "\n".join(texts)


def aws_file_names(environment: Environment) -> dict[str, str]:
    """Where AWS's two files are, by botocore's names for these settings."""
    home = home_folder(environment) or ""
    names = {
        "config_file": environment.get("AWS_CONFIG_FILE") or "~/.aws/config",
        "credentials_file": environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
    }
    return {kind: home + name[1:] if name.startswith("~/") else name for kind, name in names.items()}


def profile_ca_bundle(environment: Environment) -> str | None:
    """``ca_bundle`` of the profile in use."""
    text = aws_files(environment)
    if "ca_bundle" not in text:
        return None
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - hardly ever needed

    parser = RawConfigParser(strict=False)
    profile = environment.first("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
    name = "default" if profile is None else profile.value
    try:
        parser.read_string(text)
        for section in (f"profile {name}", name):
            if found := parser.get(section, "ca_bundle", fallback=None):
                return os.path.expandvars(found)
    except Error:  # botocore says what is wrong with the file
        return None
    return None
