"""What files may say of a host: only the check of their shape reads it, no start has to load it."""

from dataclasses import dataclass

from smartllm.rules.vocabulary.fact import fact
from smartllm.rules.vocabulary.host import HostRow, Route
from smartllm.rules.vocabulary.wire import Dialect


@dataclass(frozen=True, eq=False)
class BatchQuotas:
    """What an overlay may say of a host's batch engine: what the account's own quotas are."""

    lines: int | None = fact(None, ge=1, description="Most lines of a file.")
    bytes: int | None = fact(None, ge=1, description="Most bytes of a file.")
    job_bytes: int | None = fact(None, ge=1, description="Most bytes of all files of a job.")
    minimum: int | None = fact(None, ge=1, description="Fewest lines of a job.")
    window_hours: int | None = fact(
        None, ge=24, le=168, description="Hours in which a job is to end; OpenAI takes 24 alone."
    )


@dataclass(frozen=True)
class HostTable(HostRow):
    """A row with its routes, as files state it."""

    route: dict[Dialect, Route] = fact({}, "The dialects that the host speaks, with their routes.")


@dataclass(frozen=True)
class HostDefaults:
    """What an overlay may say of a host: no address, no header, no credentials."""

    default_model: str | None = fact(None, "Model for requests and configurations that name none.")
    concurrency: int | None = fact(
        None, ge=1, description="Requests in flight, for models that state no number of their own."
    )
    compatible: str | None = fact(
        None, "Profile for unlisted models of other servers that speak this host's API."
    )
    batch: BatchQuotas | None = fact(None, "The account's quotas in the batch engine.")
