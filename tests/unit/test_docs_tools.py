"""The worked example of the page on tools, with a model that calls as the page tells."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from warm import Warm

from smartllm.testing import LoopbackServer, Reply

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
_EXAMPLE = re.compile(
    r"<!-- example: tools -->\n```python\n(.*?)^```$.*?```text\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def answering(*output: dict[str, Any]) -> Reply:
    usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    body = {"id": "resp_1", "status": "completed", "output": list(output), "usage": usage}
    return Reply(raw=json.dumps(body).encode())


def call(id_: str, name: str, **arguments: Any) -> dict[str, Any]:
    item = {"type": "function_call", "id": f"fc_{id_}", "status": "completed"}
    return item | {"call_id": id_, "name": name, "arguments": json.dumps(arguments)}


def test_the_worked_example_prints_what_the_page_shows(warm: Warm, tmp_path: Path) -> None:
    found = _EXAMPLE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    code, output = found.groups()
    text = {"type": "output_text", "text": "It is 18 °C in both; 18 times 18 is 324."}
    with LoopbackServer() as server:
        server.script(
            answering(call("call_1", "weather", city="Paris"), call("call_2", "weather", city="Rome")),
            answering(call("call_3", "multiply", a=18, b=18)),
            answering({"type": "message", "role": "assistant", "content": [text]}),
        )
        settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": server.openai_base_url}
        result = warm.run(code, environment=os.environ | settings, folder=tmp_path)
        bodies = [request.json for request in server.requests]
    assert result.said == (output, "")
    outputs = [item["output"] for item in bodies[2]["input"] if item["type"] == "function_call_output"]
    assert [json.loads(each) for each in outputs] == [
        {"city": "Paris", "sky": "clear", "temperature": 18},
        {"city": "Rome", "sky": "clear", "temperature": 18},
        324.0,
    ]
    schema = bodies[0]["tools"][0]["parameters"]["properties"]
    assert schema["city"]["description"] == "Its name, such as Paris."
