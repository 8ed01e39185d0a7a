"""What a row of ``[host.*]`` may say: how calls get to a host, and on which routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from smartllm.rules.vocabulary.counting import CountRoute
from smartllm.rules.vocabulary.fact import fact
from smartllm.rules.vocabulary.wire import Dialect

Auth = Literal["bearer", "sigv4"]
Framing = Literal["sse", "event-stream"]
ErrorShape = Literal["openai", "aws", "anthropic"]
Listing = Literal["openai", "bedrock", "anthropic", "mantle"]
BatchShape = Literal["openai", "bedrock"]


class Travel(NamedTuple):
    """How one kind of call goes to a host.

    Attributes:
        operation: The host's name of the operation.
        template: Path below the host's address; ``{model}`` stands for the id.
        headers: Headers beside the content type.
        keys: Where in a body stands what only says how the answer comes, by dotted path.
        streamed: The answer comes as a stream.
        errors: How an answer with an error status is read, where the route has a way of its own.
    """

    operation: str
    template: str
    headers: Mapping[str, str]
    keys: frozenset[str]
    streamed: bool = False
    errors: ErrorShape | None = None

    def under(self, base: str) -> "Travel":
        """The same with the path under which the model's API lies."""
        return self._replace(
            operation=self.operation.replace("{base}", base), template=self.template.replace("{base}", base)
        )

    def path(self, model: str) -> str:
        """The path for a model, percent-encoded."""
        if "{model}" not in self.template:
            return self.template
        from urllib.parse import quote  # noqa: PLC0415 - slow to load, and only calls need it

        return self.template.replace("{model}", quote(model, safe=""))


@dataclass(frozen=True, eq=False)
class Route:
    """Where one dialect goes on a host, and what its body must add there."""

    path: str = fact(
        "", "Path below the host's address; {model} stands for the id, {base} for the model's ids.base."
    )
    api_type: str = fact("", "The caller's word for the API here; left out: the dialect's.")
    operation: str = fact("", "The host's name of the operation; left out: the method and the path.")
    headers: dict[str, str] = fact({}, "Headers beside the content type.")
    stream_path: str = fact("", "Path for a streamed answer, where it is another.")
    stream_operation: str = fact("", "As operation, for a streamed answer.")
    stream_headers: dict[str, str] = fact({}, "As headers, for a streamed answer.")
    stream_key: str = fact("", "Key of the body that asks for a streamed answer.")
    stream_adds: dict[str, Any] = fact({}, "What the body of a streamed call holds too, by dotted path.")
    adds: dict[str, Any] = fact({}, "What every body must begin with, by dotted path.")
    model_key: str = fact("", "Key of the body that holds the id, where the dialect has none.")
    beta_header: str = fact("", "Header that takes the names of betas; left out: they stand in the body.")
    betas: dict[str, str] = fact(
        {},
        "Names of betas that a body must name, by what needs them: a type of tool, block, source or edit, or "
        "the key of a field, such as output_config.task_budget.",
    )
    errors: ErrorShape | None = fact(None, "How errors are read here, if in a way of its own.")
    count: CountRoute | None = fact(None, "Where input tokens are counted; left out: nowhere that is known.")

    @cached_property
    def plain(self) -> Travel:
        """How a call goes whose answer comes in one piece."""
        operation = self.operation or f"POST {self.path}"
        return Travel(operation, self.path, self.headers, self._keys, errors=self.errors)

    @cached_property
    def streaming(self) -> Travel:
        """How a call goes whose answer is streamed."""
        operation = self.stream_operation or self.plain.operation
        if not self.stream_path:
            return self.plain._replace(operation=operation, streamed=True)
        return Travel(
            operation, self.stream_path, self.stream_headers, self._keys, streamed=True, errors=self.errors
        )

    @property
    def _keys(self) -> frozenset[str]:
        keys = {name.partition(".")[0] for name in self.stream_adds}
        return frozenset(keys | {self.stream_key} - {""})


@dataclass(frozen=True, eq=False)
class Shell:
    """How a host is called at a shell, in words that hold no secret."""

    address: str = fact("", "The address, as it stands between double quotes.")
    query: str = fact("", "What stands behind every path.")
    arguments: tuple[str, ...] = fact((), "How curl authorises itself.")
    encoded: str = fact("", "What is to be known of a path that holds percent signs.")


@dataclass(frozen=True, eq=False)
class HostBatch:
    """The host's batch engine: how its files look, and how much they may hold."""

    shape: BatchShape = fact("openai", "The form of its lines, and the service that runs them.")
    endpoints: dict[Dialect, str] = fact({}, "What it calls the endpoint of each dialect that it takes.")
    lines: int = fact(1, "Most lines of a file.")
    bytes: int = fact(1, "Most bytes of a file.")
    job_bytes: int = fact(1, "Most bytes of all files of a job.")
    minimum: int = fact(1, "Fewest lines of a job.")
    window_hours: int = fact(24, "Hours in which a job is to end; what is not done by then expires.")
    price: float = fact(1.0, "What a call costs there, as a part of its price online.")


@dataclass(frozen=True, eq=False)
class HostRow:
    """Who serves the models, and how calls get there; without the routes it is small and goes with plans."""

    title: str = fact("", "The name for people.")
    extends: str | None = fact(
        None, "Another host, whose [on.*] rows count before this one's: ids and lives are the same there."
    )
    stated_only: bool = fact(False, "It serves the models alone whose rows on it state endpoints.")
    asked_only: bool = fact(False, "It is taken only where it is named.")
    prefer: tuple[Dialect, ...] = fact((), "Wires that come first here, whatever the models' rows say.")
    address: str = fact("", "Its own address, with {region}; left out: the provider's.")
    signs_as: str = fact("", "The name of the service in signatures; left out: the provider's.")
    default_model: str = fact("", "Model for requests and configurations that name none.")
    concurrency: int = fact(1, "Requests in flight, for models that state no number of their own.")
    compatible: str | None = fact(
        None, "Profile for unlisted models of other servers that speak this host's API."
    )
    auth: Auth = fact("bearer", "How calls are authorised.")
    framing: Framing = fact("sse", "How a streamed answer is cut into events.")
    errors: ErrorShape = fact("openai", "How an answer with an error status is read.")
    id_header: str = fact("", "Header that holds the id of a call.")
    listing: Listing = fact("openai", "How the models that the account can call are listed.")
    assembled: bool = fact(True, "Whether a whole answer may be asked for as a stream.")
    prices: str = fact("", "The provider's id in genai-prices.")
    telemetry: str = fact("", "The provider's name in OpenTelemetry's conventions.")
    shell: Shell = fact(Shell())
    batch: HostBatch | None = fact(None, "Its batch engine; left out: it has none that is known.")
