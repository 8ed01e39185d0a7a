"""A plain server of ours behind TLS, with a certificate of an authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme


@asynccontextmanager
async def secured(url: str, folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """A server behind TLS: its address, and the file with the certificate that vouches for it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    vouching = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(vouching))
    port = int(url.rpartition(":")[2])

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
        finally:
            inner_writer.close()
            writer.close()

    outer = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=context)
    async with outer:
        yield f"https://127.0.0.1:{outer.sockets[0].getsockname()[1]}", vouching
