"""AWS's configuration and credentials files, as far as settings need them before any SDK is loaded."""

from __future__ import annotations

import shlex
from typing import Final

from smartllm.environment import Environment, Found, home_folder

_LARGEST: Final = 1 << 20
_CONFIG: Final = "config_file"


def aws_file_names(environment: Environment) -> dict[str, str]:
    """Where AWS's two files are, by botocore's names for these settings."""
    home = home_folder(environment) or ""
    names = {
        _CONFIG: environment.get("AWS_CONFIG_FILE") or "~/.aws/config",
        "credentials_file": environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
    }
    return {kind: home + name[1:] if name.startswith("~/") else name for kind, name in names.items()}


def aws_text(environment: Environment) -> str:
    """The text of both files; nothing of what cannot be read."""
    return "\n".join(_text(name) for name in aws_file_names(environment).values())


def profile_in_use(environment: Environment) -> Found | None:
    """The profile that the environment names."""
    return environment.first("AWS_DEFAULT_PROFILE", "AWS_PROFILE")


def profiles(environment: Environment) -> dict[str, dict[str, str]] | None:
    """What stands in each profile, the credentials file over the other, as botocore merges them.

    Returns:
        Keys and values by the profile's name; None where a file is none that can be read so: botocore says
        what is wrong with it.
    """
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - hardly ever needed

    found: dict[str, dict[str, str]] = {}
    for kind, path in aws_file_names(environment).items():
        parser = RawConfigParser(default_section="", strict=False)
        try:
            parser.read_string(_text(path))
        except Error:
            return None
        for section in parser.sections():
            name = _profile_of(section) if kind == _CONFIG else section
            if name is not None:
                found.setdefault(name, {}).update(parser.items(section))
    return found


def _profile_of(section: str) -> str | None:
    """The profile of a section of the configuration file; its other sections are not."""
    try:
        words = shlex.split(section)
    except ValueError:  # a quotation mark without its other half
        return None
    if words == ["default"]:
        return "default"
    return words[1] if len(words) == 2 and words[0] == "profile" else None  # noqa: PLR2004 - [profile name]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a path of any content
            return file.read(_LARGEST)
    except (OSError, ValueError):
        return ""
