"""Where talks of the shell are kept: one private file each, written whole, the oldest dropped.

Files hold the turns and what model answered them; no key, no header, no login.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from smartllm.errors import ConfigError
from smartllm.runtime.cache.files import decoded, encoded, listed, read_plain, unlinked
from smartllm.runtime.cache.files import replace as put

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ENVIRONMENT: Final = "SMARTLLM_TALKS_DIR"
OFF: Final = "off"
"""What the variable says where nothing is to be kept."""
FORMAT: Final = 1
_NAME: Final = re.compile(r"(\d{8}-\d{6}-[0-9a-f]{4})\.json", re.ASCII)
_LOCK: Final = ".lock"
_LINES: Final = "lines"
_MOST: Final = 500
_MOST_BYTES: Final = 256 * 1024 * 1024
_LARGEST: Final = 32 * 1024 * 1024


class NotKeptError(Exception):
    """A talk cannot be kept; says why."""


@dataclass(frozen=True)
class Talk:
    """Turns that were kept.

    Attributes:
        messages: The turns as JSON has them.
        system_prompt: The system text.
        target: Who answers: ``model``, ``provider``, ``api_type``, ``like``, ``base_url``, ``compatible``,
            ``aws_profile``; those that were given.
        id: Its name; empty before it is kept.
        updated: When it was kept last, ISO 8601 in UTC.
        revision: How often it was kept.
    """

    messages: list[dict[str, Any]]
    system_prompt: str | None = None
    target: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    updated: str = ""
    revision: int = 0

    @property
    def title(self) -> str:
        """The first words of the first turn."""
        content = self.messages[0].get("content")
        parts = content if isinstance(content, list) else [content]
        words = [part.get("text") if isinstance(part, dict) else part for part in parts]
        return " ".join(" ".join(word for word in words if isinstance(word, str)).split())


def request_of(talk: Talk) -> dict[str, Any]:
    """A talk as the fields of a request file."""
    named = ("model", "api_type", "like")
    fields = {name: talk.target[name] for name in named if name in talk.target}
    system = {} if talk.system_prompt is None else {"system_prompt": talk.system_prompt}
    return {**fields, **system, "messages": talk.messages}


class TalkStore:
    """The talks in a folder.

    Args:
        folder: Where; None keeps nothing.
        most: Talks that are kept.
        most_bytes: Bytes of all of them.
        largest: Bytes of one.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        most: int = _MOST,
        most_bytes: int = _MOST_BYTES,
        largest: int = _LARGEST,
    ) -> None:
        self.folder = folder
        self._most, self._most_bytes, self._largest = most, most_bytes, largest

    @classmethod
    def of_user(cls, variables: Mapping[str, str] | None = None) -> TalkStore:
        """The user's own: where SMARTLLM_TALKS_DIR says, else where the system keeps such things."""
        named = (os.environ if variables is None else variables).get(ENVIRONMENT, "").strip()
        if named:
            return cls(None if named.lower() == OFF else Path(os.path.expanduser(named)))  # noqa: PTH111 - ~nobody raises
        from platformdirs import user_state_path  # noqa: PLC0415 - slow to load

        try:
            return cls(user_state_path("smartllm") / "talks")
        except RuntimeError:  # there is no home
            return cls(None)

    def ids(self) -> list[str]:
        """The talks' names, the last one first; no file is read."""
        found = []
        for path in self._files():
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime_ns, path.stem))
        return [name for _, name in sorted(found, reverse=True)]

    def read(self, name: str) -> Talk | None:
        """A talk by its whole name; None where there is none that can be read."""
        if self.folder is None or not _NAME.fullmatch(f"{name}.json"):
            return None
        try:
            data, _ = read_plain(str(self.folder), f"{name}.json", self._largest)
            found = decoded(data)
        except (OSError, ValueError, RecursionError):
            return None
        return _talk(found, name)

    def find(self, beginning: str = "") -> Talk:
        """A talk by the beginning of its name; the last one without.

        Raises:
            ConfigError: There is none, or there are several.
        """
        if self.folder is None:
            raise ConfigError("talks are not kept", hint=f"{ENVIRONMENT}={OFF} says so; unset it")
        names = self._begun(beginning)
        # What cannot be read is as good as gone, unless it is the one that was asked for.
        talk = next((talk for name in names if (talk := self.read(name)) is not None), None)
        if talk is None:
            if beginning:
                raise ConfigError(
                    f"no talk begins with {beginning[:80]!r}", hint="smartllm talks ls lists them"
                )
            raise ConfigError(
                f"there is no talk yet in {self.folder}", hint="smartllm run and smartllm chat begin one"
            )
        return talk

    def named(self, beginning: str) -> str:
        """The whole name of a talk, which need not be readable.

        Raises:
            ConfigError: There is none, or there are several.
        """
        if not beginning:
            raise ConfigError("the name of a talk is empty")
        return next(iter(self._begun(beginning)), "") or self.find(beginning).id

    def _begun(self, beginning: str) -> list[str]:
        """The names with a beginning, of which there is one at most where it says anything."""
        names = [name for name in self.ids() if name.startswith(beginning)]
        if beginning and len(names) > 1:
            raise ConfigError(f"{len(names)} talks begin with {beginning}: {', '.join(names[:5])}")
        return names

    def keep(self, talk: Talk, secrets: Collection[str] = ()) -> Talk:
        """Keep a talk; as a new one if another process has gone on with it meanwhile.

        Args:
            talk: The talk.
            secrets: What must not stand in it.

        Returns:
            It as it was kept.

        Raises:
            NotKeptError: It is too large, holds a secret, or cannot be written.
        """
        if self.folder is None:
            return talk
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked(self.folder):
                kept = self._next(talk)
                data = encoded(_entry(kept), secrets=secrets)
                if len(data) > self._largest:
                    raise NotKeptError(f"it has {len(data):,} bytes; at most {self._largest:,} are kept")
                put(self.folder / f"{kept.id}.json", data, fsync=False)
                self._drop(kept.id)
        except OSError as error:
            why = f"{self.folder}: {error.strerror or error}; {ENVIRONMENT}={OFF} keeps none"
            raise NotKeptError(why) from None
        except ValueError:
            raise NotKeptError("it holds a key") from None
        return kept

    def remove(self, name: str) -> bool:
        """Remove a talk; whether it went."""
        return self.folder is not None and unlinked(self.folder / f"{name}.json")

    def lines(self) -> Path | None:
        """The file of what is typed into chats, private and there; None where nothing is kept."""
        if self.folder is None:
            return None
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            os.close(os.open(self.folder / _LINES, flags, 0o600))
            return self.folder / _LINES
        return None

    def forget_lines(self) -> None:
        """Remove what was typed into chats."""
        if self.folder is not None:
            unlinked(self.folder / _LINES)

    def _next(self, talk: Talk) -> Talk:
        now = datetime.now(UTC)
        stands = self.read(talk.id) if talk.id else None
        if stands is None or stands.revision != talk.revision:
            talk = replace(talk, id=f"{now:%Y%m%d-%H%M%S}-{token_hex(2)}", revision=0)
        return replace(talk, updated=now.isoformat(timespec="seconds"), revision=talk.revision + 1)

    def _drop(self, kept: str) -> None:
        """Remove the oldest over the limits, and what killed processes left."""
        size = 0
        for number, name in enumerate([kept, *(one for one in self.ids() if one != kept)]):
            path = self._path(name)
            with contextlib.suppress(OSError):
                size += path.stat().st_size
            if number and (number >= self._most or size > self._most_bytes):
                unlinked(path)
        for path in [] if self.folder is None else self.folder.glob(".tmp-*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > 3600:  # noqa: PLR2004 - an hour
                    unlinked(path)

    @contextlib.contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        """Alone among processes, for as long as it takes to write a file."""
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _files(self) -> list[Path]:
        folder = self.folder
        return [] if folder is None else [folder / name for name in listed(folder) if _NAME.fullmatch(name)]

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.json"


def _entry(talk: Talk) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "revision": talk.revision,
        "updated": talk.updated,
        "target": dict(talk.target),
        "system_prompt": talk.system_prompt,
        "messages": talk.messages,
    }


def _talk(found: Any, name: str) -> Talk | None:
    """The talk that a file holds; None for anything else."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return None
    messages, target, system = found.get("messages"), found.get("target"), found.get("system_prompt")
    revision, updated = found.get("revision"), found.get("updated")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        return None
    if not isinstance(target, dict) or not isinstance(revision, int) or not isinstance(updated, str):
        return None
    told = {str(key): value for key, value in target.items() if isinstance(value, str)}
    return Talk(messages, system if isinstance(system, str) else None, told, name, updated, revision)
