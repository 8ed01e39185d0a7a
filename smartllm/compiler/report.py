"""What a compilation records: diagnostics, and where each intent value comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

from smartllm.diagnostics import Action, Diagnostic, Origin, OriginKind, Severity
from smartllm.rules.target import Target


class Because(NamedTuple):
    """The light form of an origin: resolved to file and line only when somebody asks."""

    kind: OriginKind
    name: str


def fact(path: str) -> Because:
    """Because a fact says so."""
    return Because("fact", path)


class Report:
    """Collects what the passes did.

    Attributes:
        diagnostics: Changes so far.
        because: For each intent field, why it has its present value.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.diagnostics: list[Diagnostic] = []
        self.because: dict[str, Because] = {}

    def origin(self, because: Because) -> Origin:
        """The full origin of a reason."""
        if because.kind == "fact":
            return self.target.origin(because.name)
        return Origin(because.kind, because.name)

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
        """
        origin = self.target.origin(fact)
        self.diagnostics.append(Diagnostic(code, severity, path, action, asked, applied, reason, origin))
        self.because[path] = Because("fact", fact)
