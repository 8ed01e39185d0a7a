"""What editors show where a field, a setting or a keyword is typed: its text, by a real language server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from processes import missing

from smartllm import LLMConfig, TextRequest
from smartllm.field_docs import field_docs

CODE = """
from smartllm import LLMClient, LLMConfig, TextRequest

request = TextRequest(prompt="hi", reasoning_effort="low")
request.top_p
config = LLMConfig(max_retries=3)
config.total_timeout
client = LLMClient(retry_delay=3)


async def main() -> None:
    await client.generate_text("hi", verbosity="low")
"""
REQUEST, CONFIG = field_docs(TextRequest), field_docs(LLMConfig)
SHOWN = {
    "reasoning_effort": REQUEST,
    "top_p": REQUEST,
    "max_retries": CONFIG,
    "total_timeout": CONFIG,
    "retry_delay": CONFIG,
    "verbosity": REQUEST,
}


class Server:
    """A language server, asked one thing at a time."""

    def __init__(self, pipes: tuple[IO[bytes], IO[bytes]]) -> None:
        self._to, self._from = pipes
        self._serial = 0

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self._serial += 1
        self._send({"id": self._serial, "method": method, "params": params})
        while True:
            got = self._receive()
            if "method" in got and "id" in got:  # it asks in turn
                wanted = got.get("params", {}).get("items", [])
                self._send({"id": got["id"], "result": [self._settings() for _ in wanted] or None})
            elif got.get("id") == self._serial:
                return got.get("result")

    def _settings(self) -> dict[str, Any]:
        root = str(Path(__file__).parents[2])
        return {"pythonPath": sys.executable, "analysis": {"extraPaths": [root]}}

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._to.flush()

    def _receive(self) -> Any:
        length = 0
        while line := self._from.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server has ended"
        return json.loads(self._from.read(length))


@contextmanager
def opened(folder: Path) -> Iterator[Server]:
    """A server that has a folder open."""
    tool = Path(sys.prefix) / "basedpyright" / "bin" / "basedpyright-langserver"
    if not tool.exists():
        missing("python -m venv .venv/basedpyright && .venv/basedpyright/bin/pip install basedpyright")
    with subprocess.Popen([str(tool), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Server((process.stdin, process.stdout))
        able = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["plaintext"]}},
        }
        workspace = [{"uri": folder.as_uri(), "name": "here"}]
        about = {"rootUri": folder.as_uri(), "workspaceFolders": workspace}
        server.ask("initialize", processId=None, capabilities=able, **about)
        server.tell("initialized")
        yield server
        process.kill()


@pytest.mark.slow
def test_editors_show_what_fields_settings_and_keywords_mean(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(CODE, encoding="utf-8")
    uri = (tmp_path / "example.py").as_uri()
    with opened(tmp_path) as server:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
        server.tell("textDocument/didOpen", textDocument=document)
        for name, texts in SHOWN.items():
            before = CODE[: CODE.index(name)]
            place = {"line": before.count("\n"), "character": len(before) - before.rindex("\n")}
            shown = server.ask("textDocument/hover", textDocument={"uri": uri}, position=place)
            said = " ".join(shown["contents"]["value"].split())
            assert texts[name].replace("``", "") in said.replace("`", ""), said
