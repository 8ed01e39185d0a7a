"""What a provider refuses of stop sequences, tiers, metadata, summaries and guardrails, in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartllm.compiler.dialects import Fields
from smartllm.compiler.dialects.fields import HEADER
from smartllm.rules import Facts

from .heard import JSON, Refused, dict_of

_SPACE: Final = "each stop sequence must contain non-whitespace"
_EXTRA: Final = "{place}: Extra inputs are not permitted"
_PAIRS: Final = 16
_AWS: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]*")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_HEADER: Final = "x-amzn-bedrock-"
_GUARDED: Final = "amazon-bedrock-guardrailConfig"


@dataclass(frozen=True, slots=True)
class Served:
    """A request with what says how it is served.

    Attributes:
        body: Its body.
        headers: Its headers, with names in lower case.
        fields: Where its wire has what.
        facts: What its model takes.
        streamed: It asks for a stream.
    """

    body: JSON
    headers: Mapping[str, str]
    fields: Fields
    facts: Facts
    streamed: bool = False

    @property
    def openai(self) -> bool:
        """Whether it speaks one of OpenAI's wires."""
        return self.facts.system != "blocks" and not self.fields.places.get("metadata")

    @property
    def messages(self) -> bool:
        """Whether it speaks Claude's Messages, where thinking has a key of the body."""
        return bool(self.fields.thinking) and "." not in self.fields.thinking

    def said(self, name: str) -> Any:
        """What it says of a parameter, in a header or in its body."""
        place = self.fields.place_of(name, self.facts)
        if place.startswith(HEADER):
            return self.headers.get(place.removeprefix(HEADER).lower())
        return self.fields.found(self.body, place)


def services(served: Served) -> Iterator[Refused]:
    """The errors that a request would get."""
    for check in (_stops, _tier, _metadata, _user, _summary, _logprobs, _guardrail):
        yield from check(served)


def _stops(served: Served) -> Iterator[Refused]:
    fact, found = served.facts.stop_sequences, served.said("stop_sequences")
    if found is None:
        return
    name = served.fields.places.get("stop_sequences", "stop_sequences").rpartition(".")[2]
    stops = [found] if isinstance(found, str) else found
    if not fact.accepted:
        yield (
            _unsupported(name)
            if served.openai
            else Refused(f"This model doesn't support the {name} field. Remove {name} and try again.")
        )
    elif not stops:
        yield Refused(f"Invalid '{name}': [] is too short.", "array_below_min_length", name)
    elif fact.max is not None and len(stops) > fact.max:
        yield Refused(
            f"Invalid '{name}': array too long. Expected an array with maximum length {fact.max}, but got an "
            f"array with length {len(stops)} instead.",
            "array_above_max_length",
            name,
        )
    elif not fact.blank and any(not str(text).strip() for text in stops):
        yield Refused(f"{name}: {_SPACE}")


def _tier(served: Served) -> Iterator[Refused]:
    name = "service_tier"
    tier, served_so = served.said(name), served.facts.service_tier.values
    in_header = served.fields.place_of(name, served.facts).startswith(HEADER)
    if in_header and name in served.body:
        yield Refused(_EXTRA.format(place=name))
    known = {*served_so, "fast"} if "priority" in served_so and served.openai else set(served_so)
    if tier is None or tier in known or (served.openai and tier in {"auto", "default"}):
        return
    if served.openai:
        yield Refused("Invalid service_tier argument", "invalid_value", name)
    elif served.messages and not in_header:
        taken = " or ".join(f"'{one}'" for one in served_so)
        yield Refused(f"{name}: Input should be {taken}")
    else:
        yield Refused(f"The provided service tier {tier} is not supported for this model.")


