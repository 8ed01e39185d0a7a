"""What a request says of tools: the tools, which of them the model calls, and how many at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from smartllm import MessageRequest, TextRequest, Tool, tool
from smartllm.tools.fields import WORDS, choices_of, name_of


class Person(BaseModel):
    """Somebody."""

    name: str


def weather(city: str) -> str:
    """Weather of a city."""
    return city


@tool(name="time-of-day")
async def clock(zone: str = "UTC") -> str:
    return zone


SEARCH = {"type": "web_search"}
CHAT = {"type": "function", "function": {"name": "chatty"}}


def asked(**fields: Any) -> TextRequest[Any]:
    return TextRequest(prompt="x", **fields)


def test_a_request_holds_tools_and_the_dicts_of_a_provider() -> None:
    given: list[Any] = [weather, clock, Person, Tool("plain"), SEARCH, CHAT]
    request = asked(tools=given)
    assert request.tools == [
        Tool.from_(weather),
        Tool.from_(clock),
        Tool.from_(Person),
        Tool("plain"),
        SEARCH,
        CHAT,
    ]
    assert (request.tool_choice, request.parallel_tool_calls) == (None, None)
    assert asked(tools=tuple(given)).tools == request.tools
    assert MessageRequest(messages=[{"role": "user", "content": "x"}], tools=given).tools == request.tools  # type: ignore[list-item]
    assert (asked(tools=[]).tools, asked(tools=None).tools, asked().tools) == ([], None, None)


def test_names_and_choices() -> None:
    tools = asked(
        tools=[weather, SEARCH, CHAT, {"toolSpec": {"name": "spec"}}, {"custom": {}}, {"a": 1}]
    ).tools
    assert tools is not None
    found: list[Any] = list(tools)
    assert [name_of(one) for one in found] == ["weather", None, "chatty", "spec", None, None]
    assert choices_of(found) == ["weather", "web_search", "chatty", "spec"]


@pytest.mark.parametrize(
    "choice", [*WORDS, "weather", "web_search", ["weather"], ["weather", "chatty"], ("chatty",), None]
)
def test_a_choice_is_a_word_a_name_or_names(choice: Any) -> None:
    found = asked(tools=[weather, SEARCH, CHAT], tool_choice=choice).tool_choice
    assert found == (list(choice) if isinstance(choice, tuple) else choice)


def test_a_list_always_holds_names() -> None:
    assert asked(tools=[Tool("auto")], tool_choice=["auto"]).tool_choice == ["auto"]
    with pytest.raises(ValidationError, match="'none' is no tool of this request"):
        asked(tools=[Tool("auto")], tool_choice=["none"])


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"tools": weather}, "tools", "is no list of tools; allowed: [a_function, Tool(...), ...]"),
        ({"tools": {"type": "x"}}, "tools", "tools: {'type': 'x'} is no list of tools"),
        ({"tools": "weather"}, "tools", "tools: 'weather' is no list of tools"),
        ({"tools": [weather, 5]}, "tools", "tools[1]: 5 declares no tool; allowed: a function, a pydantic"),
        (
            {"tools": [lambda: None]},
            "tools",
            "tools[0]: Tool.name='<lambda>' is not usable; allowed: 1 to 64 of the characters a-z, A-Z, 0-9,",
        ),
        (
            {"tools": [weather, Tool("weather"), Tool("a"), Tool("a")]},
            "tools",
            "tools: 'weather', 'a' is the name of several; allowed: each name once; rename one with",
        ),
        ({"tools": [Tool("chatty"), CHAT]}, "tools", "tools: 'chatty' is the name of several"),
        (
            {"tool_choice": "auto"},
            "tool_choice",
            "tool_choice: 'auto' chooses among no tools; declare them in",
        ),
        ({"tools": [], "tool_choice": "none"}, "tool_choice", "'none' chooses among no tools"),
        (
            {"tools": [weather, SEARCH], "tool_choice": "wether"},
            "tool_choice",
            "'wether' is no tool of this request; allowed: auto, none, required, weather, web_search, or",
        ),
        (
            {"tools": [weather], "tool_choice": ["weather", "x"]},
            "tool_choice",
            "'x' is no tool of this request",
        ),
        (
            {"tools": [weather], "tool_choice": ["weather", {}]},
            "tool_choice",
            "{} is no tool of this request",
        ),
        ({"tools": [weather], "tool_choice": []}, "tool_choice", "[] is no choice; allowed: auto, none"),
        ({"tools": [weather], "tool_choice": True}, "tool_choice", "True is no choice; allowed: auto, none"),
        (
            {"tools": [weather], "tool_choice": ["weather"] * 2},
            "tool_choice",
            "'weather' is named twice; allowed:",
        ),
        ({"parallel_tool_calls": "maybe"}, "parallel_tool_calls", "Input should be a valid boolean"),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value))[:40],
)
def test_what_cannot_be_used_is_told_once_with_field_value_and_what_is_allowed(
    fields: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        asked(**fields)
    (error,) = caught.value.errors()
    assert error["loc"] == (field,)
    assert says in error["msg"]


def test_a_tool_that_is_wrong_is_told_with_its_hint_if_there_is_one() -> None:
    for given, ends in ((lambda: None, '; say name="lambda"'), (5, "in the provider's own words")):
        with pytest.raises(ValidationError) as caught:
            asked(tools=[given])
        (error,) = caught.value.errors()
        assert error["msg"].endswith(ends)


def test_tools_that_are_wrong_are_told_without_what_follows_from_it() -> None:
    with pytest.raises(ValidationError) as caught:
        asked(tools=[5], tool_choice="weather")
    assert [error["loc"] for error in caught.value.errors()] == [("tools",)]


def test_several_tools_of_one_type_are_no_duplicates() -> None:
    servers = [{"type": "mcp", "server_label": name} for name in ("a", "b")]
    assert asked(tools=servers, tool_choice="mcp").tools == servers


def test_a_change_is_checked_like_the_first_word() -> None:
    request = asked(tools=[weather, clock], tool_choice="weather")
    for tools, says in (
        ([clock], "'weather' is no tool of this request"),
        ([], "no tools"),
        (None, "no tools"),
    ):
        with pytest.raises(ValidationError, match=says):
            request.tools = tools
        with pytest.raises(ValidationError, match="'x' is no tool"):
            request.tool_choice = "x"
        assert request.tools == [Tool.from_(weather), Tool.from_(clock)]
        assert request.tool_choice == "weather"
    request.tool_choice = None
    request.tools = [clock]
    assert request.tools == [Tool.from_(clock)]


def test_a_request_in_json_declares_the_same_tools() -> None:
    request = asked(tools=[weather, clock, Person, SEARCH], tool_choice="weather", parallel_tool_calls=False)
    read = TextRequest.model_validate_json(request.model_dump_json())

    def declared(one: TextRequest[Any]) -> list[Any]:
        tools: list[Any] = list(one.tools or ())
        return [
            (each.name, each.description, each.schema, each.strict) if isinstance(each, Tool) else each
            for each in tools
        ]

    assert declared(read) == declared(request)
    assert (read.tool_choice, read.parallel_tool_calls) == ("weather", False)
    assert asked(**request.model_dump(include={"tools"})).tools == request.tools
    assert request.model_copy(deep=True).tools == request.tools
    assert asked().model_dump()["tools"] is None
    assert asked().model_dump(mode="json")["tools"] is None
