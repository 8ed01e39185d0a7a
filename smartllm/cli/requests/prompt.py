"""The prompt of a command: its argument or option, standard input behind it, and files before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartllm.cli.requests import standard_input
from smartllm.errors import RequestFileError


def prompt_of(flags: Mapping[str, Any], stated: Mapping[str, Any]) -> Any:
    """The prompt; None where none is given.

    What standard input holds goes behind it, unless another option reads it. Commands that set ``waits``
    wait for what is not there yet, where the prompt was typed.

    Args:
        flags: The command's options.
        stated: Fields of a request file.

    Raises:
        RequestFileError: It is given twice, or standard input cannot be read or is no text.
    """
    text, option = flags.get("text"), flags["prompt"]
    if text is not None and option is not None:
        raise RequestFileError("the prompt is given twice, as an argument and with --prompt; give one")
    typed: str | None = option if text is None else text
    reads = standard_input.given_dashes(flags)
    if typed == "-":
        said = standard_input.read_text()
        if not said:
            raise RequestFileError(f"{standard_input.NAME}: it is empty, and the prompt was to come from it")
        return said
    asked = stated.get("prompt") if typed is None else typed
    if reads or standard_input.is_terminal() or (asked is None and "messages" in stated):
        return asked
    waits = flags.get("waits") and not (flags["file"] and typed is None)
    if waits or standard_input.is_there():
        more = standard_input.read_text()
        return joined([asked, more]) if more else asked
    return asked


def with_files(prompt: Any, given: tuple[str, ...]) -> Any:
    """A prompt behind files, as ``--file`` names them.

    Pictures and documents stand before the question about them, as providers advise
    (docs.aws.amazon.com/nova/latest/userguide/prompting-vision-prompting.html, 2026-11-26).

    Args:
        prompt: A text, texts and parts, or None.
        given: What was typed.

    Raises:
        RequestFileError: One cannot be read or told; names it.
    """
    if not given:
        return prompt
    from smartllm.cli.requests.attachments import attached  # noqa: PLC0415 - most requests have none

    return joined([*map(attached, given), prompt])


def joined(pieces: Sequence[Any]) -> Any:
    """Texts, parts and lists of them as one prompt; None where there is nothing.

    Texts that follow each other become one: some wires would have turns of their own for them.
    """
    parts: list[Any] = []
    for piece in pieces:
        for part in piece if isinstance(piece, list) else [piece]:
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] = f"{parts[-1]}\n\n{part}" if part else parts[-1]
            elif part:
                parts.append(part)
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return parts or None
