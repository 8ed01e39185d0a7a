"""The environment as it was when it was looked at: a copy, and where each value came from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from smartllm.errors import ConfigError
from smartllm.providers import ROWS

RULES: Final = "SMARTLLM_RULES"
MODELS: Final[Mapping[str, str]] = {name: row.default_model for name, row in ROWS.items()}
"""The variables that name the model for requests that name none, by provider."""


class Source(NamedTuple):
    """Where a value came from.

    Attributes:
        kind: A setting of the caller's, a variable of the environment, a default, or made from others.
        name: The field, the variable, or what it was made from.
    """

    kind: Literal["setting", "environment", "default", "derived"]
    name: str


class Found(NamedTuple):
    """A value and its source; the name is the one that messages use."""

    value: str
    source: Source


class Environment:
    """A private copy of the environment's variables.

    Args:
        variables: What to copy; None copies the process's own, and lets the operating system's proxy
            settings count where it has any.
    """

    __slots__ = ("_variables", "own")

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self.own = variables is None
        self._variables = dict(os.environ if variables is None else variables)

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values that are text."""
        for name, value in self._variables.items():
            if isinstance(name, str) and isinstance(value, str):
                yield name, value

    def get(self, name: str) -> str | None:
        """A variable without the white space around it; None if it is missing or empty.

        Raises:
            ConfigError: It is no text, which only a mapping of the caller's can hold.
        """
        value = self._variables.get(name)
        if value is not None and not isinstance(value, str):
            raise ConfigError(f"{name} is not usable: the environment holds text, not {type(value).__name__}")
        return (value or "").strip() or None

    def first(self, *names: str) -> Found | None:
        """The first of some variables that is set."""
        for name in names:
            if (value := self.get(name)) is not None:
                return Found(value, Source("environment", name))
        return None

    def truth(self, name: str) -> bool:
        """Whether a variable says ``true``, as AWS's libraries read it."""
        return (self.get(name) or "").lower() == "true"


def home_folder(variables: Mapping[str, str] | Environment) -> str | None:
    """The user's home: HOME, else what the system's list of users says; None without either."""
    home = variables.get("HOME") or ""
    if os.path.isabs(home):  # noqa: PTH117 - text, as the variables are
        return home
    try:
        import pwd  # noqa: PLC0415 - Windows has none

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError, OSError):
        return None


def ambient_rules(variables: Mapping[str, str] | Environment) -> tuple[str, ...]:
    """Overlay files that hold for everybody: the user's own if there is one, then those in SMARTLLM_RULES."""
    user_file = _user_rules(variables)
    found = [user_file] if user_file is not None and os.path.isfile(user_file) else []  # noqa: PTH113 - each compilation looks
    return (*found, *filter(None, (variables.get(RULES) or "").split(os.pathsep)))


def _user_rules(variables: Mapping[str, str] | Environment) -> str | None:
    """Where platformdirs puts it; said here for Linux, since loading platformdirs takes 20 ms."""
    if sys.platform == "linux" and "ANDROID_DATA" not in variables:
        folder = variables.get("XDG_CONFIG_HOME") or ""
        if not os.path.isabs(folder):  # noqa: PTH117 - text, as the variables are
            home = home_folder(variables)
            folder = "" if home is None else f"{home}/.config"
        return f"{folder}/smartllm/rules.toml" if folder else None
    from platformdirs import user_config_path  # noqa: PLC0415 - see above

    try:
        return str(user_config_path("smartllm") / "rules.toml")
    except RuntimeError:  # there is no home
        return None
