"""Options that do not go together: a table for each command, and one refusal for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import click
from click.core import ParameterSource


class Apart(NamedTuple):
    """Two options, or values of them, of which one would be ignored.

    Attributes:
        one: An option, an argument's metavar, or an option and a value, such as ``--provider bedrock``.
        other: The same.
        why: What is to be done instead.
    """

    one: str
    other: str
    why: str


class Needs(NamedTuple):
    """An option that means something beside another one alone.

    Attributes:
        one: As in ``Apart``.
        others: Any of these will do.
    """

    one: str
    others: tuple[str, ...]


Rule = Apart | Needs

_OPENAI: Final = "the option is for servers that speak OpenAI's API"
_ELSEWHERE: Final = tuple(
    Apart("--compatible", other, _OPENAI)
    for other in ("--provider bedrock", "--api-type invoke", "--api-type converse")
)
_BASE_URL: Final = (
    *(
        Apart("--base-url", other, f"{_OPENAI}; for Bedrock's set AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
        for other in ("--provider bedrock", "--api-type invoke", "--api-type converse")
    ),
    Apart("--base-url", "--aws-profile", "one is for OpenAI's API, the other for Bedrock"),
    Apart("--aws-profile", "--provider openai", "AWS's profiles are for Bedrock"),
)
REQUEST: Final[tuple[Rule, ...]] = (*_ELSEWHERE, Needs("--files", ("--request",)))
"""For the commands that take a request."""
_PAGE: Final = Apart("--html", "--json", "one is for a browser, the other for programs")
EXPLAIN: Final[tuple[Rule, ...]] = (
    _PAGE,
    *(
        Apart("--doors", other, "it tells of hosts and what differs there")
        for other in ("--all", "--notes", "--compatible")
    ),
)
DIFF: Final[tuple[Rule, ...]] = (*REQUEST, _PAGE)
COMPILE: Final[tuple[Rule, ...]] = (
    *REQUEST,
    Apart("--format", "--explain", "--explain prints no body: ask for one of them"),
)
_TALK: Final = Apart("--continue", "--talk", "the last talk, or the one that is named")
_PLAIN: Final = "a block is cut out of the whole answer, as text"
RUN: Final[tuple[Rule, ...]] = (
    *REQUEST,
    *_BASE_URL,
    _TALK,
    Apart("--extract", "--stream", _PLAIN),
    Apart("--extract", "--json", _PLAIN),
    Apart("--stream", "--json", "JSON comes as a whole, when the answer is complete"),
    Apart("--no-cache", "--refresh", "--refresh keeps the new answer, --no-cache keeps none"),
)
TOKENS: Final[tuple[Rule, ...]] = (*REQUEST, *_BASE_URL)
BATCH_RUN: Final[tuple[Rule, ...]] = (
    *_BASE_URL,
    Apart("--overwrite", "--retry-failed", "one drops what is there, the other goes on with it"),
)
CHAT: Final[tuple[Rule, ...]] = (*_ELSEWHERE, *_BASE_URL, _TALK)
VERIFY: Final[tuple[Rule, ...]] = (
    *_BASE_URL,
    Apart("--fact", "--all", "--all has every fact in it"),
    Apart("--older-than", "--all", "--all has facts of any age in it"),
    Apart("--older-than", "--fact", "a fact that is named is tried whatever its age"),
)
LINT: Final[tuple[Rule, ...]] = (
    Apart("--list", "FILES", "--list prints the checks and reads no file"),
    Apart("--list", "--json", "--list prints no findings"),
)
SANDBOX: Final[tuple[Rule, ...]] = (Apart("--seconds", "COMMAND", "it serves as long as COMMAND runs"),)


class Command(click.Command):
    """A command that refuses options which do not go together, instead of ignoring one of them.

    Args:
        rules: Which.
    """

    def __init__(self, *args: Any, rules: Sequence[Rule] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = tuple(rules)

    def invoke(self, ctx: click.Context) -> Any:
        """Call it.

        Raises:
            click.UsageError: Of two options one would be ignored; names both.
        """
        for problem in self._problems(ctx):
            raise click.UsageError(problem, ctx)
        return super().invoke(ctx)

    def _problems(self, ctx: click.Context) -> Iterator[str]:
        for rule in self.rules:
            if not self.is_given(ctx, rule.one):
                continue
            if isinstance(rule, Needs):
                if not any(self.is_given(ctx, other) for other in rule.others):
                    yield f"{rule.one} means nothing without {' or '.join(rule.others)}."
            elif self.is_given(ctx, rule.other):
                yield f"{rule.one} and {rule.other} do not go together: {rule.why}."

    def is_given(self, ctx: click.Context, what: str) -> bool:
        """Whether an option, or a value of it, was typed.

        Raises:
            LookupError: There is none of the name.
        """
        name, _, value = what.partition(" ")
        parameter = next(
            (one for one in self.params if name in (*one.opts, *one.secondary_opts, _metavar(one))), None
        )
        if parameter is None or parameter.name is None:
            raise LookupError(f"{self.name} has no {name}")
        if ctx.get_parameter_source(parameter.name) is not ParameterSource.COMMANDLINE:
            return False
        given = ctx.params[parameter.name]
        return given == value if value else given not in (None, ())


def _metavar(parameter: click.Parameter) -> str:
    """The name of an argument as the help has it; empty for an option."""
    said = parameter.metavar if isinstance(parameter, click.Argument) else None
    return (said or "").strip("[]. -").partition(" ")[0]
