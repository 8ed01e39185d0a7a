"""What ``smartllm chat`` does: turn by turn, up to the end."""

from __future__ import annotations

from typing import Any, Final

from smartllm.cli.calls.asking import Manner
from smartllm.cli.requests.request_input import exits, usage_error
from smartllm.cli.requests.request_options import option_fields
from smartllm.cli.talk import chat_commands
from smartllm.cli.talk.chat_lines import Lines
from smartllm.cli.talk.conversation import Conversation
from smartllm.cli.talk.talk_store import TalkStore
from smartllm.cli.talk.talking import Keeper, continued, turns_in
from smartllm.cli.terminal import INTERRUPTED, complain

_NOT_HERE: Final = ("tools", "tool_choice", "parallel_tool_calls", "response_format")


def talk_with(flags: dict[str, Any], *, quiet: bool) -> int:
    """Talk; gives the exit status.

    Args:
        flags: The command's other options.
        quiet: Nothing to standard error but what went wrong.
    """
    typed, store = dict(flags), TalkStore.of_user()
    with exits():
        fields = option_fields(flags)
        talk = continued(flags, store)
        turns = [] if talk is None else turns_in(talk)
    for name in _NOT_HERE:
        if name in fields:
            raise usage_error(f"-o {name}: a chat has no place for it; see smartllm run")
    keeper = Keeper(store, talk, flags, quiet=quiet)
    chat = Conversation(flags, typed, fields, keeper, Manner.of(flags["level"], quiet=quiet))
    chat.turns = turns
    if talk is not None:
        chat.system = chat.system or talk.system_prompt or ""
    try:
        return _talk(chat, store, keeper, flags, quiet=quiet)
    finally:
        chat.close()


def _talk(chat: Conversation, store: TalkStore, keeper: Keeper, flags: dict[str, Any], *, quiet: bool) -> int:
    chat.check()
    for file in flags["attachments"]:
        with exits():
            chat.files.append((file, chat_commands.attached_file(file)))
    lines = Lines(None if flags["no_keep"] else store, chat_commands.names())
    tells = lines.by_hand and not quiet
    if tells:
        goes_on = f", going on after {len(chat.turns)} turns" if chat.turns else ""
        complain(f"{chat.model}{goes_on}; /help lists commands, Ctrl-D ends")
    with lines.opened():
        status = _turns(chat, lines)
    if tells and chat.answers:
        complain(chat.summary() + ("" if keeper.talk is None else "; smartllm chat -c goes on"))
    return status


def _turns(chat: Conversation, lines: Lines) -> int:
    """Turn by turn up to the end; gives the exit status."""
    status = 0
    while True:
        try:
            said = lines.turn()
            if said is None:
                return status
            if not said.strip():
                continue
            if chat_commands.is_command(said):
                chat_commands.obey(chat, said)
                continue
            one = chat.ask(chat_commands.text_of_line(said))
            status = status if lines.by_hand else status or one
        except chat_commands.LeaveError:
            return status
        except KeyboardInterrupt:
            if not lines.by_hand:
                complain("stopped")
                return INTERRUPTED
            complain("")
