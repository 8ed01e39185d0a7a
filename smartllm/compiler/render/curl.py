"""A step as a curl command."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from smartllm.compiler.prompts import ANSWER

if TYPE_CHECKING:
    from smartllm.compiler.plan import Step
    from smartllm.rules.vocabulary.host import Shell

_NO_NAME: Final = re.compile(r"\W")
_OBEYED: Final = re.compile(r"""[][<>(){}|&;$`\\"'*?~!]""")

_LONGEST: Final = 100_000
"""Bytes of an argument; Linux takes 128 KiB (execve(2), MAX_ARG_STRLEN)."""


def script(steps: Sequence[Step], shell: Shell) -> str:
    """The commands of a plan, with comments where something is to be known.

    Args:
        steps: What is sent, in order.
        shell: How the host is called at a shell.
    """
    return "\n\n".join(
        "".join([*_comments(step, number, len(steps), shell), curl(step, shell)])
        for number, step in enumerate(steps, start=1)
    )


def _comments(step: Step, number: int, of: int, shell: Shell) -> Iterator[str]:
    """What is to be known of a command; zsh takes a pasted comment for words, so it holds nothing to obey."""
    if of > 1:
        before = f": put the text of the answer before where the body says {_plain(ANSWER)}"
        yield f"# step {number} of {of}{before if step.holes else ''}\n"
    if shell.encoded and "%" in step.path:
        yield f"# {_plain(shell.encoded)}\n"


def _plain(text: str) -> str:
    return _OBEYED.sub("", text)


def curl(step: Step, shell: Shell) -> str:
    """The command; keys and credentials are shell variables.

    Args:
        step: What is sent.
        shell: How the host is called at a shell.
    """
    body = json.dumps(step.body, ensure_ascii=False, indent=2)
    # No line of the JSON is the word that ends it: each begins with a bracket, a quote or spaces.
    quoted = shlex.quote(body)
    given = quoted if len(quoted.encode()) < _LONGEST else f"@- <<'BODY'\n{body}\nBODY"
    parts = [
        f'curl -sS -X POST "{shell.address}{step.path}{shell.query}"',
        *shell.arguments,
        '-H "Content-Type: application/json"',
        *_headers(step),
        f"--data-binary {given}",
    ]
    return " \\\n  ".join(parts)


def _headers(step: Step) -> Iterator[str]:
    """The route's and the request's headers; the caller's own values are shell variables: they may be secret.

    What a route accepts goes without saying.
    """
    for name, value in step.travel.headers.items():
        if not name.lower().endswith("accept"):
            yield f"-H {shlex.quote(f'{name}: {value}')}"
    for name, value in step.shown_headers.items():
        if step.asked is not None and name in step.asked.extra:
            yield f'-H "{name}: $HEADER_{_NO_NAME.sub("_", name).upper()}"'
        else:
            yield f"-H {shlex.quote(f'{name}: {value}')}"
