"""From lines to plans, as a client with a folder's settings would make them, now and when answers come."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.config import LLMConfig
from smartllm.environment import Environment, ambient_rules
from smartllm.errors import ConfigError
from smartllm.rules import RuleSet, load_rules
from smartllm.rules.hosts import host_row
from smartllm.rules.vocabulary.host import HostBatch
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.elsewhere import elsewhere
from smartllm.settings import Settings

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]

FIELDS: Final = ("model", "api_type")
"""What a folder says for requests that do not."""


class Planner:
    """Compiles for the batch engine of one provider.

    Args:
        about: What a folder's manifest says of itself: ``provider``, ``rules`` (all overlay files),
            ``model`` and ``api_type`` for requests that name none, ``files`` (where files that they name
            are), ``today`` and ``scope``, as ``new`` makes it.
        strict: A wish that is not met as written refuses the request.
        config: A client's settings, such as the table of a cache that machines share; None are the
            environment's.

    Raises:
        ConfigError: The environment's settings cannot be used.
        RulesError: An overlay cannot be used, or is not there any more.
    """

    def __init__(
        self, about: Mapping[str, Any], *, strict: bool = False, config: LLMConfig | None = None
    ) -> None:
        self.about = dict(about)
        self._level: Any = "raise" if strict else "ignore"
        self.rules: RuleSet = load_rules(tuple(about["rules"]))
        given = LLMConfig() if config is None else config
        config = replace(given, provider=about["provider"], rules=self.rules, level="ignore")
        self.settings = Settings.resolve(config, sends=False)
        self._defaults = config.request_defaults()
        self._today = dt.date.fromisoformat(about["today"])
        self._there = elsewhere(self.settings, self.rules)

    @classmethod
    def new(
        cls,
        provider: str,
        *,
        model: str | None = None,
        api_type: str | None = None,
        rules: tuple[str, ...] = (),
        files: Path | str = ".",
        strict: bool = False,
        config: LLMConfig | None = None,
    ) -> Self:
        """One for a folder that is being made.

        Args:
            provider: Whose batch engine.
            model: For requests that name none; None takes the environment's, then the provider's default.
            api_type: For requests that name none.
            rules: Overlay files, which come over those of the environment.
            files: Folder of the files that requests name.
            strict: A wish that is not met as written refuses the request.
            config: A client's settings; None are the environment's.

        Raises:
            ConfigError: The provider has no batch engine, or the settings cannot be used.
            RulesError: An overlay cannot be used.
        """
        about = {
            "provider": provider,
            "model": model,
            "api_type": api_type,
            # Those of the environment, too: answers are read by the same rules, whoever collects them.
            "rules": [str(Path(one).resolve()) for one in (*ambient_rules(Environment()), *rules)],
            "files": str(Path(files).resolve()),
            "today": dt.datetime.now(dt.UTC).date().isoformat(),
        }
        made = cls(about, strict=strict, config=config)
        row = host_row(provider, made.rules)
        if row.batch is None:
            raise ConfigError(
                f"{row.title or provider} has no batch engine that is known",
                hint="smartllm batch run answers a file online",
            )
        made.about |= {"scope": made.scope, "model": model or made.settings.default_model}
        return made

    @property
    def scope(self) -> str:
        """By which address, region and headers are known again; what they are is kept nowhere."""
        return hashlib.sha256((self.settings.cache_scope or "").encode()).hexdigest()

    @property
    def provider(self) -> str:
        """The provider."""
        return self.settings.provider

    @property
    def engine(self) -> HostBatch:
        """What the provider's batch engine takes."""
        found = host_row(self.provider, self.rules).batch
        assert found is not None, "a folder is made for an engine"
        return found

    @property
    def fields(self) -> dict[str, Any]:
        """Fields for requests that do not say them."""
        return {name: self.about[name] for name in FIELDS}

    def plan(self, request: Request) -> Plan:
        """The plan of a request for the batch engine.

        Raises:
            CompileError: It cannot be said to this model there.
        """
        return compile_request(
            request,
            provider=self.provider,
            rules=self.rules,
            level=self._level,
            defaults=self._defaults,
            today=self._today,
            compatible=self._there.compatible,
            sources=self._there.sources,
            batch=True,
        )

    def key(self, plan: Plan) -> str:
        """The plan's key in the cache: that of the same call online."""
        return cache_key(plan, self.settings.cache_scope)
