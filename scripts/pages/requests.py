"""The fields of requests: what each means, takes and is called at the shell."""

from __future__ import annotations

from typing import Final, get_args

from pages.text import BARE, code, head, prose, written
from smartllm.field_docs import field_docs
from smartllm.parameters import PARAMETERS, Group, Kind, RequestField
from smartllm.request import MessageRequest, TextRequest

_TITLES: Final[dict[Group, str]] = {
    "turns": "What is asked",
    "text": "System text",
    "target": "Which model",
    "sampling": "Sampling",
    "limit": "Length",
    "reasoning": "Reasoning",
    "output": "Structured answers",
    "tools": "Tools",
    "caching": "Prompt caching",
    "generation": "More about the answer",
    "service": "The provider's service",
    "control": "The call itself",
}
_KINDS: Final[dict[Kind, str]] = {
    "text": "text",
    "number": "number",
    "whole": "whole number",
    "truth": "true or false",
    "schema": "type or JSON Schema",
    "object": "object",
    "callback": "function",
    "value": "any value",
    "turns": "list of messages",
    "tools": "list of tools",
    "tool_choice": "word, name or list of names",
    "texts": "list of texts, or one text",
    "pairs": "names and values",
    "guardrail": "`Guardrail`, or its fields",
    "headers": "names and values",
}
_FIELDS: Final = {**field_docs(TextRequest), **field_docs(MessageRequest)}


def page() -> str:
    """Every field, grouped by what it is about; then the classes."""
    lines = [
        *head("Requests"),
        "`TextRequest` asks with one `prompt`, `MessageRequest` with `messages`; all other fields are the",
        "same. A field that is left out is left to the client's settings and the model. Each field is also a",
        "key of a request file (`smartllm run --request FILE`), and most are options at the shell.",
        "",
    ]
    for group in get_args(Group):
        rows = [row for row in PARAMETERS.values() if row.group == group]
        lines += [f"## {_TITLES[group]}", ""]
        for row in rows:
            lines += _field(row)
    lines += ["## Classes", "", "::: smartllm.TextRequest", *BARE, "::: smartllm.MessageRequest", *BARE]
    lines += [
        "::: smartllm.Message",
        "",
        "::: smartllm.SystemMessage",
        "",
        "::: smartllm.Guardrail",
        "",
        "::: smartllm.RequestFields",
        *BARE,
    ]
    return written(lines)


def _field(row: RequestField) -> list[str]:
    """A heading to link to, what it takes, and what it means."""
    about = [_taken(row)]
    if row.group != "turns" and row.default not in (None, {}):
        about.append(f"default {code(row.default)}")
    if row.setting:
        about.append(f"a [setting](settings.md#{row.name}) too")
    if row.options:
        about.append(f"at the shell {', '.join(map(code, row.options))}")
    return [f"### `{row.name}`", "", f"*{' · '.join(about)}*{{ .about }}", "", prose(_FIELDS[row.name]), ""]


def _taken(row: RequestField) -> str:
    if row.choices:
        return ", ".join(map(code, row.choices))
    kind = _KINDS[row.kind]
    if row.kind in {"number", "whole"} and row.least is not None:
        most = "" if row.most is None else f" to {row.most:g}"
        if abs(row.least) < 1 << 60:
            return f"{kind}, {row.least:g}{most}" if most else f"{kind} from {row.least:g} on"
    return kind
