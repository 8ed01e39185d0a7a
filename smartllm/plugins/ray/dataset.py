"""``ask``: answers to the rows of a dataset, by as many workers as there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Unpack

from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, RequestTypeError
from smartllm.plugins.ray.worker import Worker, with_keys
from smartllm.plugins.rows import KEY, Asked, Row
from smartllm.request_keywords import RequestFields
from smartllm.request_of import any_request
from smartllm.values import Number, unusable

if TYPE_CHECKING:
    from ray.data import Dataset

_CALL: Final = "smartllm.plugins.ray.ask"
_COUNT: Final = Number("a whole number from 1 on", 1, whole=True)
_SHARE: Final = Number("a number above 0, at most 1", 0, most=1, above=True, optional=True)
_PARTITIONS: Final = 4
"""A worker's, where nothing else is said: what it has not answered yet when it dies is asked again."""


def ask(
    rows: Dataset,
    config: LLMConfig | None = None,
    *,
    workers: int,
    request: str | Callable[[Row], Any] = "prompt",
    share: float | None = None,
    partitions: int | None = None,
    order: str | None = None,
    worker_options: Mapping[str, Any] | None = None,
    **fields: Unpack[RequestFields[Any]],
) -> Dataset:
    """Answer each row of a dataset; nothing is asked before the dataset that it gives is taken.

    Equal requests meet in one partition, at one worker, which asks once. What other runs, and workers that
    died, have asked comes from the cache: give the workers one, by ``dynamo_table_name`` of the settings.
    Errors are values: a row that fails costs no other.

    Args:
        rows: What is asked. All its columns are kept.
        config: Settings of the workers' clients; the limits are those of all workers together. It travels to
            the workers, which read their own environment: leave keys there.
        workers: How many there are, each an actor of Ray's with one client.
        request: The column of the prompts; or a function of a row (a dict) that gives a prompt, a
            conversation or a request.
        share: The part of the limits that each worker takes; None is an equal part.
        partitions: Into how many the rows are divided; None is four a worker.
        order: A column by which the answered rows are sorted; None leaves them as they come.
        worker_options: What Ray is told of each worker: ``num_cpus``, ``resources``, ``runtime_env`` and so
            on, as ``Dataset.map_batches`` takes them.
        fields: Fields of a request, for prompts and conversations; a request holds its own.

    Returns:
        The rows with the columns ``status`` (``answered``, ``failed`` or ``refused``), ``text``, ``error``
        and ``result``, the latter two as JSON.

    Raises:
        RequestTypeError: ``rows`` is no dataset.
        ConfigError: A count or share that cannot be used, or settings that cannot travel. When taken, in
            Ray's own error: the rows have no column of prompts, or one that is to be added; or as
            ``LLMClient``.
        pydantic.ValidationError: (a ``ValueError``) a field cannot be used.
    """
    import ray.data  # noqa: PLC0415 - loads for seconds

    if not isinstance(rows, ray.data.Dataset):
        raise RequestTypeError(
            f"{_CALL} takes a dataset of Ray's, not {type(rows).__name__}",
            hint='ray.data.from_items([{"prompt": "Who was Ada Lovelace?"}]) makes one',
        )
    _COUNT.check("workers", workers)
    _COUNT.check("partitions", partitions := _PARTITIONS * workers if partitions is None else partitions)
    if not (isinstance(request, str) or callable(request)):
        raise unusable("request", request, "the name of a column, or a function of a row")
    if not callable(request):
        any_request(_CALL, "x", fields)
    config = shared_out(config or LLMConfig(), workers, share)
    asked = {"config": config, "asked": Asked(_CALL, request, dict(fields))}
    whole: Any = {"batch_size": None, "batch_format": "pyarrow"}
    answered = (
        rows.map_batches(with_keys, fn_kwargs=asked, **whole)
        .repartition(partitions, keys=[KEY])
        .map_batches(
            Worker,
            fn_constructor_kwargs=asked,
            compute=ray.data.ActorPoolStrategy(size=workers),
            **whole,
            **(worker_options or {}),
        )
    )
    return answered if order is None else answered.sort(order)


def shared_out(config: LLMConfig, workers: int, share: float | None) -> LLMConfig:
    """The settings of one worker.

    Raises:
        ConfigError: The share is none, or the settings cannot travel.
    """
    _SHARE.check("share", share)
    if config.aws_session is not None:
        raise ConfigError(
            "aws_session: a session cannot travel to other machines",
            hint="give aws_profile or aws_role_arn, or leave the credentials to the workers' environment",
        )
    return replace(config, quota_share=config.quota_share * (share or 1 / workers))
