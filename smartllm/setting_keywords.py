"""The settings of a client as keywords: what editors complete and type checkers check."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypedDict

from smartllm.diagnostics import Level
from smartllm.words import Provider


class ClientSettings(TypedDict, total=False):
    """Keywords of ``LLMClient``, which are the fields of ``LLMConfig``; that class says what each means.

    Settings that several clients share may be kept in a dict of this type, and handed over with ``**``.
    The texts are those of ``LLMConfig``, written here by ``scripts/generate_docs.py``.
    """

    provider: Provider | None
    """``openai``, ``bedrock``, ``anthropic`` or ``azure``, or a single door of one, such as
    ``bedrock-mantle``; None detects it from the other settings and the environment."""
    api_key: str | Callable[[], str | Awaitable[str]] | None
    """Key of OpenAI, Anthropic or Azure; None reads ``OPENAI_API_KEY``, ``ANTHROPIC_API_KEY`` or
    ``AZURE_OPENAI_API_KEY``. Another server with a ``base_url`` may need none. Or a function that gives a
    bearer token, such as one of Entra's, async or run in a thread: it is asked before each request."""
    base_url: str | None
    """Endpoint of OpenAI, Anthropic (without ``/v1``) or Azure (the whole address, with ``/openai/v1``); None
    reads ``OPENAI_BASE_URL`` or ``ANTHROPIC_BASE_URL``."""
    organization: str | None
    """OpenAI organisation id; None reads ``OPENAI_ORG_ID``."""
    aws_access_key_id: str | None
    """AWS's key, with ``aws_secret_access_key``; None reads AWS's variables, then the default chain."""
    aws_secret_access_key: str | None
    """With ``aws_access_key_id``; as there."""
    aws_session_token: str | None
    """For temporary credentials."""
    aws_region: str | None
    """AWS's region; None takes the session's, reads ``AWS_REGION``, then ``AWS_DEFAULT_REGION``, takes that
    of ``aws_profile``, then ``defaults.aws_region``."""
    endpoint_url: str | None
    """Bedrock endpoint; None reads ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``, ``AWS_ENDPOINT_URL``."""
    default_model: str | None
    """For requests that name none; None reads ``OPENAI_MODEL``, ``BEDROCK_MODEL``, ``ANTHROPIC_MODEL`` or
    ``AZURE_OPENAI_DEPLOYMENT``."""
    temperature: float | None
    """For requests that set none; not sent to models that do not accept it."""
    max_tokens: int | None
    """For requests that set none, in tokens."""
    max_retries: int
    """Retries after the first attempt."""
    retry_delay: float
    """First backoff bound in seconds."""
    max_retry_delay: float
    """Largest backoff in seconds."""
    read_timeout: float | None
    """Longest silence in seconds; None reads ``BEDROCK_READ_TIMEOUT`` (Bedrock only), then takes
    ``defaults.read_timeout``."""
    connect_timeout: float | None
    """Longest time until there is a connection, in seconds; None reads ``BEDROCK_CONNECT_TIMEOUT`` (Bedrock
    only), then takes ``defaults.connect_timeout``."""
    first_event_timeout: float | None
    """Longest time until the first delta of a stream, in seconds; None takes the read timeout."""
    stall_timeout: float | None
    """Longest time between two deltas, in seconds; pings are none; None takes the read timeout. This one and
    ``read_timeout`` hold fourfold for a stream whose calls the provider holds back until they are written."""
    total_timeout: float
    """For a whole call: cache, limits, retries, second steps; in seconds."""
    max_concurrent: int | None
    """Calls in flight for one model in one event loop; None takes the rules' number."""
    max_retry_after: float
    """Longest wait that a provider may ask for, in seconds; a longer one raises at once."""
    retry_budget: float | None
    """Tokens that pay for the retries of an event loop (14 each, 5 after throttling, refilled by successes);
    None switches it off."""
    cache_dir: str | os.PathLike[str] | None
    """Folder of the local cache; None reads ``SMARTLLM_CACHE_DIR``, then takes ``.llm_cache`` in the working
    directory."""
    cache_max_bytes: int | None
    """Size of the local cache at which the oldest entries go; None is no limit."""
    cache_max_age_days: float | None
    """Age in days at which a local entry counts no more; None is no limit."""
    dynamo_table_name: str | None
    """DynamoDB table of the second cache level, made if missing; None: no such level."""
    dynamo_endpoint_url: str | None
    """DynamoDB endpoint; None takes AWS's own."""
    cache_ttl_days: float
    """Days until an entry of the table expires."""
    trace_content: bool
    """Record prompts and answers in OpenTelemetry spans; off, spans hold only figures."""
    rules: Any
    """Overlay files for the rules, strongest last."""
    level: Level
    """What to do when the compiler changes a request: ``ignore``, ``warn`` or ``raise``."""
    aws_profile: str | None
    """Profile of AWS's files, its region with it; None reads ``AWS_PROFILE``. It outranks keys of the
    environment."""
    aws_role_arn: str | None
    """Role that is assumed with the credentials, and again before its own expire."""
    aws_role_session_name: str | None
    """Name of the role's session in AWS's logs; None reads ``AWS_ROLE_SESSION_NAME``, then takes
    ``smartllm``."""
    aws_session: Any
    """A session of botocore, aiobotocore, boto3 or aioboto3, whose credentials and region are taken; one with
    async credentials serves one event loop."""
    ca_bundle: str | os.PathLike[str] | None
    """File, or folder made by OpenSSL's ``rehash``, of the certificates that https connections trust, instead
    of those that they trust otherwise."""
    default_headers: Mapping[str, str] | None
    """Headers of every request to the provider, listings too, by name; they win over those of other settings.
    Their values are shown nowhere."""
    reasks: int | None
    """For requests that set none: how often a model is asked again whose answer does not fit
    ``response_format``, 0 to 10."""
    quota_share: float
    """The part of a model's limits that this client takes, above 0 to 1, such as 1/8 in each of eight
    processes: of the calls in flight, and of an overlay's requests and tokens a minute."""
    azure_endpoint: str | None
    """Address of an Azure OpenAI resource, such as ``https://my-resource.openai.azure.com``; None reads
    ``AZURE_OPENAI_ENDPOINT``."""
    api_version: str | None
    """Version of Azure's API: a date for the older one, by deployments; ``v1`` (the current one, which has no
    dates), ``preview`` or ``latest``; None reads ``OPENAI_API_VERSION``, then takes ``v1``."""
    deployments: Mapping[str, str] | None
    """Azure's deployments by name, each with the id of its model, whose facts then hold for it; one that is
    called like its model needs none."""
    fallback: Sequence[str | tuple[str, str] | Mapping[str, Any]] | None
    """Models that take over, in their order, where one fails for good: each a pair of provider and model, a
    text such as ``bedrock/<model id>``, or a dict with ``model``, perhaps ``provider``, and settings of that
    provider."""
    compatible: bool | str | None
    """The server at ``base_url`` that speaks OpenAI's API: its name, such as ``ollama``; True for one without
    a name, False for a proxy of OpenAI's own. None tells it by the address."""
