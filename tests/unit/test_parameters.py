"""One table of the request's fields: it says what ``BaseRequest`` declares, and everything else reads it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

import smartllm
from smartllm import LLMConfig
from smartllm.cli.requests.request_options import request_options
from smartllm.compiler.dialects import FIELDS
from smartllm.field_docs import field_docs
from smartllm.parameters import (
    CARRIED,
    DEFAULTS,
    NUMBERS,
    PARAMETERS,
    SAMPLING,
    WIRE,
    RequestField,
    SamplingField,
)
from smartllm.request import BaseRequest, MessageRequest, TextRequest
from smartllm.rules.vocabulary import Facts, Parameter
from smartllm.setting_names import MEANT, OF_REQUESTS

ROWS = [row for row in PARAMETERS.values() if row.group != "turns"]
PACKAGE = Path(smartllm.__file__).parent
JSON_TYPES = {
    "text": "string",
    "choice": "string",
    "number": "number",
    "whole": "integer",
    "truth": "boolean",
    "texts": "array",
    "pairs": "object",
}
UNREAD = {"schema", "object", "callback", "value", "tools", "tool_choice", "guardrail", "headers"}
"""Kinds of which pydantic knows no JSON Schema."""
SEVERAL = {"tools", "tool_choice", "texts", "pairs", "headers"}


def test_every_field_of_a_request_has_a_row_and_every_row_a_field() -> None:
    assert set(BaseRequest.model_fields) == {row.name for row in ROWS}
    turns = set(PARAMETERS) - set(BaseRequest.model_fields)
    assert turns == (set(TextRequest.model_fields) | set(MessageRequest.model_fields)) - set(
        BaseRequest.model_fields
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
class TestARowSaysWhatTheFieldDeclares:
    def test_default(self, row: RequestField) -> None:
        declared = BaseRequest.model_fields[row.name].get_default(
            call_default_factory=True, validated_data={}
        )
        assert (declared, type(declared)) == (
            row.default,
            type(declared if row.kind == "object" else row.default),
        )
        assert DEFAULTS[row.name] == declared

    def test_kind_range_and_choices(self, row: RequestField) -> None:
        declared = declared_of(row)
        assert declared.get("type") == JSON_TYPES.get(row.kind)
        low, high = ("minLength", "maxLength") if row.kind == "text" else ("minimum", "maximum")
        assert (declared.get(low), declared.get(high)) == (row.least, row.most)
        assert tuple(declared.get("enum", ())) == row.choices
        assert not {"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern"} & set(declared)
        assert declared.get("minItems") == (1 if row.kind == "texts" else None)

    def test_description(self, row: RequestField) -> None:
        said = DESCRIBED[row.name]
        assert said.startswith(row.help.removesuffix(".")), "the documentation begins with the shell's help"
        ranged = row.least is not None and row.most is not None and row.most < 2**63 - 1
        assert re.findall(r"(-?\b\d+) to (\d+)\b", said)[:1] == (
            [(f"{row.least:g}", f"{row.most:g}")] if ranged else []
        )
        assert ("whole number of 64 bits" in said) == (row.most == 2**63 - 1)
        assert re.findall(r"at least (\d+)", said) == (
            [f"{row.least:g}"] if row.kind == "whole" and row.most is None else []
        )
        missing = [word for word in row.choices if not re.search(rf"\b{word}\b", said)]
        assert missing == [], "name it in the documentation of the field, in smartllm/request.py"


def declared_of(row: RequestField) -> dict[str, Any]:
    """The JSON Schema of a field's values, without None; none for what is no JSON."""
    if row.kind in UNREAD:
        return {}
    field = BaseRequest.model_fields[row.name]
    whole = TypeAdapter(field.rebuild_annotation()).json_schema()
    (one,) = [kind for kind in whole.get("anyOf", [whole]) if kind != {"type": "null"}]
    return dict(one)