def _metadata(served: Served) -> Iterator[Refused]:
    found, fact = served.said("metadata"), served.facts.metadata
    if found is None:
        return
    pairs = json.loads(found) if isinstance(found, str) else found
    if not fact.accepted:
        yield _unsupported("metadata")
    elif fact.needs_store and served.body.get("store") is not True:
        yield Refused(
            "The 'metadata' parameter is only allowed when 'store' is enabled.", "invalid_value", "metadata"
        )
    elif not isinstance(pairs, Mapping) or not 0 < len(pairs) <= _PAIRS:
        yield Refused(
            "Invalid 'metadata': an object with 1 to 16 pairs was expected.", "invalid_type", "metadata"
        )
    else:
        for name, value in pairs.items():
            if not _pair(str(name), str(value), served.facts):
                yield Refused(f"Invalid 'metadata': the pair {name!r} does not satisfy the constraints.")


def _user(served: Served) -> Iterator[Refused]:
    found, fact = served.said("user"), served.facts.user
    place, _, own = served.fields.places.get("user", "").partition(".")
    for name in dict_of(served.body.get(place)) if served.messages else ():
        if name != own:
            yield Refused(_EXTRA.format(place=f"{place}.{name}"))
    if fact.characters == "aws" and isinstance(found, str) and not _AWS.fullmatch(found):
        yield Refused("Request metadata contains a value that violates the regular expression")


def _pair(name: str, value: str, facts: Facts) -> bool:
    fact = facts.metadata
    short = len(name) <= (fact.key_max or len(name)) and len(value) <= (fact.value_max or len(value))
    return short and (fact.characters == "any" or bool(_AWS.fullmatch(name) and _AWS.fullmatch(value)))


def _summary(served: Served) -> Iterator[Refused]:
    found, fact = served.said("reasoning_summary"), served.facts.reasoning_summary
    if found is None or found in fact.levels or (found == "summarized" and fact.shown):
        return
    if served.fields.thinking:
        if found != "omitted":
            yield Refused("thinking.adaptive.display: Extra inputs are not permitted")
        return
    levels = ", ".join(f"'{level}'" for level in fact.levels) or "none"
    yield Refused(
        f"Unsupported value: '{found}' is not supported with this model. Supported values are: {levels}.",
        "unsupported_value",
        "reasoning.summary",
    )


def _logprobs(served: Served) -> Iterator[Refused]:
    chat = served.fields.places.get("logprobs") is None and served.openai
    if chat and served.body.get("top_logprobs") is not None and served.body.get("logprobs") is not True:
        yield Refused(
            "Invalid value: 'top_logprobs' is only allowed when 'logprobs' is enabled.",
            "invalid_value",
            "top_logprobs",
        )


def _guardrail(served: Served) -> Iterator[Refused]:
    place = served.fields.places.get("guardrail", "")
    if place.startswith(HEADER):
        id_, version = (served.headers.get(f"{_HEADER}guardrail{name}") for name in ("identifier", "version"))
        mode = dict_of(served.body.get(_GUARDED)).get("streamProcessingMode")
        if _GUARDED in served.body and not served.facts.guardrail.accepted:
            yield Refused(_EXTRA.format(place=_GUARDED))
        elif id_ is None and _GUARDED in served.body:
            yield Refused(f"{_GUARDED} needs the header X-Amzn-Bedrock-GuardrailIdentifier.")
    else:
        config = dict_of(served.body.get(place.partition(".")[0]))
        id_, version = config.get("guardrailIdentifier"), config.get("guardrailVersion")
        mode = config.get("streamProcessingMode")
    if id_ is None:
        return
    if not served.facts.guardrail.accepted:
        yield Refused("Guardrails are not supported for this model.")
    if version is None or not _VERSION.fullmatch(str(version)):
        yield Refused("guardrailVersion: a number or DRAFT is required with guardrailIdentifier.")
    if mode is not None and not served.streamed:
        yield Refused("Unexpected field: streamProcessingMode is for streamed answers alone.")


def _unsupported(name: str) -> Refused:
    text = f"Unsupported parameter: '{name}' is not supported with this model."
    return Refused(text, "unsupported_parameter", name)
