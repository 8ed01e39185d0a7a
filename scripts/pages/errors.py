"""The classes of errors: which is which, when each comes, and what may be tried again."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Final

import smartllm
from pages.text import code, head, prose, sentence, table, written
from smartllm.errors import ProviderError, SmartLLMError
from smartllm.provider_errors import provider_error

_MODULES: Final = ("errors", "model_errors", "structure_errors", "tools.errors")
_STATUSES: Final = (400, 401, 402, 403, 404, 408, 409, 413, 422, 424, 429, 500, 502, 503, 504, 529)
_RETRIED: Final = {
    "RateLimitError": "yes, after the time that the provider asks for",
    "ServerError": "by its status, see below",
    "ConnectionFailedError": "yes; not where a certificate, a proxy or a header is wrong",
    "ProviderTimeoutError": "yes; not at the limit `total`, which ends the call",
    "ResponseError": "once, where it is no JSON at all",
    "StreamError": "before its first piece came",
    "ProviderError": "where `retryable` says so",
}
"""What the client tries again by itself; nothing else is."""


def page() -> str:
    """The tree, statuses, and the classes."""
    kinds = list(_kinds(SmartLLMError))
    lines = [
        *head("Errors"),
        "All errors are `SmartLLMError`: `error.message` says what is wrong, `error.hint` what to do next.",
        "What can be told before anything is sent (`ConfigError`, `CompileError`, `RulesError`) is a",
        "`ValueError` too; what the provider or the way to it did is a `ProviderError`. The client tries",
        "again what may pass, up to `max_retries` times; the error that comes out is the last one, and",
        "`attempts` counts them.",
        "",
        *table(("Class", "When", "Tried again"), (_row(*each) for each in kinds)),
        "",
        "## By status",
        "",
        "Where the provider's own code says more than the status, the code decides: `insufficient_quota`",
        "with 429 is a `QuotaError`, `context_length_exceeded` with 400 a `ContextLengthError`.",
        "",
        *table(("Status", "Class", "Tried again"), map(_status, _STATUSES)),
        "",
        "## Classes",
        "",
        *(f"::: {kind.__module__}.{kind.__qualname__}\n" for kind, _ in kinds),
    ]
    return written(lines)


def _kinds(kind: type[SmartLLMError], depth: int = 0) -> Iterator[tuple[type[SmartLLMError], int]]:
    """A class and those below it, each once, in the order in which they were written."""
    for module in _MODULES:
        importlib.import_module(f"smartllm.{module}")
    yield kind, depth
    for each in kind.__subclasses__():
        if each.__module__.startswith("smartllm.") and each.__bases__[0] is kind:
            yield from _kinds(each, depth + 1)


def _row(kind: type[SmartLLMError], depth: int) -> tuple[str, str, str]:
    name = kind.__name__
    bases = [base.__name__ for base in kind.__bases__[1:] if not issubclass(base, SmartLLMError)]
    also = f" Also {' and '.join(map(code, bases))}." if bases else ""
    where = "" if name in smartllm.__all__ else f" In `{kind.__module__}`."
    target = f"#{kind.__module__}.{kind.__qualname__}"
    tried = _RETRIED.get(name, "no") if issubclass(kind, ProviderError) else "-"
    indent = "&nbsp;" * 4 * depth
    return f"{indent}[`{name}`]({target})", sentence(prose(kind.__doc__ or "")) + also + where, tried


def _status(status: int) -> tuple[str, str, str]:
    error = provider_error("", status=status, code=None, model="")
    return str(status), code(type(error).__name__), "yes" if error.retryable else "no"
