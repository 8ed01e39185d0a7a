"""What is no id on any host, by its characters alone."""

from __future__ import annotations

from typing import Final

from smartllm.errors import UnknownModelError
from smartllm.said import id_named, said

LONGEST_ID: Final = 2048
"""Characters of the longest id: Bedrock's limit for an ARN (its API reference, modelId)."""

_SHOWN: Final = 60


def check_id(model: str) -> None:
    """Refuse what is no id on any host.

    Raises:
        UnknownModelError: It is empty or too long, no Unicode text, or has white space around it, or
            characters in it that nobody sees.
    """
    if not model or model.isspace():
        raise UnknownModelError(
            f"model {model!r} is empty",
            hint="pass the model's id, or leave model out for the default",
            model=model,
        )
    if len(model) > LONGEST_ID:
        raise UnknownModelError(
            f"model {model[:_SHOWN]!r}… has {len(model)} characters; an id has at most {LONGEST_ID}",
            hint="pass the model's id, or an ARN",
            model=model,
        )
    if model.isprintable() and model[0] != " " and model[-1] != " ":
        return
    try:
        model.encode()
    except UnicodeEncodeError:
        raise UnknownModelError(
            f"model {model[:_SHOWN]!r} is no Unicode text: it holds half of a surrogate pair",
            hint="pass the id as the provider spells it",
            model=model,
        ) from None
    raise _unseen(model)


def _unseen(model: str) -> UnknownModelError:
    """The error about characters that do not show."""
    clean = "".join(one for one in model if one.isprintable()).strip()
    hidden = next((f"U+{ord(one):04X}" for one in model.strip() if not one.isprintable()), "")
    what = f"holds the character {hidden}, which does not show" if hidden else "has white space around it"
    return UnknownModelError(
        f"model {model[:_SHOWN]!r} {what}; it would be sent so",
        hint=said("pass {}", id_named(clean)) if clean else "pass the model's id",
        model=model,
        nearest=[clean] if clean else (),
    )
