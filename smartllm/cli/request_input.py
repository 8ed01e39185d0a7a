"""From flags and request files to a request; every mistake names the file, the field and the reason."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from smartllm.cli.request_files import placed
from smartllm.cli.terminal import complain
from smartllm.environment import ambient_rules
from smartllm.errors import CompileError, ConfigError, RequestFileError, RulesError, UnsupportedError
from smartllm.media import loaded
from smartllm.rules import RuleSet, load_rules

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]
_DECLARE: Final = "declare them in tools=[...]"
"""What only Python would say."""


def source_of(path: str | None) -> str:
    """How messages name where a request comes from."""
    return "<stdin>" if path == "-" else path or "request"


def read_request(path: str, files: str | None = None) -> dict[str, Any]:
    """Fields of a request file.

    Args:
        path: A JSON file with TextRequest or MessageRequest field names, or ``-`` for standard input.
        files: Folder of the files that its parts name; None is the request file's own, and the current one
            for standard input.

    Raises:
        RequestFileError: Unreadable, not JSON, or not an object; or a part names a file outside the folder.
    """
    name = source_of(path)
    data = read_json(path)
    if not isinstance(data, dict):
        raise RequestFileError(f"{name}: a request is a JSON object, not {_kind(data)}")
    if "on_progress" in data:
        raise RequestFileError(f"{name}: on_progress: a callback cannot be given in a file")
    return placed(data, Path(files or ("." if path == "-" else Path(path).parent)), name)


def read_json(path: str) -> Any:
    """JSON content of a file or of standard input.

    Raises:
        RequestFileError: Unreadable or not JSON; names file, line and column.
    """
    name = source_of(path)
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return json.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise RequestFileError(f"{name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise RequestFileError(f"{name}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise RequestFileError(f"{name}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise RequestFileError(f"{name}: nested too deeply") from None


def build_request(fields: Mapping[str, Any], source: str) -> Request:
    """Validate fields into a request, and read the files that its parts name.

    Args:
        fields: Field values; ``prompt`` or ``messages`` decides which request it is.
        source: Where they come from, for messages.

    Raises:
        RequestFileError: Names the source, the field, the value and what is allowed.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - loads slowly, and plain requests need none of it

    from smartllm.request import MessageRequest, TextRequest  # noqa: PLC0415 - same

    if ("prompt" in fields) == ("messages" in fields):
        problem = (
            "both prompt and messages are given" if "prompt" in fields else "prompt or messages is missing"
        )
        raise RequestFileError(f"{source}: {problem}", hint="give exactly one of prompt and messages")
    kind: type[Request] = TextRequest if "prompt" in fields else MessageRequest
    try:
        request: Request = loaded(kind.model_validate(dict(fields)))
    except UnsupportedError as error:
        raise RequestFileError(f"{source}: {error.message}", hint=error.hint) from None
    except ValidationError as error:
        lines = [f"{source}: {_problem(item)}" for item in error.errors(include_url=False)]
        known = ", ".join(sorted(set(kind.model_fields) - {"on_progress"}))
        unknown = any(item["type"] == "extra_forbidden" for item in error.errors())
        raise RequestFileError("\n".join(lines), hint=f"known fields: {known}" if unknown else "") from None
    return request


def load_schema(text: str) -> type[BaseModel] | dict[str, Any]:
    """A JSON Schema file, or ``module:Class`` naming a Pydantic model.

    Raises:
        RequestFileError: Neither can be loaded.
    """
    from pydantic import BaseModel  # noqa: PLC0415 - see build_request

    if ":" not in text or Path(text).exists():
        schema = read_json(text)
        if not isinstance(schema, dict):
            raise RequestFileError(f"{text}: a JSON Schema is a JSON object, not {_kind(schema)}")
        return schema
    model = imported(text, "--schema")
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        name = text.partition(":")[2]
        raise RequestFileError(f"--schema {text}: {name} is not a Pydantic model")
    return model


def imported(text: str, option: str) -> Any:
    """What a module of the current folder, or an installed one, has under a name.

    Args:
        text: ``module:name``.
        option: Who asks, for messages.

    Raises:
        RequestFileError: There is no such module or name.
    """
    module, _, name = text.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RequestFileError(f"{option} {text}: {error}") from None
    finally:
        sys.path.pop(0)


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _problem(item: ErrorDetails) -> str:
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "missing":
        return f"{field}: is missing"
    if item["type"] in {"tools", "content"}:  # they name the place themselves
        return item["msg"].replace(_DECLARE, 'declare them with --tools, or as "tools" of the request')
    return f"{field}: {item['msg']}, not {_shown(item['input'])}"


def _shown(value: Any) -> str:
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - a line's worth


def rules_in_force(rules: Sequence[str] = ()) -> RuleSet:
    """The shipped rules with the overlays of the user, of the environment and of the command.

    Raises:
        RulesError: One cannot be used.
    """
    return load_rules(rules, ambient=ambient_rules(os.environ))


@contextmanager
def exits() -> Iterator[None]:
    """Turn the errors of rules and compiler into a message and an exit status: 2 bad input, 1 refused.

    Raises:
        click.exceptions.Exit: In their place.
    """
    try:
        yield
    except (RequestFileError, RulesError, ConfigError) as error:
        raise usage_error(error) from None
    except CompileError as error:
        complain(f"refused: {error}")
        raise click.exceptions.Exit(1) from None


def usage_error(error: Exception) -> click.exceptions.Exit:
    """Print a mistake of the caller's and give the exit status for it."""
    complain(f"error: {error}")
    return click.exceptions.Exit(2)
