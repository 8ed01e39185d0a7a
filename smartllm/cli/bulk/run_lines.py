"""provisional"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from smartllm.cli.requests.request_input import build_request
from smartllm.errors import RequestFileError, SmartLLMError
from smartllm.request_files import placed
from smartllm.request_of import is_conversation, turns
from smartllm.runtime.batch.custom_ids import CustomIds
from smartllm.runtime.batch.journal_entry import digest_of
from smartllm.runtime.batch.online import Work


class RunLines:
    def __init__(self, source: str, flags: dict[str, Any]) -> None:
        self._source = source
        self._folder = Path(flags["files"] or ("." if source == "-" else Path(source).parent))
        self._api_type = flags["api_type"]
        self._model = flags["model"]
        self._no_cache = flags["no_cache"]
        self._ids = CustomIds()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ids.__exit__()

    def lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        file.seek(0)
        return enumerate(file, start=1)

    def work(self, line: int, data: bytes) -> Work:
        digest = digest_of(data)
        if not data.strip():
            return Work(line, digest)
        custom_id = None
        try:
            fields = json.loads(data)
            if isinstance(fields, str):
                fields = {"prompt": fields}
            elif isinstance(fields, list):
                fields = {"messages": turns(fields)} if is_conversation(fields) else {"prompt": fields}
            custom_id = fields.pop("custom_id", None)
            if custom_id is not None and self._ids.first(custom_id, line) != line:
                raise RequestFileError(f"line {line}: custom_id {custom_id!r} is taken")
            fields = placed(fields, self._folder, f"line {line}")
            request = build_request(fields, f"line {line}")
        except (ValueError, SmartLLMError) as error:
            return Work(line, digest, custom_id, error=error)
        update = {}
        if self._no_cache:
            update["use_cache"] = False
        if self._model and request.model is None:
            update["model"] = self._model
        if self._api_type and "api_type" not in request.model_fields_set:
            update["api_type"] = self._api_type
        return Work(line, digest, custom_id, request.model_copy(update=update))

    def pass_over(self, line: int, data: bytes) -> None:
        if b'"custom_id"' in data:
            self.work(line, data)
