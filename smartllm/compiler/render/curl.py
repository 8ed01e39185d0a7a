"""A step as a curl command."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smartllm.compiler.plan import Step
    from smartllm.rules.vocabulary.host import Shell


_LONGEST: Final = 100_000
"""Characters of an argument; Linux takes 128 KiB (execve(2), MAX_ARG_STRLEN)."""


def curl(step: Step, shell: Shell) -> str:
    """The command; keys and credentials are shell variables.

    Args:
        step: What is sent.
        shell: How the host is called at a shell.
    """
    body = json.dumps(step.body, ensure_ascii=False, indent=2)
    # No line of the JSON is the word that ends it: each begins with a bracket, a quote or spaces.
    given = shlex.quote(body) if len(body) < _LONGEST else f"@- <<'BODY'\n{body}\nBODY"
    parts = [
        f'curl -sS -X POST "{shell.address}{step.path}"',
        *shell.arguments,
        '-H "Content-Type: application/json"',
        f"--data-binary {given}",
    ]
    return " \\\n  ".join(parts)
