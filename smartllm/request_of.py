"""From what a caller gives to a method, a request, a text or a list, to the request that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import RequestTypeError
from smartllm.request import Message, MessageRequest, TextRequest

if TYPE_CHECKING:
    Request = TextRequest[Any] | MessageRequest[Any]

MAP: Final = "client.map"
"""The method that takes a list of what the others take."""
MAP_EXAMPLE: Final = f'{MAP}(["Who was Ada Lovelace?", "Who was Alan Turing?"])'
_SHOWN: Final = 40
_MOST_BITS: Final = 128
_NOTHING: Final[Any] = None


def text_request(call: str, given: Any, fields: Mapping[str, Any]) -> Request:
    """The request of a method that answers prompts.

    Args:
        call: The method, as its caller wrote it.
        given: A request, a text, or a list of texts and parts; None where ``prompt`` is among the fields.
        fields: Keywords.

    Raises:
        RequestTypeError: It is none of these, or a request beside fields.
        pydantic.ValidationError: (a ``ValueError``) a field cannot be used.
    """
    if isinstance(given, (TextRequest, MessageRequest)):
        return _alone(call, given, fields)
    given, fields = _named(call, "prompt", given, fields)
    if is_conversation(given):
        raise RequestTypeError(
            f"{call} was given a list of messages, which are a conversation",
            hint="client.send_message([...]) answers one",
        )
    _check(call, given, "prompt")
    return TextRequest(**{**fields, "prompt": given})


def turns_request(call: str, given: Any, fields: Mapping[str, Any]) -> Request:
    """The request of a method that answers conversations; as ``text_request``.

    Args:
        call: The method, as its caller wrote it.
        given: A request, a text, or a list of messages and texts, which are turns of the user's.
        fields: Keywords.
    """
    if isinstance(given, (TextRequest, MessageRequest)):
        return _alone(call, given, fields)
    given, fields = _named(call, "messages", given, fields)
    _check(call, given, "messages")
    return MessageRequest(**{**fields, "messages": turns(given)})


def any_request(call: str, given: Any, fields: Mapping[str, Any]) -> Request:
    """The request of a method that answers both; as ``text_request``.

    A list in which a message stands is a conversation, any other one is a prompt.
    """
    if "messages" in fields or is_conversation(given):
        return turns_request(call, given, fields)
    return text_request(call, given, fields)


def is_conversation(given: Any) -> bool:
    """Whether a list holds messages, of which some may be dicts with a role."""
    if not isinstance(given, (list, tuple)):
        return False
    return any(map(_is_message, given))


def _is_message(given: Any) -> bool:
    return isinstance(given, Message) or (isinstance(given, Mapping) and "role" in given)


def turns(given: str | Sequence[Any]) -> list[Any]:
    """A conversation's turns; a text is one of the user's."""
    listed = [given] if isinstance(given, str) else given
    return [{"role": "user", "content": one} if isinstance(one, str) else one for one in listed]


def _alone(call: str, request: Request, fields: Mapping[str, Any]) -> Request:
    if fields:
        names = ", ".join(sorted(fields))
        raise RequestTypeError(
            f"{call} was given both a {type(request).__name__.partition('[')[0]} and fields ({names})",
            hint="put the fields into the request; or give the prompt itself with them",
        )
    return request


def _named(call: str, name: str, given: Any, fields: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """What was given by position, or as the field that has its name."""
    if name not in fields:
        return given, fields
    if given is not _NOTHING:
        raise RequestTypeError(f"{call} was given two of {name}: one by position, one by name")
    return fields[name], {field: value for field, value in fields.items() if field != name}


def _check(call: str, given: Any, name: str) -> None:
    if isinstance(given, (str, list, tuple)):
        return
    kinds = {
        "prompt": "a text, a list of texts and parts, or a request",
        "messages": "a list of messages, a text, or a request",
    }
    says, hint = _advice(call, given, name)
    each = "a list, of which each is " if call == MAP else ""
    raise RequestTypeError(f"{call} takes {each}{kinds[name]}, {says}", hint=hint)


def _advice(call: str, given: Any, name: str) -> tuple[str, str]:
    shown = f"not {_shown(given)}"
    example = f'{call}("Who was Ada Lovelace?")' if name == "prompt" else f'{call}([Message("user", "Hi")])'
    if call == MAP:
        example = MAP_EXAMPLE
    if given is _NOTHING and call != MAP:
        return "which is missing", example
    if _is_message(given):
        if name == "messages":
            return shown, f"{call}([message])"
        return shown, f"{MAP}([[message]])" if call == MAP else "client.send_message([message])"
    if isinstance(given, Mapping):
        kind = "MessageRequest" if "messages" in given else "TextRequest"
        return shown, f"a dict of fields is {kind}(**fields); or say {example}"
    if isinstance(given, (bytes, bytearray)):
        return shown, 'text is decoded first: data.decode(); a picture is ["What is this?", Image(data=data)]'
    if hasattr(given, "type") and hasattr(given, "__dataclass_fields__"):
        prompt = '["What is this?", part]'
        return shown, f"parts stand in a list: {call}({f'[{prompt}]' if call == MAP else prompt})"
    return shown, example


def _shown(given: Any) -> str:
    """What was given: its type, and what of it is short and no secret."""
    kind = type(given).__name__
    if isinstance(given, float) or (isinstance(given, int) and given.bit_length() <= _MOST_BITS):
        return f"{kind} {given}"
    if isinstance(given, Mapping) and given:
        names = ", ".join(map(str, given))
        return f"{kind} of {names if len(names) <= _SHOWN else f'{names[:_SHOWN]}…'}"
    return kind
