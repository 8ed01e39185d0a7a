"""A file of requests answered online: from settings, as a client takes them, to results on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Unpack

from smartllm import values
from smartllm.config import LLMConfig, make_config
from smartllm.environment import MODELS, Environment
from smartllm.errors import RequestFileError
from smartllm.map_progress import MapProgress
from smartllm.rules import RuleSet, load_rules
from smartllm.runtime.batch.clients import Clients
from smartllm.runtime.batch.run import MAX_FAILURES, RunSummary, RunWish, answer_file
from smartllm.runtime.batch.run_lines import RunLines
from smartllm.runtime.observe.map_bar import shown_progress
from smartllm.setting_keywords import ClientSettings
from smartllm.settings import Settings

if TYPE_CHECKING:
    from smartllm.runtime.batch.online import Online
    from smartllm.runtime.batch.run_work import Survey
    from smartllm.words import ApiType

_FOR_ANSWERS: Final = ("provider", "temperature", "max_tokens", "reasks")
"""Settings on which answers depend, beside the model, the address and the rules."""


async def run_batch(
    source: str | os.PathLike[str],
    results: str | os.PathLike[str],
    *,
    api_type: ApiType | None = None,
    files: str | os.PathLike[str] | None = None,
    use_cache: bool = True,
    limit: int | None = None,
    retry_failed: bool = False,
    overwrite: bool = False,
    max_failures: int = MAX_FAILURES,
    progress: bool | Callable[[MapProgress], None] = False,
    **settings: Unpack[ClientSettings],
) -> RunSummary:
    """Answer a file of requests online, and write the results in the order of its lines.

    As ``smartllm batch run``. An answer is on the disk, in ``<results>.journal``, as soon as it is there; the
    same call goes on after whatever ended the last one, and asks no line again that is answered. What was
    under way when a process was killed, at most ``max_concurrent`` requests, is asked again.

    Args:
        source: The file: a JSON object with the fields of a request, a text or a list a line.
        results: The file of results, a JSON object a line; see ``smartllm.runtime.batch.result_lines``.
        api_type: For requests that name none.
        files: Folder of the files that requests name; None takes that of ``source``.
        use_cache: False leaves the cache out, whatever a line says.
        limit: How many requests are asked at most this time.
        retry_failed: Lines that have no answer are asked again.
        overwrite: Results that are there are dropped.
        max_failures: The run ends after so many failures in a row; 0 for never.
        progress: True shows a bar on standard error, or lines without a terminal; or a function that is told
            a ``MapProgress`` after each request.
        settings: Fields of ``LLMConfig``, for each provider those that it knows; without ``provider`` each
            line's model tells whom to ask. ``default_model`` is for lines that name no model.

    Returns:
        How the file stands; ``reason`` says why it ended early, if it did.

    Raises:
        ConfigError: A setting cannot be used; the files do not go together, another run writes them, the
            requests that were answered have changed, or the settings on which answers depend have.
        RequestFileError: (a ``CompileError``) ``source`` cannot be read.
        RulesError: An overlay cannot be used.
    """
    place = Path(source)
    show = shown_progress("run") if progress is True else None
    tell = show or (progress if callable(progress) else None)
    wish = RunWish(limit=limit, retry_failed=retry_failed, overwrite=overwrite, max_failures=max_failures)
    try:
        with opened(place) as file:
            return await run_opened(
                file,
                place.parent if files is None else Path(files),
                Path(results),
                settings,
                wish,
                fields={"api_type": api_type},
                use_cache=use_cache,
                tell=tell,
            )
    finally:
        if show is not None:
            with suppress(OSError, ValueError):  # standard error may be gone
                show(None)


def opened(source: Path) -> BinaryIO:
    """A file of requests.

    Raises:
        RequestFileError: It cannot be read.
    """
    try:
        return source.open("rb")
    except OSError as error:
        raise RequestFileError(f"{source}: cannot be read ({error.strerror})") from None


async def run_opened(
    file: BinaryIO,
    folder: Path,
    results: Path,
    settings: Mapping[str, Any],
    wish: RunWish,
    *,
    fields: Mapping[str, Any],
    use_cache: bool = True,
    tell: Callable[[MapProgress], None] | None = None,
    note: Callable[[str], None] | None = None,
    begun: Callable[[Online, Survey], None] | None = None,
) -> RunSummary:
    """As ``run_batch``, of a file that is open.

    Args:
        file: The requests; is read twice.
        folder: Where the files are that requests name.
        results: The file of results.
        settings: Fields of ``LLMConfig``.
        wish: What is to be done; what answers depend on is told by the settings.
        fields: Fields for requests that do not say them.
        use_cache: False leaves the cache out.
        tell: Is told how far the run is.
        note: Is told what people should know meanwhile.
        begun: Is given the run, which it may end, and what is to be done.
    """
    config = make_config(LLMConfig, settings)
    rules = load_rules(Settings.resolve(LLMConfig(rules=config.rules), sends=False).rules)
    fields = {"model": config.default_model, **fields}
    wish = replace(wish, about={**_about(config, rules), **fields}, max_concurrent=config.max_concurrent)
    with RunLines(folder, fields, use_cache=use_cache) as reading:
        async with Clients(rules, settings, provider=config.provider) as clients:
            return await answer_file(
                file, results, reading, clients.of, wish, tell=tell, note=note, begun=begun
            )


def _about(config: LLMConfig, rules: RuleSet) -> dict[str, Any]:
    """What answers depend on, beside the fields of the requests; nothing secret."""
    about = {name: getattr(config, name) for name in _FOR_ANSWERS}
    address = values.url("base_url", config.base_url)
    about["base_url"] = None if address is None else values.without_login(address)
    overlays = [layer.data for layer in rules.layers if layer.overlay]
    text = json.dumps(overlays, default=str, sort_keys=True)
    about["rules"] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if overlays else None
    if config.default_model is None:
        found = {name: Environment().first(name) for name in MODELS.values()}
        about |= {name: None if one is None else one.value for name, one in found.items()}
    return about
