"""The command line."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from drift.archives import Archive, DriftError, download, stored
from drift.claims import Catalogue, Claim
from drift.compare import Table, compare
from drift.dismissed import FILE, read, sort
from drift.readers import CATALOGUES
from drift.report import Report, report
from smartllm.errors import SmartLLMError
from smartllm.rules import load_rules


def compared(
    archives: dict[str, Archive],
    unread: dict[str, str],
    table: Table,
    dismissed: Path = FILE,
) -> Report:
    """The report on some catalogues.

    Args:
        archives: Their packages by the catalogue's name.
        unread: Why other catalogues could not be had.
        table: The rules.
        dismissed: The file of dismissals.

    Raises:
        DriftError: The file of dismissals is wrong.
    """
    dismissals = read(dismissed, CATALOGUES)
    claims: dict[str, list[Claim]] = {}
    failed = dict(unread)
    for name, archive in archives.items():
        try:
            claims[name] = claims_of(CATALOGUES[name], archive)
        except DriftError as error:
            failed[name] = str(error)
    found = sort(compare(claims, table), dismissals, claims, CATALOGUES)
    versions = {name: (archives[name].version, len(items)) for name, items in claims.items()}
    pages = {name: row.page for name, row in CATALOGUES.items()}
    return report(versions, failed, found, table, pages)


def claims_of(catalogue: Catalogue, archive: Archive) -> list[Claim]:
    """All claims of a catalogue.

    Raises:
        DriftError: Its form is another than the reader knows.
    """
    try:
        claims = list(catalogue.read(archive))
    except (LookupError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError) as error:
        kind = type(error).__name__
        raise DriftError(
            f"{archive.path.name} has another form: its reader needs a look ({kind}: {error})"
        ) from None
    if not claims:
        raise DriftError(f"{archive.path.name} holds no claim that is understood: its reader needs a look")
    return claims


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Where archives are: a folder that stays, or one for this run."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        yield Path(name)


def _archives(
    names: Sequence[str], folder: Path, *, offline: bool
) -> tuple[dict[str, Archive], dict[str, str]]:
    """The packages of catalogues, and why others could not be had."""
    found, unread = {}, {}
    for name in names:
        package, registry = CATALOGUES[name].package, CATALOGUES[name].registry
        try:
            found[name] = stored(package, folder) if offline else download(package, registry, folder)
        except DriftError as error:
            unread[name] = str(error)
    return found, unread


@click.command()
@click.option("--catalogue", "names", multiple=True, type=click.Choice(list(CATALOGUES)), help="Only these.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep the archives there.")
@click.option("--offline", is_flag=True, help="Read what --folder has; download nothing.")
@click.option("--dismissed", default=FILE, type=click.Path(path_type=Path), help="The file of dismissals.")
@click.option("--rules", multiple=True, type=click.Path(), help="Overlays of the rules.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    names: tuple[str, ...],
    folder: Path | None,
    dismissed: Path,
    rules: tuple[str, ...],
    *,
    offline: bool,
    as_json: bool,
) -> None:
    """Print what public catalogues say otherwise than the rules, as rows to paste.

    The newest of each comes from its registry into a temporary folder and is read there: nothing is installed
    or run. Exit code 1: something is open, or a catalogue could not be read; 2: none could.
    """
    if offline and folder is None:
        raise click.UsageError("--offline reads what --folder has: name one")
    today = dt.datetime.now(tz=dt.UTC).date()
    try:
        table = Table(load_rules(rules), today)
        with _folder(folder) as place:
            archives, unread = _archives(names or tuple(CATALOGUES), place, offline=offline)
            found = compared(archives, unread, table, dismissed)
    except (DriftError, SmartLLMError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(found.json() if as_json else "\n".join(found.lines(today)))
    if not found.read:
        raise SystemExit(2)
    raise SystemExit(0 if found.clean else 1)
