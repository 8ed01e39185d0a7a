"""DynamoDB's wire in threads, with one table in memory; it can be missing, in creation, or silent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TYPE = "application/x-amz-json-1.0"


class DynamoTable:
    """The engine.

    Args:
        state: ``active``; ``missing``: made by CreateTable, then for ever in creation; ``silent``.

    Attributes:
        items: What the table holds, by key.
        asked: The operations that came.
    """

    def __init__(self, state: str = "active") -> None:
        self.state = state
        self.items: dict[str, Any] = {}
        self.asked: list[str] = []
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.socket.close()
        self._thread.join()

    def settings(self, name: str = "answers") -> dict[str, Any]:
        """What a client needs to use it."""
        keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "aws-secret-example"}
        return {"dynamo_table_name": name, "dynamo_endpoint_url": self.url, "aws_region": "us-east-1", **keys}

    def answer(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        self.asked.append(operation)
        if self.state == "silent":
            self._stopping.wait(30)
        if operation in {"CreateTable", "DescribeTable"}:
            return self._described(operation)
        if self.state != "active":
            return 400, {
                "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                "message": "no",
            }
        key = json.dumps(body.get("Key"))
        if operation == "GetItem":
            return 200, {"Item": self.items[key]} if key in self.items else {}
        if operation == "PutItem":
            item = body["Item"]
            self.items[json.dumps({"pk": item["pk"]})] = item
        if operation == "DeleteItem":
            self.items.pop(key, None)
        return 200, {}

    def _described(self, operation: str) -> tuple[int, dict[str, Any]]:
        if operation == "DescribeTable" and self.state == "missing" and "CreateTable" not in self.asked:
            return 400, {"__type": "x#ResourceNotFoundException", "message": "no"}
        status = "ACTIVE" if self.state == "active" else "CREATING"
        table = {"TableName": "answers", "TableStatus": status}
        return 200, {"Table" if operation == "DescribeTable" else "TableDescription": table}


def _handler(table: DynamoTable) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = table.answer(self.headers["X-Amz-Target"].partition(".")[2], body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

        def handle_error(self) -> None:
            """A client that went away is no news."""

    return Handler
