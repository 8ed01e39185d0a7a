"""Completion in bash, which cuts ids with a colon into words."""

from __future__ import annotations

import os
from typing import Final

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, split_arg_string

_BREAKS: Final = ":="
"""Characters of ids and options at which bash begins a new word, where COMP_WORDBREAKS has them."""

_BASH: Final = """\
%(complete_func)s() {
    local IFS=$'\\n' kind value
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:$COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null ||
    complete -F %(complete_func)s %(prog_name)s
"""


class Bash(ShellComplete):
    """Bash, which cuts ids with a colon into words: the line is read instead."""

    name = "bash"
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words up to the cursor, and the one that it stands in."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        whole = line[-1:].isspace() or not words
        return (words, "") if whole else (words[:-1], words[-1])

    def format_completion(self, item: CompletionItem) -> str:
        """A line for the script: of a word that bash cut, what stands behind the cut."""
        _, typed = self.get_completion_args()
        breaks = [one for one in _BREAKS if one in os.environ.get("COMP_WORDBREAKS", _BREAKS)]
        cut = max((typed.rfind(one) + 1 for one in breaks), default=0)
        return f"{item.type},{str(item.value).removeprefix(typed[:cut])}"


def register() -> None:
    """Take our bash in place of click's."""
    add_completion_class(Bash)
