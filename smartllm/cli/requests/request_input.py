"""From flags and request files to a request; every mistake names the file, the field and the reason."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from smartllm.cli.requests.short_schema import is_short, schema_of
from smartllm.cli.requests.standard_input import NAME, read_bytes
from smartllm.cli.terminal import complain
from smartllm.environment import ambient_rules
from smartllm.errors import CompileError, ConfigError, RequestFileError, RulesError
from smartllm.request_files import placed
from smartllm.request_reading import NO_FILE
from smartllm.rules import RuleSet, load_rules

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]
_HOW_TO_SAY_FIELDS: Final = "a comma or a type makes it fields: --schema 'name,' or --schema 'age int'"


def source_of(path: str | None) -> str:
    """How messages name where a request comes from."""
    return NAME if path == "-" else path or NO_FILE


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
        raw = read_bytes() if path == "-" else Path(path).read_bytes()
        return _loaded(raw.decode("utf-8-sig"), name)
    except OSError as error:
        raise RequestFileError(f"{name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise RequestFileError(f"{name}: not UTF-8 text (byte {error.start})") from None


def _loaded(text: str, name: str) -> Any:
    """The value that JSON text holds."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RequestFileError(f"{name}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise RequestFileError(f"{name}: nested too deeply") from None


def load_schema(text: str) -> Any:
    """What ``--schema`` says: a file, JSON, ``module:name`` of a type, or a short form; see ``schema_of``.

    Raises:
        RequestFileError: It can be read as none of them.
    """
    if text.lstrip().startswith("{"):
        return _loaded(text, "--schema")
    is_file = text == "-" or os.path.exists(text)  # noqa: PTH110 - Path raises for names that are too long
    if not is_file and is_short(text):
        return schema_of(text)
    if is_file or ":" not in text:
        if not is_file:
            raise RequestFileError(f"--schema {text[:80]}: there is no such file", hint=_HOW_TO_SAY_FIELDS)
        schema = read_json(text)
        if not isinstance(schema, dict):
            raise RequestFileError(f"{text}: a JSON Schema is a JSON object, not {_kind(schema)}")
        return schema
    return _type_of(text)


def _type_of(text: str) -> Any:
    """The type that a module has."""
    from smartllm.format_types import is_type  # noqa: PLC0415 - see build_request

    found = imported(text, "--schema")
    if not is_type(found):
        name = text.partition(":")[2]
        raise RequestFileError(
            f"--schema {text}: {name} is neither a type nor a TypeAdapter, but a {type(found).__name__}"
        )
    return found


def imported(text: str, option: str) -> Any:
    """What a module of the current folder, or an installed one, has under a name.

    Args:
        text: ``module:name``.
        option: Who asks, for messages.

    Raises:
        RequestFileError: There is no such module or name.
    """
    module, _, name = text.partition(":")
    sys.path.insert(0, "")  # the current folder, even where it is gone
    try:
        return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the module's own, whatever it does
        raise RequestFileError(f"{option} {text}: {_told(error)}") from None
    finally:
        sys.path.pop(0)


def _told(error: BaseException) -> str:
    """What a module that cannot be loaded says; of mistakes in it also what they are."""
    if isinstance(error, (ImportError, AttributeError, ValueError)) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


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


def usage_error(error: Exception | str) -> click.exceptions.Exit:
    """Print a mistake of the caller's and give the exit status for it."""
    complain(f"error: {error}")
    return click.exceptions.Exit(2)
