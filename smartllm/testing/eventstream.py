"""The encoder of the AWS event stream (``application/vnd.amazon.eventstream``)."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_STRING_HEADER = 7
_PRELUDE_AND_CRCS = 16


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one frame: prelude, prelude CRC, string headers, payload, message CRC."""
    head = b"".join(_encode_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", _PRELUDE_AND_CRCS + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def event_frame(event_type: str, payload: Mapping[str, Any]) -> bytes:
    """Encode an ordinary event."""
    return _json_frame({":event-type": event_type}, "event", payload)


def exception_frame(exception_type: str, payload: Mapping[str, Any]) -> bytes:
    """Encode a modelled exception."""
    return _json_frame({":exception-type": exception_type}, "exception", payload)


def break_checksum(frame: bytes) -> bytes:
    """Return the frame with a wrong message CRC."""
    return frame[:-1] + bytes([frame[-1] ^ 0xFF])


def _encode_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING_HEADER, len(text)) + text


def _json_frame(kind: Mapping[str, str], message_type: str, payload: Mapping[str, Any]) -> bytes:
    headers = {**kind, ":content-type": "application/json", ":message-type": message_type}
    return encode_frame(headers, json.dumps(payload).encode())
