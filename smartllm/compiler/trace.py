"""What a compilation records: where each intent value comes from, and what was changed by which fact."""

from __future__ import annotations

from typing import Any, NamedTuple

from smartllm.diagnostics import Action, Diagnostic, Origin, OriginKind, Severity


class Reason(NamedTuple):
    """The light form of an origin: resolved to file and line only when somebody asks."""

    kind: OriginKind
    name: str


def fact(path: str) -> Reason:
    """A fact says so."""
    return Reason("fact", path)


class Change(NamedTuple):
    """One change, before its fact is looked up; the fields are a ``Diagnostic``'s."""

    code: str
    severity: Severity
    path: str
    action: Action
    asked: Any
    applied: Any
    reason: str
    origin: Reason

    def diagnostic(self, origin: Origin) -> Diagnostic:
        """The diagnostic, with the full origin of its reason."""
        return Diagnostic(*self[:-1], origin)


class Trace:
    """Collects what the passes did.

    Attributes:
        reasons: For each intent field, why it has its present value.
        changes: Changes so far, in order.
    """

    __slots__ = ("changes", "reasons")

    def __init__(self, reasons: dict[str, Reason] | None = None) -> None:
        self.reasons: dict[str, Reason] = {} if reasons is None else reasons
        self.changes: list[Change] = []

    def reason(self, name: str) -> Reason:
        """Why an intent field has its value."""
        return self.reasons.get(name) or Reason("derived", name)

    def changed(
        self,
        code: str,
        path: str,
        *,
        asked: Any,
        applied: Any,
        reason: str,
        fact: str,
        action: Action = "changed",
        severity: Severity = "warning",
        whole: bool = True,
    ) -> None:
        """Record one change, and that the field's value now comes from that fact.

        Args:
            code: A key of ``diagnostics.CODES``.
            path: Request field.
            asked: Value before.
            applied: Value after; None when it is not sent.
            reason: One sentence.
            fact: Path of the fact that forced it.
            action: What was done.
            severity: ``info`` where nothing that the caller wished for is lost.
            whole: All of the field comes from the fact now, not a part of it.
        """
        origin = Reason("fact", fact)
        self.changes.append(Change(code, severity, path, action, asked, applied, reason, origin))
        if whole:
            self.reasons[path] = origin
