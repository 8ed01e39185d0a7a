"""From the turns of a kept talk to the next request, and from its answer to a kept talk."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from smartllm.cli.calls.calling import compatible_host
from smartllm.cli.requests.request_input import rules_in_force
from smartllm.cli.requests.server_option import OTHER
from smartllm.cli.talk.talk_store import NotKeptError, Talk, TalkStore
from smartllm.cli.terminal import complain
from smartllm.config import LLMConfig
from smartllm.content import ToolCall
from smartllm.errors import ConfigError, RequestFileError
from smartllm.request import Message, MessageRequest, TextRequest
from smartllm.rules.hosts import host_row
from smartllm.settings import Settings

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan
    from smartllm.response import TextResponse
    from smartllm.words import Provider

_TARGET: Final = ("model", "provider", "api_type", "like", "base_url", "compatible", "aws_profile")
"""Options that a talk keeps, by the names of their values."""


def continued(flags: dict[str, Any], store: TalkStore) -> Talk | None:
    """The talk to go on with, as the options say; None begins a new one.

    Who answered it goes on, unless an option names another model: its id, API, server and AWS profile
    become the command's.

    Args:
        flags: The command's options; they are filled.
        store: Where talks are kept.

    Raises:
        ConfigError: There is no such talk, or its server would get a key.
    """
    if flags["talk"] is None and not flags["continues"]:
        return None
    if flags["talk"] == "":
        raise ConfigError("--talk: the name is empty", hint="--continue goes on with the last talk")
    talk = store.find(flags["talk"] or "")
    if flags["model"] is None:
        kept = dict(talk.target)
        if flags["base_url"] is None and "base_url" in kept:
            kept["base_url"] = _server_of(kept["base_url"], flags)
        for name in _TARGET:
            if flags[name] is None:
                flags[name] = kept.get(name) or None
        flags["compatible"] = True if flags["compatible"] == OTHER else flags["compatible"]
    return talk


def _server_of(address: str, flags: dict[str, Any]) -> str:
    """The server that a talk goes on with; empty where the environment leads to it.

    What listens at an address today need not be what listened there when the talk was kept.

    Raises:
        ConfigError: A key would go there that nobody has said is for it.
    """
    host: Any = compatible_host(rules_in_force(flags["rules"]))
    if Settings.resolve(LLMConfig(provider=host), sends=False).address == address:
        return ""
    if Settings.resolve(LLMConfig(provider=host, base_url=address), sends=False).headers:
        raise ConfigError(
            f"the talk was answered by {address}, to which the key of the environment would go",
            hint=f"--base-url {address} says that it may; -m MODEL asks another",
        )
    return address


def with_turns(request: Request, talk: Talk | None) -> Request:
    """A request behind the turns of a talk.

    Raises:
        RequestFileError: It brings turns of its own.
        ConfigError: The talk cannot be read.
    """
    if talk is None:
        return request
    if isinstance(request, MessageRequest):
        raise RequestFileError("a request file with messages begins a talk of its own; leave --continue out")
    return behind(request, turns_in(talk), talk.system_prompt)


def turns_in(talk: Talk) -> list[Message]:
    """The turns of a talk.

    Raises:
        ConfigError: They are none, since another version of SmartLLM wrote them, or somebody's hand; or the
            last one waits for the results of tools.
    """
    try:
        turns = MessageRequest.model_validate({"messages": talk.messages}).messages
    except ValidationError:
        raise ConfigError(f"the talk {talk.id} holds turns that cannot be read") from None
    if any(isinstance(part, ToolCall) for part in turns[-1].content):
        raise ConfigError(
            "the last answer of the talk calls tools, whose results nobody has given",
            hint=f"smartllm talks show {talk.id} --json prints a request file, for the results",
        )
    return turns


def behind(request: TextRequest[Any], turns: Iterable[Message], system: str | None) -> MessageRequest[Any]:
    """A prompt as the next turn of a conversation, whose system text it takes if it has none."""
    given = {name: getattr(request, name) for name in request.model_fields_set - {"prompt"}}
    if request.system_prompt is None and system is not None:
        given["system_prompt"] = system
    return MessageRequest(messages=[*turns, Message("user", request.prompt)], **given)


class Keeper:
    """Keeps one talk.

    Args:
        store: Where.
        talk: The talk that goes on; None begins one.
        flags: The command's options, which tell who answers.
        quiet: Don't tell of what cannot be kept.

    Attributes:
        talk: As it is kept; None before the first answer.
    """

    def __init__(self, store: TalkStore, talk: Talk | None, flags: dict[str, Any], *, quiet: bool) -> None:
        self.talk = talk
        self._store, self._flags, self._quiet = store, flags, quiet

    def keep(self, request: Request, plan: Plan, response: TextResponse[Any]) -> Message | None:
        """Keep the turns up to an answer, and give its turn; None where it has nothing that can go back."""
        try:
            answer = response.as_message()
        except ValidationError:
            return None
        self._keep(request, plan, answer)
        return answer

    def keep_partly(self, request: Request, plan: Plan, said: Iterable[str]) -> Message | None:
        """Keep the turns up to an answer that was stopped, if it had said anything; gives its turn."""
        text = "".join(said)
        if not text.strip():
            return None
        answer = Message("assistant", text)
        self._keep(request, plan, answer)
        return answer

    def shorten(self, turns: Iterable[Message], system: str | None) -> None:
        """Take turns back; a talk without any is forgotten."""
        if self.talk is None or self._flags["no_keep"]:
            return
        kept = spelled(turns)
        if kept:
            self._write(replace(self.talk, messages=kept, system_prompt=system))
        else:
            self._store.remove(self.talk.id)
            self.talk = None

    def _keep(self, request: Request, plan: Plan, answer: Message) -> None:
        if self._flags["no_keep"] or self._store.folder is None:
            return
        last = self.talk or Talk([])
        target, secrets = _target(plan, self._flags)
        turns = spelled([*turns_of(request), answer])
        headers = (request.extra_headers or {}).values()
        talk = replace(last, messages=turns, system_prompt=request.system_prompt, target=target)
        self._write(talk, [*secrets, *headers])

    def _write(self, talk: Talk, secrets: Collection[str] = ()) -> None:
        try:
            self.talk = self._store.keep(talk, secrets)
        except NotKeptError as error:
            if not self._quiet:
                complain(f"the talk is not kept: {error}")


def turns_of(request: Request) -> list[Message]:
    """The turns that a request says."""
    return [Message("user", request.prompt)] if isinstance(request, TextRequest) else list(request.messages)


def spelled(turns: Iterable[Message]) -> list[dict[str, Any]]:
    """Turns as JSON has them."""
    return [{"role": turn.role, **turn.model_dump(mode="json", exclude_defaults=True)} for turn in turns]


def _target(plan: Plan, flags: dict[str, Any]) -> tuple[dict[str, str], Collection[str]]:
    """Who answers, without anything secret, and the secrets that were there."""
    found = {name: flags.get(name) for name in _TARGET} | {"model": plan.model}
    given: dict[str, Any] = {name: flags.get(name) for name in ("base_url", "aws_profile")}
    settings = Settings.resolve(LLMConfig(provider=cast("Provider", plan.host), **given), sends=False)
    row = host_row(plan.host, rules_in_force(flags["rules"]))
    is_elsewhere = row.compatible is not None and settings.custom_endpoint is not None
    found["base_url"] = settings.address if is_elsewhere else None  # without login and query
    if found["compatible"] is True:
        found["compatible"] = OTHER
    return {name: value for name, value in found.items() if value}, settings.secrets
