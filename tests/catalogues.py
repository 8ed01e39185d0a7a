"""Catalogues of our own making, as the archives that registries serve, and rules to compare them with."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drift.archives import Archive
from drift.claims import Claim
from drift.command import claims_of
from drift.compare import Table
from drift.readers import CATALOGUES

from smartllm.rules import load_rules

TODAY = dt.date(2026, 11, 26)

OVERLAY = """\
[vendor.acme]
host = "bedrock"
families = ["rocket", "kite"]
latest = "rocket"

[profile.rocket]
extends = "converse"
verified = 2026-11-26
source = ["https://example.com/rocket"]
sampling = "always"
streaming = true
limits = { max_output = 1000, context = 9000 }
thinking.modes = ["effort"]
effort.levels = ["low", "high"]
tools.functions = "always"

[model]
rocket-1 = "rocket"
rocket-2 = "rocket"
kite-2 = "rocket"
kite-1 = { profile = "rocket", endpoints = [] }

[retired]
rocket-0 = { vendor = "acme", shutdown = 2026-01-31 }

[on.bedrock.model]
rocket-1 = { lifecycle = { state = "retired", shutdown = 2026-10-01 }, ids.name = "acme.rocket-1" }

[on.bedrock.model.rocket-2]
lifecycle = { state = "legacy", shutdown = 2027-02-01, successor = "kite-2" }
ids = { name = "acme.rocket-2-v1:0", prefixes = ["us", "global"] }
"""


def table(tmp_path: Path, more: str = "") -> Table:
    """Rules that know two rockets on Bedrock, and a kite that no host serves."""
    path = tmp_path / "acme.toml"
    path.write_text(OVERLAY, encoding="utf-8")
    files = [path]
    if more:
        files.append(tmp_path / "more.toml")
        files[-1].write_text(more, encoding="utf-8")
    return Table(load_rules(files), TODAY)


def wheel(folder: Path, package: str, files: Mapping[str, str], version: str = "1.0") -> Archive:
    """A wheel."""
    path = folder / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return Archive(path)


def packed(folder: Path, package: str, files: Mapping[str, str], version: str = "1.0") -> Archive:
    """A package of npm."""
    path = folder / f"{package.removeprefix('@').replace('/', '-')}-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return Archive(path)


def prices(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The files of a price map of litellm's form."""
    chat = {"litellm_provider": "bedrock_converse", "mode": "chat"}
    text = json.dumps({name: {**chat, **row} for name, row in rows.items()})
    return {"litellm/model_prices_and_context_window_backup.json": text}


def claim(model: str, host: str = "bedrock", page: str | None = None, **facts: Any) -> Claim:
    """A claim; ``__`` in the name of a fact stands for its dot."""
    return Claim(host, model, {name.replace("__", "."): value for name, value in facts.items()}, page)


def read(name: str, folder: Path, files: Mapping[str, str]) -> list[Claim]:
    """The claims of a catalogue whose package has these files."""
    catalogue = CATALOGUES[name]
    make = wheel if catalogue.registry == "pypi" else packed
    return claims_of(catalogue, make(folder, catalogue.package, files))


def said(claims: list[Claim]) -> dict[tuple[str, str], dict[str, Any]]:
    """The facts that claims state, by host and id."""
    return {
        (item.host, item.model): {name: value for name, value in item.facts.items() if value is not None}
        for item in claims
    }
