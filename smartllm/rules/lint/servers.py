"""Checks of servers by name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from smartllm.rules.lint.check import Context, Finding, check


@check("R029")
def servers(context: Context) -> Iterator[Finding]:
    """An address tells one server, and a pattern of ids is not hidden by one before it."""
    seen: dict[str | int, str] = {}
    for server, row in context.rules.table("server").items():
        for kind in ("hosts", "ports"):
            for one in row.get(kind, ()):
                other = seen.setdefault(one, server)
                if other != server:
                    message = f"{one!r} tells {other!r} already, which comes first"
                    yield context.at(("server", server, kind), "R029", message)
        patterns = [*row.get("models", {})]
        for at, pattern in enumerate(patterns):
            hiding = next((one for one in patterns[:at] if fnmatchcase(pattern, one)), None)
            if hiding is not None:
                message = f"{pattern!r} is never reached: {hiding!r} stands before it and fits too"
                yield context.at(("server", server, "models", pattern), "R029", message)
