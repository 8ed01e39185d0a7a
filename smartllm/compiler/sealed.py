"""Bodies that nobody changes: others made of them, and the bytes by which they are known."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from smartllm.compiler.body import Path, written
from smartllm.compiler.prompts import ANSWER

if TYPE_CHECKING:
    from smartllm.compiler.plan import Step


def filled(node: Any, path: Path, answer: str) -> Any:
    """The node with the answer at a path below it; what is not on the path is shared."""
    if not path:
        return node.replace(ANSWER, answer)
    changed = copy.copy(node)
    changed[path[0]] = filled(node[path[0]], path[1:], answer)
    return changed


def identity(step: Step) -> bytes:
    """The bytes that are sent, without what says only how the answer travels, and the request's headers."""
    body = step.sealed
    for path in step.travel.keys:
        body = _without(body, path)
    content = step.content if body is step.sealed else written(body, step.texts)
    payload = content if isinstance(content, bytes) else content.identity
    return payload if step.asked is None else payload + step.asked.identity


def _without(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The body without what stands at a path, and without an object that held nothing else."""
    key, _, below = path.partition(".")
    if key not in body:
        return body
    left = {name: value for name, value in body.items() if name != key}
    inner = _without(body[key], below) if below else None
    return {name: inner if name == key else value for name, value in body.items()} if inner else left
