"""Eyes for a small text model: a vision encoder of llama.cpp's (LLaVA's form), with weights of chance.

It sees nothing, but the server decodes each picture for it as it does for a trained one. GGUF, version 3:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (2026-10).
"""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final

_SIDE, _PATCH, _WIDTH, _INNER, _LAYERS, _HEADS = 56, 14, 32, 64, 2, 2
_ALIGNED: Final = 32
_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 6, 7, 8, 9
IMAGE_TOKENS: Final = (_SIDE // _PATCH) ** 2
"""How many tokens of the text model a picture takes."""


def write_eyes(path: Path, text_width: int) -> None:
    """Write the encoder.

    Args:
        path: Where to.
        text_width: Length of the text model's embeddings.
    """
    facts: dict[str, Any] = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": True,
        "clip.vision.image_size": _SIDE,
        "clip.vision.patch_size": _PATCH,
        "clip.vision.embedding_length": _WIDTH,
        "clip.vision.feed_forward_length": _INNER,
        "clip.vision.projection_dim": text_width,
        "clip.vision.block_count": _LAYERS,
        "clip.vision.attention.head_count": _HEADS,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.5, 0.5, 0.5],
    }
    tensors = dict(_tensors(text_width))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts))
    head += b"".join(_text(name) + _value(value) for name, value in facts.items())
    data = b""
    for name, shape in tensors.items():
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _padded(_weights(name, prod(shape)))
    path.write_bytes(_padded(head) + data)


def _tensors(text_width: int) -> Iterator[tuple[str, Sequence[int]]]:
    yield "v.class_embd", (_WIDTH,)
    yield "v.patch_embd.weight", (_PATCH, _PATCH, 3, _WIDTH)
    yield "v.position_embd.weight", (_WIDTH, IMAGE_TOKENS + 1)
    yield from _layer("v.pre_ln", _WIDTH)
    for number in range(_LAYERS):
        block = f"v.blk.{number}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            yield from _layer(f"{block}.{name}", _WIDTH, _WIDTH)
        yield from _layer(f"{block}.ln1", _WIDTH)
        yield from _layer(f"{block}.ln2", _WIDTH)
        yield from _layer(f"{block}.ffn_up", _WIDTH, _INNER)
        yield from _layer(f"{block}.ffn_down", _INNER, _WIDTH)
    yield from _layer("v.post_ln", _WIDTH)
    yield from _layer("mm.0", _WIDTH, text_width)
    yield from _layer("mm.2", text_width, text_width)


def _layer(name: str, *shape: int) -> Iterator[tuple[str, Sequence[int]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", (shape[-1],)


def _weights(name: str, count: int) -> bytes:
    chance = random.Random(name)  # noqa: S311 - the same each time
    return array("f", (chance.gauss(0, 0.02) for _ in range(count))).tobytes()


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value, list):
        return struct.pack(f"<IIQ{len(value)}f", _ARRAY, _FLOAT32, len(value), *value)
    return struct.pack("<I", _STRING) + _text(value)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNED)
