"""What compiler, answers and lint report, and about what pages disagree."""

from __future__ import annotations

from pages.text import code, head, table, written
from smartllm.diagnostics import CODES
from smartllm.rules import load_rules
from smartllm.rules.evidence import fact_rows
from smartllm.rules.lint import CHECKS


def page() -> str:
    """Every diagnostic and every lint check."""
    lines = [
        *head("Diagnostics and lint"),
        "## Diagnostics",
        "",
        *table(("Code", "Meaning"), ((code(one), text) for one, text in sorted(CODES.items()))),
        "",
        "## Lint",
        "",
        "`smartllm lint` prints `file:line: code message`. With `note:` before the message nothing is wrong",
        "yet: it tells what a day will make wrong, three months before that is a finding.",
        "",
        *table(("Code", "What must hold"), ((code(one), check.title) for one, check in CHECKS.items())),
    ]
    return written(lines)


def disputes() -> str:
    """Every fact about which pages disagree."""
    rows = []
    for layer in load_rules().layers:
        for path, row in fact_rows(layer):
            told = ((fact, entry.get("disputed")) for fact, entry in row.get("evidence", {}).items())
            rows += [(code(".".join(path)), code(fact), said) for fact, said in told if said]
    lines = [
        *head("Disputed facts", wide=True),
        "Facts about which pages disagree: both sides, and what was chosen. `smartllm explain MODEL` tells",
        "those of one model, with their pages.",
        "",
        *table(("Row", "Fact", "What is said"), rows),
    ]
    return written(lines)
