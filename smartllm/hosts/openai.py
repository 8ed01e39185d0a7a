"""Errors of OpenAI and of servers that speak its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from smartllm.error_codes import kind_of
from smartllm.error_object import error_in
from smartllm.errors import ProviderError
from smartllm.hosts.called import Called, key_hint, redirect_hint, shown_address, told_of
from smartllm.hosts.format_refusals import FORMAT_HINT, refuses_format
from smartllm.provider_errors import provider_error
from smartllm.said import Named, joined, said
from smartllm.structure_errors import FormatUnsupportedError

_NO_SUCH_PATH: Final = frozenset({404, 405})
_ALONE: Final = ("base_url",)
"""The setting of servers of any kind, each with paths of its own."""
# Codes of Azure alone, in small letters (chatboxai/chatbox#646 2023-05, run-llama/llama_index#16503 2024-10).
_BY_CODE: Final[dict[str, str]] = {
    "deploymentnotfound": said(
        "{} is the name of a deployment of the resource; one that was just made takes some minutes",
        Named("model"),
    ),
    "operationnotsupported": said(
        "the model of this deployment is not served by this API; set another {}", Named("api_type")
    ),
    "content_filter": "the resource's content filter refused the prompt; its categories are in the message",
}


def openai_error(status: int, headers: Mapping[str, str], content: bytes, called: Called) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers, names in any capitalisation if the mapping takes them so.
        content: Its body, of any shape.
        called: What was called.
    """
    found = error_in(content)
    hint = redirect_hint(status, called.settings[0]) or key_hint(status, called.key_source)
    hint = hint or next((_BY_CODE[code.lower()] for code in found.codes if code.lower() in _BY_CODE), "")
    if not hint and status in _NO_SUCH_PATH:
        # A code tells that the path is right and the model is not there.
        missing = kind_of(None, found.codes) == "not_found"
        hint = _missing_hint(called, model=missing)
    message = f"{status} from the provider: {found.text}"
    about = told_of(called, status, headers, found.code)
    if refuses_format(found, status):
        return FormatUnsupportedError(message, hint=FORMAT_HINT, **about)
    return provider_error(message, also=found.codes[1:], hint=hint, **about)


def _missing_hint(called: Called, *, model: bool) -> str:
    """The next steps where a model or a path is not there."""
    address = called.address or ""
    if called.settings != _ALONE:
        names = joined(", ", *(said("{}", Named(name)) for name in called.settings))
        shown = f"{called.method} {shown_address(address)}"
        return "check the model id" if model else said("{} was called; check {}", shown, names)
    if called.public:
        return ""
    return "check the model id" if model else path_hint(called.method, address)


def path_hint(method: str, address: str) -> str:
    """The next steps when another server does not know a path, or answers there with something else.

    Args:
        method: The method that was used.
        address: The URL that was called.
    """
    shown = shown_address(address)
    path = urlsplit(shown).path
    called, address_of = f"{method} {shown} was called", Named("base_url")
    chat, responses = path.endswith("/chat/completions"), path.endswith("/responses")
    base = path.removesuffix("/chat/completions").removesuffix("/responses")
    steps: list[str] = []
    if base.endswith(("/chat/completions", "/responses", "/completions")):
        steps.append(
            said("leave the path of the API out of {}, which ends with /v1 on most servers", address_of)
        )
    elif "/v1" not in base:
        steps.append(said("give a {} that ends with /v1", address_of))
    if responses:
        chats = Named("api_type", "chat_completions")
        steps.append(said("set {}, which is all that many servers know", chats))
    if not steps:
        steps.append(said("check {}{}", address_of, " and the model id" if chat else ""))
    return said("{}; {}", called, joined(", or ", *steps))
