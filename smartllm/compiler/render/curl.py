"""A step as a curl command."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smartllm.compiler.plan import Step
    from smartllm.rules.vocabulary.host import Shell

_NO_NAME: Final = re.compile(r"\W")


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
        *_headers(step),
        f"--data-binary {given}",
    ]
    return " \\\n  ".join(parts)


def _headers(step: Step) -> Iterator[str]:
    """The request's headers; the caller's own values are shell variables, since they may be secret."""
    for name, value in step.shown_headers.items():
        if step.asked is not None and name in step.asked.extra:
            yield f'-H "{name}: $HEADER_{_NO_NAME.sub("_", name).upper()}"'
        else:
            yield f"-H {shlex.quote(f'{name}: {value}')}"
