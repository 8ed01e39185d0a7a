"""Errors of OpenAI and of servers that speak its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from smartllm.error_codes import kind_of
from smartllm.error_object import error_in
from smartllm.errors import ProviderError, provider_error
from smartllm.hosts.called import Called, key_hint, redirect_hint, request_id, retry_after, shown_address

_NO_SUCH_PATH: Final = frozenset({404, 405})


def openai_error(status: int, headers: Mapping[str, str], content: bytes, called: Called) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers, names in any capitalisation if the mapping takes them so.
        content: Its body, of any shape.
        called: What was called.
    """
    said = error_in(content)
    hint = redirect_hint(status, "base_url") or key_hint(status, called.key_source)
    if not hint and status in _NO_SUCH_PATH and not called.public:
        # A code tells that the path is right and the model is not there.
        missing = kind_of(None, said.codes) == "not_found"
        hint = "check the model id" if missing else path_hint(called.method, called.address or "")
    return provider_error(
        f"{status} from the provider: {said.text}",
        model=called.model,
        status=status,
        code=said.code,
        also=said.codes[1:],
        request_id=request_id(headers, called.id_header),
        retry_after=retry_after(headers),
        hint=hint,
        address=called.address and shown_address(called.address),
    )


def path_hint(method: str, address: str) -> str:
    """The next steps when another server does not know a path, or answers there with something else.

    Args:
        method: The method that was used.
        address: The URL that was called.
    """
    shown = shown_address(address)
    path = urlsplit(shown).path
    called = f"{method} {shown} was called"
    chat, responses = path.endswith("/chat/completions"), path.endswith("/responses")
    base = path.removesuffix("/chat/completions").removesuffix("/responses")
    steps = []
    if base.endswith(("/chat/completions", "/responses", "/completions")):
        steps.append("leave the path of the API out of base_url, which ends with /v1 on most servers")
    elif "/v1" not in base:
        steps.append("give a base_url that ends with /v1")
    if responses:
        steps.append('set api_type="chat_completions", which is all that many servers know')
    if not steps:
        steps.append("check base_url" + (" and the model id" if chat else ""))
    return f"{called}; {', or '.join(steps)}"
