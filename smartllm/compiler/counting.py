"""From a plan to the call that counts its input tokens, where the host has an endpoint for that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from smartllm.compiler.body import Path
from smartllm.compiler.counting_doors import FACT, counted_target, titled, ways_out
from smartllm.compiler.plan import Plan, Step
from smartllm.compiler.takers import told
from smartllm.compiler.target import api_word
from smartllm.compiler.trace import Reason
from smartllm.diagnostics import Diagnostic
from smartllm.errors import ResponseError, UnsupportedError
from smartllm.media import Encoded
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.target import Target
from smartllm.rules.vocabulary.counting import CountRoute


class Counting(NamedTuple):
    """The call that counts a plan's input tokens.

    Attributes:
        step: It, as a step that can be sent.
        answer: Key of its answer that holds the number.
        window: Tokens that the model's context holds, as the rules know it, or None.
        diagnostics: What of the plan is not counted, or not as it was written.
    """

    step: Step
    answer: str
    window: int | None
    diagnostics: tuple[Diagnostic, ...]


def counting_of(plan: Plan, rules: RuleSet) -> Counting:
    """The call that counts the input tokens of a plan's first step.

    Args:
        plan: The plan.
        rules: The rules by which it was made.

    Raises:
        UnsupportedError: The host has no endpoint that counts bodies of this dialect, or none for the model;
            the hint names those that do.
    """
    first, target = plan.steps[0], counted_target(plan, rules)
    route = target.route.count
    title = titled(target)
    if route is None:
        api = api_word(target.host, target.dialect, rules)
        raise UnsupportedError(
            f"api_type: {title} has no endpoint that counts the input tokens of {api}",
            field="api_type",
            hint=ways_out(target),
        )
    if target.facts.count_tokens.available == "no":
        error = UnsupportedError(
            f"model: {title} counts no input tokens for {plan.model}",
            field="model",
            hint=ways_out(target),
            fact=FACT,
            wanted='"yes"',
        )
        raise told(error, target)
    model = _model(target) if route.bare else first.model
    notes = (
        *_unlisted(target),
        *_named(first, model, target),
        *_left_out(first, route, target),
        *_later_steps(plan, target),
    )
    return Counting(_call(first, model, route, target), route.answer, target.facts.limits.context, notes)


def _call(first: Step, model: str, route: CountRoute, target: Target) -> Step:
    """The call: what of the body goes along, at its place."""
    inside = tuple(route.inside.split(".")) if route.inside else ()
    sent: Any = {key: value for key, value in first.sealed.items() if _goes(key, route)}
    reasons: Mapping[Path, Reason] = {
        (*inside, *path): why for path, why in first.reasons.items() if _goes(path[0], route)
    }
    texts: Mapping[Path, str] = {
        (*inside, *path): text for path, text in first.texts.items() if _goes(path[0], route)
    }
    if route.encoded:
        whole = replace(first, sealed=sent, texts={path[len(inside) :]: text for path, text in texts.items()})
        sent, texts = Encoded(whole.payload, "application/json"), {}
        reasons = {inside: Reason("fact", _route(target, "encoded"))}
    for key in reversed(inside):
        sent = {key: sent}
    travel = first.travel._replace(operation=route.called, template=route.path, keys=frozenset())
    return replace(
        first,
        model=model,
        sealed=sent,
        reasons=reasons,
        texts=texts,
        travel=travel.under(target.facts.ids.base),
        output=None,
        tools=(),
        names={},
        holes=(),
        buffered=False,
    )


def _goes(key: Any, route: CountRoute) -> bool:
    return not route.takes or key in route.takes


def _model(target: Target) -> str:
    """The model's own name on the host, without a geographic prefix.

    The name of a relative is that of another model.
    """
    own = target.facts.ids.name if target.listed else ""
    return own or parse(target.resolution.asked).name


def _route(target: Target, name: str) -> str:
    return f"host.{target.host}.route.{target.dialect}.count.{name}"


def _unlisted(target: Target) -> Iterator[Diagnostic]:
    """A warning where no page says whether the endpoint counts for the model."""
    if target.facts.count_tokens.available == "yes":
        return
    model, title = target.resolution.asked, target.host_row.title or target.host
    reason = f"no page that is known says whether {title} counts input tokens for {model}"
    yield Diagnostic("count-unlisted", "warning", "model", "noted", model, model, reason, target.origin(FACT))


def _named(first: Step, model: str, target: Target) -> Iterator[Diagnostic]:
    """Say so where the model goes by another name than in the call that is counted."""
    if model != first.model:
        reason = "tokens are counted by the model's own name there; another id is refused"
        origin = target.origin(_route(target, "bare"))
        yield Diagnostic("count-model-id", "info", "model", "changed", first.model, model, reason, origin)


def _left_out(first: Step, route: CountRoute, target: Target) -> Iterator[Diagnostic]:
    """What of the body does not go along: of the input with a warning, all else in one note."""
    left = [key for key in first.sealed if not _goes(key, route)]
    origin = target.origin(_route(target, "takes"))
    if missed := [key for key in left if key in route.misses]:
        reason = "the endpoint that counts takes none of them: what they add to the input is not counted"
        yield Diagnostic("count-left-out", "warning", "body", "dropped", missed, None, reason, origin)
    if rest := [key for key in left if key not in missed]:
        reason = "the endpoint that counts takes none of them, which say nothing of the input"
        yield Diagnostic("count-left-out", "info", "body", "dropped", rest, None, reason, origin)


def _later_steps(plan: Plan, target: Target) -> Iterator[Diagnostic]:
    """The calls behind the first, whose input holds the first one's answer."""
    if len(plan.steps) > 1:
        reason = "only the first call is counted: the input of the second holds what that one answers"
        origin = target.origin("structured")
        yield Diagnostic(
            "count-first-call", "info", "structured_output", "noted", len(plan.steps), 1, reason, origin
        )


def counted_in(body: Mapping[str, Any], counting: Counting, request_id: str | None = None) -> int:
    """The number that an answer holds.

    Args:
        body: The answer's JSON.
        counting: The call that it answers.
        request_id: The provider's id of the call, for the error.

    Raises:
        ResponseError: It holds none.
    """
    found = body.get(counting.answer)
    if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
        return found
    raise ResponseError(
        f"{counting.answer} of the provider's answer is no number of tokens: {found!r:.60}",
        model=counting.step.model,
        request_id=request_id,
    )
