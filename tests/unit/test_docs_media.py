"""The page on media: its example sends what it says, and its overlay, its table and its refusal are true."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from media_samples import CLAUDE, PDF, RULES, b64, png, refused
from tool_rounds import Rounds, asking, called, calling, saying
from warm import Warm

from smartllm import Image
from smartllm.diagnostics import CODES
from smartllm.testing import LoopbackServer, Reply

PAGE = (Path(__file__).parents[2] / "docs" / "media.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_worked_example_sends_the_files_and_prints_what_the_page_shows(
    warm: Warm, tmp_path: Path
) -> None:
    (tmp_path / "window.png").write_bytes(png(3, 2))
    (tmp_path / "prices.pdf").write_bytes(PDF)
    text = {"type": "output_text", "text": "Yes: the postcards."}
    usage = {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    output = [{"type": "message", "role": "assistant", "content": [text]}]
    body = {"id": "resp_1", "status": "completed", "output": output, "usage": usage}
    with LoopbackServer() as server:
        server.script(Reply(raw=json.dumps(body).encode()))
        settings = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": server.openai_base_url}
        result = warm.run(blocks("python")[0], environment=os.environ | settings, folder=tmp_path)
        (request,) = server.requests
    assert result.said == (blocks("text")[0], "")
    said = request.json["input"][0]["content"]
    assert said[1]["image_url"] == f"data:image/png;base64,{b64(png(3, 2))}"
    assert said[3] == {
        "type": "input_file",
        "filename": "prices.pdf",
        "file_data": f"data:application/pdf;base64,{b64(PDF)}",
    }


def test_the_refusal_is_told_so() -> None:
    message, _, hint = refused(CLAUDE, "?", Image(url="https://example.com/cat.png"))
    assert blocks("text")[1] == f"{message}\n  hint: {hint}\n"


def test_the_function_gives_back_a_picture() -> None:
    scope: dict[str, object] = {}
    exec(blocks("python")[1], scope)  # noqa: S102 - the page's own example
    assert scope["screenshot"]("home") == ["home as of now:", Image(path="home.png")]  # type: ignore[operator]


@pytest.fixture
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the picture that the page's function gives back."""
    (tmp_path / "home.png").write_bytes(png(3, 2))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_at_home")
async def test_a_run_of_tools_shows_the_model_the_picture_of_a_function() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[1], scope)  # noqa: S102 - the page's own example
    rounds = Rounds(calling(called("screenshot", {"page": "home"})), saying("It is black."))
    async with rounds.client() as client:
        request = asking(model="gpt-4.1", api_type="chat_completions")
        run = await client.run_tools(request, [scope["screenshot"]])
    assert run.response.text == "It is black."
    assert rounds.results() == ["home as of now:\n\nSee file 1 below."]
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64(png(3, 2))}"}}
    assert rounds.turns()[-1] == {"role": "user", "content": [{"type": "text", "text": "File 1:"}, picture]}


def test_codes_and_names_are_those_of_the_code() -> None:
    named = {word for word in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE) if word not in RULES.table("model")}
    assert named <= set(CODES)
    assert len(named) > 8
