"""Errors that a status tells of, on OpenAI's wires; what both providers' share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from smartllm.error_codes import kind_of
from smartllm.errors import ProviderError, provider_error
from smartllm.runtime.control.retry import retry_after
from smartllm.runtime.error_body import cut, read_error
from smartllm.runtime.secrets import shown_address
from smartllm.runtime.wire.body import redirect_hint

ID_HEADER: Final = "x-request-id"
_LONGEST_ID: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_PROXY_LOGIN: Final = 407
_NO_SUCH_PATH: Final = frozenset({404, 405})


def openai_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    model: str,
    address: str,
    *,
    public: bool = False,
    method: str = "POST",
    key_source: str | None = None,
) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers, names in any capitalisation if the mapping takes them so.
        content: Its body, of any shape.
        model: Model id that was called.
        address: The URL that was called.
        public: The address is OpenAI's own, not another server that speaks its API.
        method: The method that was used.
        key_source: Where the key comes from, such as ``OPENAI_API_KEY``.
    """
    said = read_error(content)
    code, *also = said.codes or (None,)
    hint = redirect_hint(status, "base_url") or key_hint(status, key_source)
    if not hint and status in _NO_SUCH_PATH and not public:
        # A code tells that the path is right and the model is not there.
        missing = kind_of(None, said.codes) == "not_found"
        hint = "check the model id" if missing else path_hint(method, address)
    return provider_error(
        f"{status} from the provider: {said.text}",
        model=model,
        status=status,
        code=code,
        also=filter(None, also),
        request_id=request_id(headers, ID_HEADER),
        retry_after=retry_after(headers),
        hint=hint,
        address=shown_address(address),
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


def key_hint(status: int, source: str | None) -> str:
    """The next step when a key is refused; empty for other statuses."""
    if status == _PROXY_LOGIN:
        return "a proxy on the way asks for a login: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
    if status not in {_UNAUTHORIZED, _FORBIDDEN}:
        return ""
    what = "check the key" if status == _UNAUTHORIZED else "check what the key may do"
    return f"{what}; it comes from {source}" if source else what


def request_id(headers: Mapping[str, str], name: str) -> str | None:
    """The provider's id of a call, if it gave one."""
    found = headers.get(name)
    return cut(found, _LONGEST_ID) if found else None
