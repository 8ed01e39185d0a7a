"""JSON mode: the wire's own word for any JSON object, where it has one and that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from smartllm.compiler.intent import Intent, OutputPlan, Turn
from smartllm.compiler.json_mode import ANY_OBJECT
from smartllm.compiler.own_tools import is_hosted
from smartllm.compiler.schema.types import Lowered
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.text_parts import Text

_SENTENCE: Final = "Answer with a JSON object."
_WORD: Final = "json"


def has_word(intent: Intent, plan: OutputPlan, facts: Facts) -> bool:
    """Whether the wire's own word for any JSON object can be said here; else a schema stands for it.

    It may not be beside tools of the provider: web search makes it fail.
    """
    takes = facts.structured
    if not (plan.json_object and takes.json_object) or plan.wish not in {"auto", "native", "extract"}:
        return False
    if any(is_hosted(tool, intent.dialect) for tool in intent.tools):
        return False
    return takes.with_tools or not intent.tools


def json_object(intent: Intent, plan: OutputPlan, facts: Facts, trace: Trace) -> Intent:
    """The intent with the wire's own word, and with one in the input, without which it is refused."""
    plan = replace(plan, strategy="native", lowered=Lowered(dict(ANY_OBJECT)))
    intent = intent._replace(output=plan)
    if any(_WORD in text.lower() for text in _said(intent, facts)):
        return intent
    trace.changed(
        "json-asked",
        "messages",
        asked=None,
        applied=_SENTENCE,
        reason="JSON mode is refused where nobody asks for JSON; the first message of the user does now",
        fact="structured.json_object",
        action="added",
        severity="info",
        whole=False,
    )
    return intent._replace(turns=tuple(_asking(intent.turns)))


def _said(intent: Intent, facts: Facts) -> Iterator[str]:
    """What counts as input; text that stands in a field of instructions does not."""
    if intent.system is not None and facts.system != "instructions":
        yield intent.system
    for turn in intent.turns:
        if turn.role != "assistant":
            yield from turn.texts


def _asking(turns: tuple[Turn, ...]) -> Iterator[Turn]:
    """The turns, the first of the user with the sentence: there it changes nothing when others follow."""
    asked = False
    for turn in turns:
        if asked or turn.role != "user":
            yield turn
            continue
        asked = True
        parts = list(turn.parts)
        last = next((at for at, part in reversed([*enumerate(parts)]) if isinstance(part, Text)), None)
        if last is None:
            yield turn._replace(parts=(*parts, Text(_SENTENCE)))
            continue
        part = parts[last]
        assert isinstance(part, Text)
        parts[last] = replace(part, text=f"{part.text}\n\n{_SENTENCE}")
        yield turn._replace(parts=tuple(parts))
