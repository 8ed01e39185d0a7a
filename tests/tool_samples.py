"""Models, functions and schemas that the tests of tools declare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NotRequired

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from smartllm import tool


class Place(BaseModel):
    """A place on earth."""

    city: str = Field(description="Its name.")
    since: date | None = None


class Tree(BaseModel):
    children: list[Tree] = []


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict):
    depth: int
    label: NotRequired[str]


NOTHING: dict[str, Any] = {"additionalProperties": False, "properties": {}, "type": "object"}


def taking(required: list[str] | None = None, /, **properties: Any) -> dict[str, Any]:
    """The schema of a closed object."""
    return {**NOTHING, "properties": properties, **({"required": required} if required else {})}


def plain(city: str, days: int) -> None: ...


STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
NULL = {"type": "null"}
PLACE = {
    "description": "A place on earth.",
    "properties": {
        "city": {"description": "Its name.", **STRING},
        "since": {"anyOf": [{"format": "date", **STRING}, NULL], "default": None},
    },
    "required": ["city"],
    "title": "Place",
    "type": "object",
}
OPTIONS = {**taking(["depth"], depth=INTEGER, label=STRING), "title": "Options"}
CITY = taking(["city"], city=STRING)


class Weather:
    def __init__(self, sky: str) -> None:
        self.sky = sky

    def method(self, city: str) -> str:
        """Of an object."""
        return f"{self.sky} in {city}"

    @tool(name="renamed", description="Said.", strict=True)
    async def decorated(self, city: str) -> str:
        """Not this."""
        return f"{self.sky} in {city}"

    @classmethod
    @tool
    def of_class(cls, city: str) -> str:
        return f"{cls.__name__} in {city}"

    @tool(name="above")
    @classmethod
    def above_class(cls, city: str) -> str:
        return f"{cls.__name__} in {city}"

    @tool(name="static")
    @staticmethod
    def of_none(city: str) -> str:
        return city

    def __call__(self, city: str) -> str:
        return f"{self.sky} over {city}"
