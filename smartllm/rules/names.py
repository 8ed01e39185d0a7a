"""The grammar of model ids: from any spelling that a host accepts to one canonical key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smartllm.rules.vocabulary import Host

# ARN resources whose path names a model; the others (application-inference-profile, provisioned-model,
# imported-model, prompt-router ...) are opaque and need [alias] or like=.
_NAMING_RESOURCES: Final = frozenset({"foundation-model", "inference-profile", "custom-model"})
_ARN_PARTS: Final = 6

_BEDROCK_ID = re.compile(
    r"(?:(?P<geo>[a-z]{2,6}(?:-[a-z]+)?)\.)?(?P<vendor>[a-z][a-z0-9]+)\.(?P<rest>[a-z].*)", re.ASCII
)
_REVISION = re.compile(r"-v\d+(?::\d+)?(?::\w+)?$|-\d+:\d+$", re.ASCII)
_DATE = re.compile(r"@20\d{6}$|-(?:20\d{6}|20\d\d-\d\d-\d\d|(?:0[1-9]|1[0-2])[0-3]\d)$", re.ASCII)
_VERSION: Final = "#"
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})*", re.ASCII)
_WORD_NUMBER = re.compile(r"([a-z]+)(\d{1,2}(?:\.\d{1,2})*)", re.ASCII)


@dataclass(frozen=True)
class ModelName:
    """A parsed model id.

    Attributes:
        raw: The id as given; this is what goes on the wire.
        key: Canonical key: no ARN, geographic or vendor prefix, date or revision.
        dated: The same with its date, for the few ids whose facts depend on it.
        family: The words of the key without its version, such as ``word-word``.
        version: The numbers of the key; empty when it has none.
        host: Host that the form of the id reveals, or None; of an ARN its service, host or not.
        vendor: Vendor prefix, or None.
        geo: Geographic prefix of an inference profile, or None.
        opaque: The id is an ARN that does not name its model.
        fine_tuned: The id was an ``ft:`` id.
        text: What of the id names the model, as it was written.
        name: That text in small letters, without geographic prefix: what a host may call the model.
        route: What stood before the last slash of an id that is no ARN, or an empty string.
        resource: Kind of an ARN's resource, or an empty string.
        shape: The words of the key with one mark where its version stands.
    """

    raw: str
    key: str
    dated: str
    family: str
    version: tuple[int, ...]
    host: Host | None = None
    vendor: str | None = None
    geo: str | None = None
    opaque: bool = False
    fine_tuned: bool = False
    text: str = ""
    name: str = ""
    route: str = ""
    resource: str = ""
    shape: tuple[str, ...] = ()


def parse(model: str) -> ModelName:
    """Parse a model id.

    Args:
        model: Bare id, inference profile id, foundation-model or inference-profile ARN, or ``ft:`` id.

    Returns:
        Its parts. An id that follows no grammar comes back with itself as the key.
    """
    text, host, resource = model.strip(), None, ""
    if text.startswith("arn:"):
        host = _arn_host(text)
        resource, named = _arn_model(text)
        if named is None:
            return ModelName(
                model,
                model,
                model,
                model,
                (),
                host=host,
                opaque=True,
                text=model,
                name=model,
                resource=resource,
            )
        text = named
    fine_tuned = text.startswith("ft:")
    if fine_tuned:
        text = text.split(":")[1]
    route, _, text = ("", "", text) if resource else text.rpartition("/")
    written, text = text, text.lower()
    geo, vendor, name = None, route.lower() or None, text
    if match := _BEDROCK_ID.fullmatch(text):
        geo, vendor, text, host = match["geo"], match["vendor"], match["rest"], "bedrock"
        name = f"{vendor}.{text}"
    dated = _REVISION.sub("", text)
    key = _DATE.sub("", dated)
    shape, words, version = _split(key)
    return ModelName(
        model,
        key,
        dated,
        "-".join(words),
        version,
        host=host,
        vendor=vendor,
        geo=geo,
        fine_tuned=fine_tuned,
        text=written,
        name=name,
        route=route,
        resource=resource,
        shape=shape,
    )


def _arn_host(arn: str) -> Host | None:
    """The service that an ARN names."""
    parts = arn.split(":", _ARN_PARTS - 1)
    return parts[2] if len(parts) == _ARN_PARTS else None


def _arn_model(arn: str) -> tuple[str, str | None]:
    """Kind of an ARN's resource, and the model's id in it, if it has one."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS:
        return "", None
    resource, _, rest = parts[5].partition("/")
    if resource not in _NAMING_RESOURCES or not rest:
        return resource, None
    # A custom model's path ends with an opaque part of its own.
    return resource, rest.partition("/")[0] if resource == "custom-model" else rest


def _split(key: str) -> tuple[tuple[str, ...], list[str], tuple[int, ...]]:
    """The shape of a key, its words and its version; only the first run of numbers is the version."""
    shape: list[str] = []
    words: list[str] = []
    version: list[int] = []
    open_run = True
    for token in key.split("-"):
        if open_run and _NUMBER.fullmatch(token):
            shape += [] if version else [_VERSION]
            version += [int(part) for part in token.split(".")]
        elif not version and (match := _WORD_NUMBER.fullmatch(token)):
            shape += [match[1], _VERSION]
            words.append(match[1])
            version = [int(part) for part in match[2].split(".")]
        else:
            shape.append(token)
            words.append(token)
            open_run = not version
    return tuple(shape), words, tuple(version)
