"""How an answer gets onto the socket, with the faults its reply asks for."""

from __future__ import annotations

import asyncio
from os import SEEK_END
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .reply import Recorded
    from .speaking import Spoken

_PIECE = 256 * 1024
"""Bytes of a file at a time."""


async def deliver(
    request: web.Request, spoken: Spoken, recorded: Recorded, begun: Callable[[], None]
) -> web.StreamResponse:
    """Answer a request; ``begun`` is called when the answer begins."""
    await asyncio.sleep(spoken.reply.delay)
    recorded.status, recorded.reason = spoken.reply.status, spoken.reason
    recorded.refused = spoken.refused
    begun()
    if spoken.file is not None:
        return await _send_file(request, spoken, spoken.file)
    if spoken.streamed:
        return await _send_frames(request, spoken, recorded)
    if spoken.reply.cut_after is not None:
        _hang_up(request)
    return web.Response(status=spoken.reply.status, body=b"".join(spoken.parts), headers=spoken.all_headers)


async def _send_frames(request: web.Request, spoken: Spoken, recorded: Recorded) -> web.StreamResponse:
    """Answer with a stream, one write for each frame."""
    reply, frames = spoken.reply, spoken.parts
    response = web.StreamResponse(status=reply.status, headers=spoken.all_headers)
    await response.prepare(request)
    for position in range(len(frames) + 1):
        if position == reply.cut_after:
            _hang_up(request)
            break
        if position == reply.stall_after:
            await asyncio.sleep(reply.stall_seconds)
        if position < len(frames):
            await response.write(frames[position])
            recorded.frames_sent += 1
    return response


async def _send_file(request: web.Request, spoken: Spoken, path: Path) -> web.StreamResponse:
    """Answer with a file, a piece at a time; a scripted cut comes after so many of them."""
    with path.open("rb") as file:
        response = web.StreamResponse(status=spoken.reply.status, headers=spoken.all_headers)
        response.content_length = file.seek(0, SEEK_END)
        file.seek(0)
        await response.prepare(request)
        sent = 0
        while True:
            if sent == spoken.reply.cut_after:
                _hang_up(request)
                break
            if not (data := file.read(_PIECE)):
                break
            await response.write(data)
            sent += 1
    return response


def _hang_up(request: web.Request) -> None:
    """Close the connection once what has been written is sent."""
    if request.transport is not None:
        request.transport.close()
