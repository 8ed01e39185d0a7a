"""What a row of ``[host.*]`` may say. Only the check of a file's shape reads it: no start has to load it."""

from dataclasses import dataclass

from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class HostRow:
    """Who serves the models."""

    default_model: str | None = fact(None, "Model for requests and configurations that name none.")
    concurrency: int | None = fact(
        None, ge=1, description="Requests in flight, for models that state no number of their own."
    )
    compatible: str | None = fact(
        None, "Profile for unlisted models of other servers that speak this host's API."
    )
