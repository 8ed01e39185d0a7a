"""Request + rules -> ``Plan``: pure, offline, deterministic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smartllm.compiler.doors import best
from smartllm.compiler.plan import Plan, Step
from smartllm.compiler.planned import Wish, planned
from smartllm.compiler.target import choose
from smartllm.diagnostics import LEVELS, Level
from smartllm.errors import ConfigError, DiagnosticError
from smartllm.rules import Quota, Rules, load_rules

if TYPE_CHECKING:
    from typing import Unpack

    from smartllm.environment import Source
    from smartllm.request import MessageRequest, TextRequest
    from smartllm.request_keywords import Prompt, Turns, WithTools

__all__ = ["Plan", "Quota", "Step", "compile"]


def compile(  # noqa: A001 - the documented public name
    request: TextRequest[Any] | MessageRequest[Any] | Prompt | Turns,
    *,
    provider: str | None = None,
    model: str | None = None,
    rules: Rules | None = None,
    level: Level = "warn",
    defaults: Mapping[str, Any] | None = None,
    sources: Mapping[str, Source] | None = None,
    today: dt.date | None = None,
    compatible: bool | str = False,
    native: bool = True,
    batch: bool = False,
    **fields: Unpack[WithTools[Any]],
) -> Plan:
    """Compile a request into the exact wire bodies for a model.

    Needs no credentials, no client and no network, and reads neither environment, home folder nor clock: what
    it should know of them is handed in. Of files it reads those that parts name by their path, unless
    ``smartllm.media.loaded`` has done so.

    Args:
        request: A prompt (a text, or a list of texts and parts), a conversation (a list in which a message
            stands), or a request.
        provider: ``openai``, ``bedrock``, ``anthropic`` or ``azure``, or a single door of one, such as
            ``bedrock-mantle``; None takes the host that the model id reveals.
        model: Model id; overrides the request's. With neither, the rules' default model of the provider.
        rules: Overlay files, or a loaded ``RuleSet``; None takes the shipped rules alone.
        level: What to do about changes: ``ignore`` (record only), ``warn`` (record and log) or ``raise``.
        defaults: Values for fields that the request does not set, such as a client's temperature.
        sources: Where ``model`` and the defaults come from, by field, for ``explain``.
        today: Day by which shutdown dates are judged; None judges none. Bodies never depend on it.
        compatible: The target is another server that speaks OpenAI's API: True, and an id that the rules do
            not know there gets what all such servers take, or the name of one, such as ``ollama``, whose own
            facts hold.
        native: False where the host is seen to refuse the provider's own schema mode, whatever the rules say:
            a tool binds the answer, also one for which the mode is asked.
        batch: Compile for the provider's batch engine, whose lines hold bodies alone. Bodies and fingerprint
            are those of a call online; what the engine does not take is refused. ``plan.batch`` says where
            they go.
        fields: Fields of a request, beside a prompt or a conversation.

    Returns:
        The plan.

    Raises:
        RequestTypeError: ``request`` is none of these, or a request beside fields.
        UnknownModelError: The id matches no rule.
        UnsupportedError: The model refuses something that must not be dropped silently.
        DiagnosticError: ``level="raise"`` and a wish was not met as written.
        RulesError: An overlay cannot be used.
        ConfigError: Unknown provider, server or level.

    Examples:
        >>> plan = compile("hi", model="gpt-5.4")
        >>> plan.body["max_output_tokens"]
        2048
    """
    asked = _request_of(request, fields)
    if level not in LEVELS:
        raise ConfigError(f"level={level!r} is not known; allowed: {', '.join(LEVELS)}")
    choice = choose(asked, provider, model, load_rules(rules), compatible=compatible)
    wish = Wish(asked, model, defaults or {}, sources or {}, today, compatible, native, batch)
    plan = best(choice, lambda door: planned(wish, door))
    if level != "ignore":
        _announce(plan, level)
    return plan


def _request_of(request: Any, fields: Mapping[str, Any]) -> TextRequest[Any] | MessageRequest[Any]:
    if not fields and hasattr(request, "api_type"):  # every request has one
        asked: TextRequest[Any] | MessageRequest[Any] = request
        return asked
    from smartllm.request_of import any_request  # noqa: PLC0415 - loads pydantic

    return any_request("smartllm.compile", request, fields)


def _announce(plan: Plan, level: Level) -> None:
    warnings = [item for item in plan.diagnostics if item.severity == "warning"]
    changes = [item for item in warnings if item.action != "noted"]
    if level == "raise" and changes:
        raise DiagnosticError(changes)
    if level == "warn" and warnings:
        from smartllm.log import announce  # noqa: PLC0415 - nothing else here needs logging

        announce(plan.model, warnings)
