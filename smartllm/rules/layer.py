"""One rules file: what it holds, and the line of every fact in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import tomli

from smartllm.errors import RulesError
from smartllm.rules.positions import KeyPath, key_lines, line_of

MODELS: Final = Path(__file__).with_name("models.toml")
MODELS_NAME: Final = "smartllm/rules/models.toml"
PROFILES: Final = Path(__file__).with_name("profiles")
PROFILES_NAME: Final = "smartllm/rules/profiles"

LayerKind = Literal["models", "profiles", "overlay"]
"""The shipped models.toml, a shipped file of profiles, or a user's file, which may hold everything."""


@dataclass(frozen=True)
class Layer:
    """One rules file.

    Attributes:
        name: How messages name the file.
        text: Its text.
        data: Its parsed content.
        kind: What it is.
    """

    name: str
    text: str
    data: dict[str, Any]
    kind: LayerKind

    @property
    def overlay(self) -> bool:
        """It is a user's file, not one shipped here."""
        return self.kind == "overlay"

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """Line of each key path."""
        return key_lines(self.text)

    def line(self, path: KeyPath) -> int:
        """Line of a key path, or of the nearest key above it."""
        return line_of(self.lines, path)

    def where(self, path: KeyPath) -> str:
        """``file:line`` of a key path."""
        return f"{self.name}:{self.line(path)}"


@lru_cache(maxsize=1)
def builtin_layers() -> tuple[Layer, ...]:
    """The shipped rules: the models, then the profiles of each vendor.

    What one states no other does, and their shape is right: lint checks both, not each start.
    """
    models = read_layer(MODELS, name=MODELS_NAME, kind="models")
    profiles = (path for path in sorted(PROFILES.iterdir()) if path.suffix == ".toml")
    return models, *(
        read_layer(path, name=f"{PROFILES_NAME}/{path.name}", kind="profiles") for path in profiles
    )


def read_layer(path: str | os.PathLike[str], *, name: str, kind: LayerKind) -> Layer:
    """Read one rules file; its shape is not checked.

    Raises:
        RulesError: It cannot be read or is no TOML; with ``file:line`` first.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        data = tomli.loads(text)
    except OSError as error:
        raise RulesError(f"{name}:1: the rules file cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise RulesError(f"{name}:1: the rules file is not UTF-8 text ({error.reason})") from None
    except tomli.TOMLDecodeError as error:
        raise RulesError(f"{name}:{error.lineno}: not valid TOML: {error.msg}") from None
    return Layer(name, text, data, kind)
