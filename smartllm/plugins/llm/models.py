"""The models as ``llm`` knows them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import llm
from llm.models import _BaseModel

from smartllm.errors import SmartLLMError
from smartllm.media.types import MEDIA_TYPES, spelled
from smartllm.plugins.llm.options import Options
from smartllm.providers import ROWS, row_of

if TYPE_CHECKING:
    from llm.models import AsyncConversation, AsyncResponse, Conversation, Prompt, Response
    from llm.parts import StreamEvent

    from smartllm.rules import Facts

PREFIX: Final = "smartllm/"


class MediaTypes(frozenset[str]):
    """Media types that a model takes, in whatever spelling; it lists those that have names of files."""

    def __contains__(self, media_type: object) -> bool:
        return isinstance(media_type, str) and super().__contains__(spelled(media_type))


class _Shared(_BaseModel):
    """What the model and its async twin share.

    Args:
        called: Id that the provider knows; None takes the client's default model.
        provider: Whose model it is.
        name: What it is called here; empty for its id behind the prefix.
    """

    can_stream = True
    supports_schema = True
    Options = Options  # type: ignore[assignment]  # made of a table

    def __init__(self, called: str | None, provider: str, name: str = "") -> None:
        self.model_id = name or f"{PREFIX}{called or provider}"
        self.called, self.provider = called, provider
        row = row_of(provider)
        self.needs_key = provider if row.kind == "key" else None
        self.key_env_var = row.key or None
        self.key: str | None = None

    def __str__(self) -> str:
        return f"SmartLLM: {self.model_id}"

    @cached_property
    def _facts(self) -> Facts | None:
        # Every command of ``llm`` loads all plugins: here what some of them need is loaded when they need it.
        from smartllm.plugins.listed import facts_of, rules_in_force  # noqa: PLC0415

        try:
            return facts_of(self.called, self.provider, rules_in_force())
        except SmartLLMError:  # rules that cannot be used, which a call tells
            return None

    @cached_property
    def supports_tools(self) -> bool:  # type: ignore[override]  # read when it is asked for
        """Whether functions can be offered; of a model that nobody knows they are tried."""
        return self._facts is None or self._facts.tools.functions != "never"

    @cached_property
    def attachment_types(self) -> MediaTypes:  # type: ignore[override]  # the same
        """Media types that may be attached."""
        from smartllm.rules.vocabulary.input import is_among  # noqa: PLC0415 - see above

        facts = self._facts
        if facts is None:
            return MediaTypes(MEDIA_TYPES)
        formats = [one for kind in facts.input.kinds for one in getattr(facts.input, kind).formats]
        return MediaTypes(one for one in MEDIA_TYPES if is_among(one, tuple(formats)))

    @property
    def supported_server_side_tools(self) -> tuple[type[llm.ServerSideTool], ...]:
        """Tools in the provider's own words go as they are."""
        return (llm.ServerSideTool,)

    def get_key(self, explicit_key: str | None = None) -> str | None:
        """The key of a call: given, kept by ``llm keys set openai``, or the environment's.

        Raises:
            llm.NeedsKeyException: There is none; another server than the provider's own may need none, and
                the environment may have a token instead.
            llm.ModelError: One is given, and the provider takes none.
        """
        row = row_of(self.provider)
        if self.needs_key is None:
            if explicit_key:
                raise llm.ModelError(f"{row.title} takes no key here: give {row.instead['api_key']}")
            return None
        if self.key is not None:
            return self.key
        key = llm.get_key(explicit_key, self.needs_key, self.key_env_var)
        if key is None and not any(map(os.environ.get, (row.base_url, row.token))):
            raise llm.NeedsKeyException(
                f"No key found - add one using 'llm keys set {self.needs_key}' "
                f"or set the {self.key_env_var} environment variable"
            )
        return key

    def _settings(self, key: str | None) -> dict[str, Any]:
        settings: dict[str, Any] = {"provider": self.provider, "level": "ignore"}
        if key is not None:
            settings["api_key"] = key
        if not os.environ.get("SMARTLLM_CACHE_DIR"):
            settings["cache_dir"] = llm.user_dir() / "smartllm_cache"  # type: ignore[no-untyped-call]
        return settings


