"""A chat's turns: asked one after the other over the same clients, kept as they are answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from smartllm.cli.calls.answers import print_refusal
from smartllm.cli.calls.asking import Asking, Manner, answered
from smartllm.cli.calls.calling import client_settings, planned, print_failure, provider_note
from smartllm.cli.requests.prompt import joined
from smartllm.cli.requests.request_input import exits
from smartllm.cli.talk.talk_store import Talk
from smartllm.cli.talk.talking import Keeper, behind, spelled
from smartllm.cli.terminal import complain
from smartllm.content import text_of
from smartllm.errors import SmartLLMError
from smartllm.request import Message
from smartllm.request_reading import NO_FILE, build_request
from smartllm.text_parts import parts_of
from smartllm.usage import Usage

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan
    from smartllm.response import TextResponse
    from smartllm.runtime.client import LLMClient

_WHERE: Final = ("base_url", "aws_profile", "ca_bundle")


class Conversation:
    """Turns and answers.

    Args:
        flags: The command's options; changed where another model is asked.
        typed: The options as they were typed, without what a kept talk adds.
        fields: What each request says beside its turns.
        keeper: Keeps the talk.
        manner: What is told.

    Attributes:
        turns: What was said.
        system: The system text; empty for none.
        files: What goes with the next turn: names, and parts or texts.
        model: Who answers.
        answers: The number of answers.
    """

    def __init__(
        self,
        flags: dict[str, Any],
        typed: dict[str, Any],
        fields: dict[str, Any],
        keeper: Keeper,
        manner: Manner,
    ) -> None:
        self._flags, self._typed, self._fields = flags, typed, fields
        self._keeper, self._manner = keeper, manner
        self.turns: list[Message] = []
        self.system: str = fields.pop("system_prompt", "")
        self.files: list[tuple[str, Any]] = []
        self.model, self.answers = "", 0
        self._usage = Usage()
        self._told: set[str] = set()
        self._clients: dict[tuple[Any, ...], LLMClient] = {}
        self._runner = asyncio.Runner()

    def check(self) -> None:
        """Find out whose answers will come.

        Raises:
            click.exceptions.Exit: The options make no request, or the model refuses it.
        """
        request = self._request("hi")
        _, plan = planned(request, self._flags, Manner("ignore", quiet=True))
        self.model = plan.model
        if self._manner.level != "ignore" and (note := provider_note(request, self._flags)):
            complain(note)

    def ask(self, text: str) -> int:
        """Ask, print the answer as it comes, and keep both.

        Returns:
            The exit status that a command would have: 0 answered.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was said by then is kept.
        """
        try:
            request, plan = planned(
                self._request(joined([*(part for _, part in self.files), text])),
                self._flags,
                Manner("ignore", quiet=True),
            )
        except click.exceptions.Exit as ended:
            return ended.exit_code
        self._tell(plan)
        asking = Asking(request, plan.model, self._manner)
        try:
            response = answered(self._runner, asking.streamed(self._client(plan)))
        except (SmartLLMError, ValidationError) as error:
            asking.end_line()
            return print_failure(error, shown=True)
        except (KeyboardInterrupt, OSError) as ended:
            if isinstance(ended, KeyboardInterrupt):
                asking.end_line()
            self._answered(request, self._keeper.keep_partly(request, plan, asking.said))
            raise
        self._count(response)
        status = print_refusal(response)
        answer = None if response.tool_calls else self._keeper.keep(request, plan, response)
        if answer is None:
            complain("the answer has nothing to go on from; the turn is left out")
            return 1
        self._answered(request, answer)
        return status

    def move_to(self, model: str) -> bool:
        """Go on with another model; whether it takes the talk."""
        before, was = dict(self._flags), self.model
        self._flags.update({**self._typed, "model": model})
        try:
            self.check()
        except click.exceptions.Exit:
            self._flags.update(before)
            self.model = was
            return False
        return True

    def undo(self) -> str | None:
        """Take the last turn of the person and what followed back; gives its text."""
        places = [place for place, turn in enumerate(self.turns) if turn.role == "user"]
        if not places:
            return None
        taken = self.turns[places[-1]]
        del self.turns[places[-1] :]
        self._keeper.shorten(self.turns, self.system or None)
        return " ".join(text_of(parts_of(taken.content)).split())

    def as_talk(self) -> Talk | None:
        """What was said so far; None before the first answer."""
        if not self.turns:
            return None
        target = {"model": self.model, **{name: self._flags[name] for name in ("api_type", "like")}}
        said = {name: value for name, value in target.items() if value}
        return Talk(spelled(self.turns), self.system or None, said)

    def summary(self) -> str:
        """What it came to."""
        answers = "1 answer" if self.answers == 1 else f"{self.answers} answers"
        return f"{answers}, {self._usage.input_tokens} in, {self._usage.output_tokens} out"

    def close(self) -> None:
        """Close what is open."""
        for client in self._clients.values():
            self._runner.run(client.aclose())
        self._runner.close()

    def _request(self, prompt: Any) -> Request:
        system = {"system_prompt": self.system} if self.system else {}
        with exits():
            request: Any = build_request({**self._fields, **system, "prompt": prompt}, NO_FILE)
            return behind(request, self.turns, None)

    def _client(self, plan: Plan) -> LLMClient:
        from smartllm.runtime.client import LLMClient  # noqa: PLC0415 - slow to load

        key = (plan.host, *(self._flags[name] for name in _WHERE))
        if key not in self._clients:
            self._clients[key] = LLMClient(**client_settings(plan, self._flags))
        return self._clients[key]

    def _tell(self, plan: Plan) -> None:
        """What is changed of the requests, once."""
        for item in plan.diagnostics:
            said = str(item)
            if self._manner.level != "ignore" and said not in self._told:
                complain(said)
            self._told.add(said)

    def _count(self, response: TextResponse[Any]) -> None:
        one, all_ = response.usage, self._usage
        self._usage = Usage(all_.input_tokens + one.input_tokens, all_.output_tokens + one.output_tokens)

    def _answered(self, request: Request, answer: Message | None) -> None:
        if answer is None:
            return
        self.answers += 1
        self.turns = [*getattr(request, "messages", ()), answer]
        self.files = []
