"""Checks of resolved facts: each listed model on each wire must make sense."""

from __future__ import annotations

from collections.abc import Iterator

from smartllm.rules.lint.check import Context, Finding, check


@check("R009")
def effort_ladder(context: Context) -> Iterator[Finding]:
    """Effort levels rise along the ladder; default and cap are among them."""
    return _found(context, "R009")


@check("R010")
def budgets(context: Context) -> Iterator[Finding]:
    """Budgets rise with the effort, start at the minimum and stay below the maximum output."""
    return _found(context, "R010")


@check("R011")
def consistent(context: Context) -> Iterator[Finding]:
    """Facts do not contradict each other."""
    return _found(context, "R011")


@check("R017")
def wire_tables(context: Context) -> Iterator[Finding]:
    """A wire table says something."""
    for path, row in context.rows():
        for dialect, facts in row.get("wire", {}).items():
            if not facts:
                yield context.at((*path, "wire", dialect), "R017", f"wire.{dialect} is empty")


@check("R021")
def places(context: Context) -> Iterator[Finding]:
    """A fact that names a place in bodies is stated for dialects that have this place."""
    return _found(context, "R021")


def _found(context: Context, code: str) -> Iterator[Finding]:
    """Contradictions at the rows that state the facts, or at the models' rows."""
    for target, found in context.contradictions:
        if found.code == code:
            yield Finding(*target.place(found.paths), code, f"{target.name}: {found.message}")
