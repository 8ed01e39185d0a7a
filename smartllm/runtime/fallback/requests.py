"""What of a request goes to a model that takes over: all that is not of another account or wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from smartllm.errors import UnsupportedError
from smartllm.request import MessageRequest, TextRequest

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.runtime.asked import Asked
    from smartllm.runtime.fallback.targets import Caller, Target

    Request = TextRequest[Any] | MessageRequest[Any]


class Carried(NamedTuple):
    """A request as it goes to a model.

    Attributes:
        asked: It, with its plan.
        left_out: The fields that do not go along.
    """

    asked: Asked
    left_out: tuple[str, ...] = ()


async def carried(request: Request, target: Target, caller: Caller, first: Plan | None) -> Carried:
    """A request compiled for a model that takes over.

    Args:
        request: The caller's.
        target: The model.
        caller: What calls it.
        first: The plan for the client's own model; None where there is none.

    Raises:
        CompileError: It cannot be compiled for that model, or names a file of another account.
    """
    if target.is_elsewhere and any(map(_is_of_account, _parts(request))):
        raise UnsupportedError(
            "file_id: a file belongs to the account that it was uploaded to, and another one is asked here",
            field="file_id",
            hint="give the file's bytes, path or url to have it sent to every model of fallback",
        )
    left_out = ["extra_headers"] if target.is_elsewhere and request.extra_headers else []

    async def asked() -> Asked:
        said = _without(request, left_out).model_copy(update={"model": target.model, "like": target.like})
        if target.like is None:
            said.model_fields_set.discard("like")
        return await caller.asked(said, target.model)

    try:
        found = await asked()
    except UnsupportedError as error:
        if error.field != "api_type" or not target.is_other:
            raise
        left_out.append("api_type")  # it chose among the doors of a provider that is not asked now
        found = await asked()
    wire = found.plan.steps[0].dialect
    if request.extra and (target.is_other if first is None else first.steps[0].dialect != wire):
        left_out.append("extra")
        found = await asked()
    return Carried(found, tuple(left_out))


def _without(request: Request, names: list[str]) -> Request:
    """A request that does not say some of its fields."""
    if not names:
        return request
    fields = type(request).model_fields
    # Pydantic 2.10 asks for the data of factories that take none.
    default = {name: fields[name].get_default(call_default_factory=True, validated_data={}) for name in names}
    other = request.model_copy(update=default)
    other.model_fields_set.difference_update(names)
    return other


def _parts(request: Request) -> Iterator[Any]:
    contents = (
        [message.content for message in request.messages]
        if isinstance(request, MessageRequest)
        else [request.prompt]
    )
    for content in contents:
        if isinstance(content, list):
            yield from _all(content)


def _all(parts: list[Any]) -> Iterator[Any]:
    """Parts, and those in the results of tools."""
    for part in parts:
        yield part
        inner = getattr(part, "content", None)
        if isinstance(inner, list):
            yield from _all(inner)


def _is_of_account(part: Any) -> bool:
    return getattr(part, "file_id", None) is not None