DESCRIBED = field_docs(BaseRequest)


def test_the_documentation_describes_each_field_once() -> None:
    assert set(DESCRIBED) == {row.name for row in ROWS}


@pytest.mark.parametrize("name", BaseRequest.model_fields)
def test_a_number_is_no_truth(name: str) -> None:
    if name in NUMBERS:
        with pytest.raises(ValueError, match="expected a number, not a boolean"):
            TextRequest.model_validate({"prompt": "hi", name: True})
    else:
        assert PARAMETERS[name].least is None or PARAMETERS[name].kind == "text"


def test_what_is_carried_has_a_fact_of_its_name_that_says_whether_it_is_taken() -> None:
    names = [one.name for one in fields(Facts)]
    assert [name for name in names if name in CARRIED] == list(CARRIED)
    assert {one.name for one in fields(Facts) if one.type is Parameter} <= set(CARRIED)
    for name in CARRIED:
        assert {"accepted", "levels", "values"} & {one.name for one in fields(getattr(Facts(), name))}
    assert set(get_args(SamplingField)) == SAMPLING <= set(CARRIED) <= set(WIRE)


def test_a_carried_parameter_is_named_in_its_rooms_alone() -> None:
    """What else knows it: a public name that is made of two of them, what people call them, the echo of
    OpenAI's answers, and what ``smartllm verify`` asks a provider, with values that are worth one answer.
    """
    rooms = {
        "parameters/rows.py",
        "parameters/generation.py",
        "parameters/field.py",
        "request.py",
        "request_keywords.py",
        "rules/vocabulary/__init__.py",
        "rules/vocabulary/sampling.py",
    }
    known = {
        "bedrock/capabilities.py",
        "request_names.py",
        "testing/responses_wire.py",
        "testing/check_versions.py",
    }
    known |= {"verify/asks/sampling.py", "verify/asks/service.py", "verify/judge.py"}
    # temperature is a setting too, and decides what is cacheable; the others have passes or common names.
    for name in ("top_p", "top_k", "presence_penalty", "frequency_penalty"):
        naming = {
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
        }
        places = {path for path in naming if re.fullmatch(r"compiler/dialects/\w+/fields\.py", path)}
        assert {"request.py", "rules/vocabulary/__init__.py"} <= naming <= rooms | known | places


def test_nothing_stands_at_the_top_of_converse_by_its_own_name() -> None:
    assert set(FIELDS["bedrock_converse"].places) == set(CARRIED)


def test_a_clients_configuration_may_give_what_the_table_says() -> None:
    settings: dict[str, Any] = {row.name: row.most or row.least for row in ROWS if row.setting}
    assert LLMConfig(api_key="k", **settings).request_defaults() == settings
    names = set(LLMConfig.__dataclass_fields__)
    assert {row.name for row in ROWS} & names == set(settings)


def test_the_shell_has_each_option_once_with_the_tables_words() -> None:
    @request_options
    def command() -> None: ...

    shown = {each.name: each for each in command.__click_params__}  # type: ignore[attr-defined]
    for row in PARAMETERS.values():
        if row.options:
            option = shown[row.flag]
            assert option.opts == list(row.options)
            assert tuple(getattr(option.type, "choices", ())) == row.choices
            assert option.help.startswith(row.help.removesuffix(".")) or row.kind == "schema"
            assert option.multiple == (row.kind in SEVERAL)


def test_a_setting_that_is_a_requests_is_named_as_the_request_names_it() -> None:
    for row in PARAMETERS.values():
        if row.flag in OF_REQUESTS:
            assert f"TextRequest({row.name}=...)" in OF_REQUESTS[row.flag]
            TextRequest.model_fields[row.name]
    assert OF_REQUESTS["effort"] == OF_REQUESTS["reasoning_effort"]
    assert not {"temperature", "max_tokens", "messages"} & {*MEANT, *OF_REQUESTS}
