"""Amazon Bedrock: addresses, signatures and errors over the one HTTP transport.

What botocore would send is held by a test that compares (test_what_goes_out_is_what_botocore_would_send); its
own path costs several times more, escapes text that is not English, and refuses fields newer than itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from smartllm.compiler import Step
from smartllm.errors import ProviderError
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.bedrock_errors import ID_HEADER, from_response
from smartllm.runtime.listing import bedrock_models
from smartllm.runtime.transport import Answer, parsed, read_answer, require
from smartllm.runtime.wire.auth import Auth, Credentials, FixedHeaders, SigV4, unusable
from smartllm.runtime.wire.frame_events import BedrockEvents
from smartllm.runtime.wire.http import HttpTransport, WireRequest
from smartllm.runtime.wire.way import Way
from smartllm.settings import Settings
from smartllm.settings.aws_address import bedrock_address

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_JSON: Final = "application/json"
_CONTENT: Final = {"Content-Type": _JSON}
# As botocore does: nothing on the way may pack a stream and hold it back for that.
_PLAIN: Final = {"Accept-Encoding": "identity"}
_CONTROL: Final = ("bedrock-runtime", "bedrock")
_PAGES: Final = 100


class BedrockTransport:
    """Sends steps of the Bedrock dialects.

    Raises:
        MissingExtraError: aiohttp or botocore is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        require("bedrock", "aiohttp", "botocore")
        self._settings = settings
        self._auth = _auth(settings)
        # For errors and certificates; where calls really go may only be found out by the first.
        address = settings.address or bedrock_address(settings.region) or f"https://{_CONTROL[0]}"
        self._http = HttpTransport(replace(Way.of(settings), address=address), ID_HEADER)
        self._found_address = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat."""
        return self._auth.secrets

    async def send(self, step: Step) -> Answer:
        """Post the step's bytes to InvokeModel or Converse."""
        with self._http.way.own_errors(step.model):
            async with await self._post(step) as response:
                content = await self._http.whole(response, step.model)
        request_id = self._http.id_of(response)
        return read_answer(content, step.model, status=response.status, request_id=request_id)

    async def stream(self, step: Step) -> BedrockEvents:
        """Post the step's bytes to InvokeModelWithResponseStream or ConverseStream."""
        response = await self._post(step)
        return BedrockEvents(
            response,
            model=step.model,
            region=self._settings.region,
            way=self._http.way,
            request_id=self._http.id_of(response),
        )

    async def models(self) -> list[dict[str, Any]]:
        """Text models that can be called on demand, and inference profiles."""
        address = self._settings.control_address or (await self._address()).replace(*_CONTROL, 1)
        way = replace(self._http.way, address=address, proxy=self._settings.proxy_for(address))
        http = HttpTransport(way, ID_HEADER)
        try:
            wanted = {"byOutputModality": "TEXT", "byInferenceType": "ON_DEMAND"}
            models = await self._listed(http, "foundation-models", wanted)
            pages: list[Any] = []
            token: Any = ""
            while isinstance(token, str) and len(pages) < _PAGES:
                query = {"nextToken": token} if token else {}
                page = await self._listed(http, "inference-profiles", query)
                pages.append(page)
                token = page.get("nextToken") if isinstance(page, dict) else None
            return bedrock_models(models, pages)
        finally:
            await http.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _post(self, step: Step) -> ClientResponse:
        url = f"{await self._address()}{step.path}"
        signed = await self._auth.sign("POST", url, {**_CONTENT, **step.headers}, step.payload) | _PLAIN
        return await self._http.send(
            WireRequest("POST", url, signed, step.payload, step.model), self._refused
        )

    async def _listed(self, http: HttpTransport, what: str, query: Mapping[str, str]) -> Any:
        url = f"{http.way.address}/{what}" + (f"?{urlencode(query)}" if query else "")
        signed = await self._auth.sign("GET", url, {"Accept": _JSON}, b"")
        with http.way.own_errors(""):
            async with await http.send(WireRequest("GET", url, signed, b"", ""), self._refused) as response:
                return parsed(await http.whole(response, ""))

    def _refused(self, request: WireRequest, response: ClientResponse, content: bytes) -> ProviderError:
        source = self._settings.sources["bearer_token" if self._settings.bearer_token else "aws"]
        return from_response(
            response.status,
            response.headers,
            content,
            request.model,
            region=self._settings.region,
            address=request.url,
            key_source=None if source.kind == "default" else source.name,
        )

    async def _address(self) -> str:
        """Where calls go: as configured, by AWS's own rules, or as botocore finds out for odd settings."""
        settings = self._settings
        if settings.address or self._found_address:
            return settings.address or self._found_address
        found = None if settings.asks_botocore else bedrock_address(settings.region)
        if found is None:
            found = await asyncio.to_thread(_botocore_address, settings)
        self._found_address = found
        return found


def _auth(settings: Settings) -> Auth:
    if settings.bearer_token is not None:
        return FixedHeaders({"Authorization": f"Bearer {settings.bearer_token}"}, settings.secrets)
    given = None if settings.aws is None else Credentials(*settings.aws)
    return SigV4(settings.region, given, lambda: aws_session(settings), settings.secrets)


def _botocore_address(settings: Settings) -> str:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use
    from botocore.session import Session  # noqa: PLC0415 - same

    session = Session(profile=settings.profile)
    for name, place in settings.aws_files.items():
        session.set_config_variable(name, place)
    try:
        client = session.create_client(
            "bedrock-runtime",
            region_name=settings.region,
            # Nothing is signed with them; without any, the credential chain would be asked.
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - no secret
        )
    except (BotoCoreError, ValueError) as error:
        raise unusable(error) from None
    return str(client.meta.endpoint_url).rstrip("/")