class SmartLLM(_Shared, llm.KeyModel):
    """A model of a provider, called through SmartLLM."""

    def execute(
        self,
        prompt: Prompt,
        stream: bool,
        response: Response,
        conversation: Conversation | None,  # noqa: ARG002 - the prompt has all turns
        key: str | None = None,
    ) -> Iterator[StreamEvent]:
        """Make the call of a prompt.

        Raises:
            llm.ModelError: It failed, or is none that could be made; its cause is SmartLLM's error.
        """
        from smartllm import sync  # noqa: PLC0415 - see above
        from smartllm.plugins.llm.events import Answering  # noqa: PLC0415
        from smartllm.plugins.llm.turns import request_of  # noqa: PLC0415

        with failures():
            request, answering = request_of(prompt, self.called), Answering(response)
            with sync.LLMClient(**self._settings(key)) as client:
                if stream and not request.use_cache:  # streams are not kept
                    for chunk in client.send_message_stream(request):
                        yield from answering.chunk(chunk)
                else:
                    yield from answering.whole(client.send_message(request))


class AsyncSmartLLM(_Shared, llm.AsyncKeyModel):
    """The same for ``async`` code."""

    async def execute(
        self,
        prompt: Prompt,
        stream: bool,
        response: AsyncResponse,
        conversation: AsyncConversation | None,  # noqa: ARG002 - the prompt has all turns
        key: str | None = None,
    ) -> AsyncGenerator[StreamEvent]:
        """Make the call of a prompt; as ``SmartLLM.execute``."""
        from smartllm.plugins.llm.events import Answering  # noqa: PLC0415 - see above
        from smartllm.plugins.llm.turns import request_of  # noqa: PLC0415
        from smartllm.runtime.client import LLMClient  # noqa: PLC0415

        with failures():
            request, answering = request_of(prompt, self.called), Answering(response)
            async with LLMClient(**self._settings(key)) as client:
                if stream and not request.use_cache:  # streams are not kept
                    async for chunk in client.send_message_stream(request):
                        for event in answering.chunk(chunk):
                            yield event
                else:
                    for event in answering.whole(await client.send_message(request)):
                        yield event


@contextmanager
def failures() -> Iterator[None]:
    """Make SmartLLM's errors those that ``llm`` shows, with SmartLLM's as their cause."""
    try:
        yield
    except (SmartLLMError, ValueError) as error:  # the latter: no request, as pydantic and parts tell it
        raise llm.ModelError(str(error)) from error


@llm.hookimpl
def register_models(register: Callable[..., None]) -> None:
    """Register every model that can be called, by ``smartllm/`` and its id.

    ``smartllm/openai`` and ``smartllm/bedrock`` call the default model, or the one of the option ``model``.
    Where an overlay cannot be used, that is told, and the shipped models have their names all the same: other
    plugins' models are to go on.
    """
    from smartllm.plugins.listed import listed_models, rules_in_force  # noqa: PLC0415 - see above
    from smartllm.rules import load_rules  # noqa: PLC0415

    try:
        listed = list(listed_models(rules_in_force()))
    except SmartLLMError as error:
        from smartllm.plugins.llm.events import say  # noqa: PLC0415

        say(f"{error}; its models have no names here")
        listed = list(listed_models(load_rules()))
    seen: set[str] = set()
    for provider in ROWS:
        register(SmartLLM(None, provider), AsyncSmartLLM(None, provider))
        seen.add(PREFIX + provider)
    for each in listed:
        name, alias = PREFIX + each.id, PREFIX + each.key
        if name in seen:  # another provider's, or its alias
            name = f"{PREFIX}{each.provider}/{each.id}"
        aliases = (alias,) if alias not in seen | {name} else ()
        seen |= {name, alias}
        where = (each.id, each.provider, name)
        register(SmartLLM(*where), AsyncSmartLLM(*where), aliases=aliases)
