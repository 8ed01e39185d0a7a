"""Bytes of media: how they stand in a body, and what of them is shown."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
from dataclasses import replace

import smartllm
from smartllm import TextRequest
from smartllm.compiler import Plan
from smartllm.media import Encoded
from smartllm.rules import load_rules

RULES = load_rules()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
BASE64 = base64.b64encode(PNG).decode()


def plan_with(*leaves: Encoded) -> Plan:
    """A plan whose last message holds media, as an encoder puts them there."""
    plan = smartllm.compile(TextRequest(prompt="hi", model="gpt-4o"), rules=RULES)
    step = plan.steps[0]
    content = [{"type": "input_text", "text": "hi"}, *({"image_url": leaf} for leaf in leaves)]
    message = {"type": "message", "role": "user", "content": content}
    return replace(plan, steps=(replace(step, sealed=step.sealed | {"input": [message]}),))


def test_what_is_sent_holds_the_base64_text_and_what_is_shown_its_size_and_hash() -> None:
    plan = plan_with(Encoded(PNG, "image/png", "data:image/png;base64,"))
    text = f"data:image/png;base64,{BASE64}"
    assert plan.body["input"][0]["content"][1] == {"image_url": text}
    assert json.loads(plan.steps[0].payload) == plan.body == json.loads(plan.as_json())["steps"][0]["body"]
    assert text in plan.as_curl()
    shown = plan.explain()
    assert BASE64[:40] not in shown
    digest = hashlib.sha256(PNG).hexdigest()
    assert f"<data:image/png;base64,{len(PNG)} bytes, sha256 {digest}>" in shown


def test_a_plan_with_media_pickles() -> None:
    plan = plan_with(Encoded(PNG, "image/png"))
    again = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own
    assert again.steps[0].payload == plan.steps[0].payload
    assert again.fingerprint == plan.fingerprint
