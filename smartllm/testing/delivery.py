"""How an answer gets onto the socket, with the faults its reply asks for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .eventstream import break_checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .reply import Recorded, Reply


async def send_json(
    request: web.Request, reply: Reply, body: Any, headers: Mapping[str, str]
) -> web.Response:
    """Answer with one JSON body."""
    return await send_bytes(request, reply, json.dumps(body).encode(), headers)


async def send_bytes(
    request: web.Request, reply: Reply, body: bytes, headers: Mapping[str, str]
) -> web.Response:
    """Answer with one body of bytes."""
    await asyncio.sleep(reply.delay)
    if reply.cut_after is not None:
        hang_up(request)
    return web.Response(status=reply.status, body=body, headers={**headers, **reply.headers})


async def send_frames(
    request: web.Request, reply: Reply, frames: list[bytes], headers: Mapping[str, str], recorded: Recorded
) -> web.StreamResponse:
    """Answer with a stream, one write for each frame."""
    await asyncio.sleep(reply.delay)
    response = web.StreamResponse(status=reply.status, headers={**headers, **reply.headers})
    await response.prepare(request)
    for position in range(len(frames) + 1):
        if position == reply.cut_after:
            hang_up(request)
            break
        if position == reply.stall_after:
            await asyncio.sleep(reply.stall_seconds)
        if position < len(frames):
            await response.write(frames[position])
            recorded.frames_sent += 1
    return response


def spoil(frames: list[bytes], reply: Reply, error_frame: Callable[[int], bytes]) -> list[bytes]:
    """Take frames out of a stream, and put the scripted error frame and the broken checksum into it."""
    spoilt = frames[: reply.end_after]
    if reply.lose_at is not None:
        del spoilt[reply.lose_at]
    if reply.stream_error is not None:
        del spoilt[reply.stream_error_after :]
        spoilt.append(error_frame(len(spoilt)))
    if reply.bad_crc_at is not None and reply.bad_crc_at < len(spoilt):
        spoilt[reply.bad_crc_at] = break_checksum(spoilt[reply.bad_crc_at])
    return spoilt


def hang_up(request: web.Request) -> None:
    """Close the connection once what has been written is sent."""
    if request.transport is not None:
        request.transport.close()
