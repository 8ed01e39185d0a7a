"""A step as a curl command."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartllm.compiler.plan import Step
    from smartllm.rules.vocabulary.host import Shell


def curl(step: Step, shell: Shell) -> str:
    """The command; keys and credentials are shell variables.

    Args:
        step: What is sent.
        shell: How the host is called at a shell.
    """
    body = json.dumps(step.body, ensure_ascii=False, indent=2)
    parts = [
        f'curl -sS -X POST "{shell.address}{step.path}"',
        *shell.arguments,
        '-H "Content-Type: application/json"',
        f"--data-binary {shlex.quote(body)}",
    ]
    return " \\\n  ".join(parts)
