"""Pictures and sound in answers are parts with bytes; what cannot be read stays as the wire has it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from stream_events import decoded

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.media_read import bytes_of, in_one_piece
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Audio, Image, Other, Text

PNG = b"\x89PNG\r\n\x1a\n and the rest"
TEXT = base64.b64encode(PNG).decode()
SOUND = b"RIFF....WAVEfmt "
SPOKEN = base64.b64encode(SOUND).decode()
AUDIO = {"id": "a", "data": SPOKEN, "transcript": "Hello", "expires_at": 1}


class TestBase64:
    def test_bytes_and_none(self) -> None:
        assert bytes_of(TEXT) == PNG
        for nothing in ("", "no base64!", "QQ", None, 1):
            assert bytes_of(nothing) is None

    def test_pieces_with_ends_of_their_own(self) -> None:
        pieces = "".join(base64.b64encode(part).decode() for part in (b"a", b"bc", b"def", b"g"))
        assert bytes_of(pieces) == b"abcdefg"
        assert in_one_piece(pieces) == base64.b64encode(b"abcdefg").decode()

    @pytest.mark.parametrize("given", [TEXT, "QQ==", "", None, "Q=Q=no", 3])
    def test_what_is_one_piece_or_none_stays(self, given: Any) -> None:
        assert in_one_piece(given) == given


class TestResponses:
    def picture(self, **fields: Any) -> tuple[Any, ...]:
        item = {"type": "image_generation_call", "id": "ig", "status": "completed", **fields}
        reply = {"status": "completed", "output": [item]}
        answer = DECODERS["openai_responses"].decode(reply, "m")
        events: list[dict[str, Any]] = [
            {"type": "response.image_generation_call.partial_image", "partial_image_b64": "QQ=="},
            {"type": "response.completed", "response": reply},
        ]
        assert decoded("openai_responses", events) == answer
        return answer.parts

    def test_a_generated_picture(self) -> None:
        assert self.picture(result=TEXT) == (Image(data=PNG, media_type="image/png"),)

    def test_the_bytes_tell_more_than_the_words(self) -> None:
        (part,) = self.picture(result=TEXT, output_format="jpeg")
        assert part.media_type == "image/png"

    def test_bytes_that_are_not_known_are_what_the_wire_says(self) -> None:
        assert self.picture(result="QUJD", output_format="jpg") == (
            Image(data=b"ABC", media_type="image/jpeg"),
        )
        assert self.picture(result="QUJD") == (Image(data=b"ABC"),)

    @pytest.mark.parametrize("result", [None, "", "no base64!"])
    def test_one_without_bytes_stays_as_it_is(self, result: Any) -> None:
        (part,) = self.picture(result=result)
        assert isinstance(part, Other)
        assert part.kind == "image_generation_call"


class TestConverse:
    def whole(self, *content: Any) -> Decoded:
        reply = {"output": {"message": {"content": [*content]}}, "stopReason": "end_turn"}
        return DECODERS["bedrock_converse"].decode(reply, "m")

    def streamed(self, start: Any, *deltas: Any) -> Decoded:
        at = {"contentBlockIndex": 0}
        begun = [] if start is None else [{"contentBlockStart": {**at, "start": start}}]
        said = [{"contentBlockDelta": {**at, "delta": delta}} for delta in deltas]
        end: list[Any] = [
            {"contentBlockStop": at},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {}},
        ]
        return decoded("bedrock_converse", [{"messageStart": {}}, *begun, *said, *end])

    def test_a_picture_beside_text(self) -> None:
        block = {"image": {"format": "png", "source": {"bytes": TEXT}}}
        answer = self.whole({"text": "Here."}, block)
        assert answer.parts == (Text("Here."), Image(data=PNG, media_type="image/png"))

    def test_sound(self) -> None:
        block = {"audio": {"format": "mp3", "source": {"bytes": SPOKEN}}}
        assert self.whole(block).parts == (Audio(data=SOUND, media_type="audio/wav"),)

    def test_an_address_that_is_none_stays_as_it_was_sent(self) -> None:
        block = {"image": {"format": "png", "source": {"s3Location": {"uri": "b/k.png"}}}}
        (part,) = self.whole(block).parts
        assert isinstance(part, Other)
        assert part.raw == block

    def test_the_address_of_an_object(self) -> None:
        block = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/k.png"}}}}
        assert self.whole(block).parts == (Image(s3="s3://bucket/k.png", media_type="image/png"),)

    @pytest.mark.parametrize("start", [{"image": {"format": "png"}}, None], ids=["started", "not"])
    def test_a_picture_in_pieces(self, start: Any) -> None:
        first, second = (base64.b64encode(part).decode() for part in (PNG[:10], PNG[10:]))
        deltas = [{"image": {"source": {"bytes": piece}}} for piece in (first, second)]
        answer = self.streamed(start, *deltas)
        assert answer.parts == (Image(data=PNG, media_type="image/png"),)
        (block,) = answer.raw["output"]["message"]["content"]
        assert block["image"]["source"]["bytes"] == TEXT

    def test_one_that_failed_stays_as_it_is(self) -> None:
        block = {"image": {"format": "png", "error": {"message": "blocked"}}}
        assert self.whole(block).parts == (Other(block, "image", "bedrock_converse"),)


class TestChat:
    def whole(self, **message: Any) -> Decoded:
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
        return DECODERS["openai_chat"].decode({"choices": [choice]}, "m")

    def streamed(self, *deltas: Any) -> Decoded:
        events = [{"choices": [{"delta": delta}]} for delta in deltas]
        return decoded("openai_chat", [*events, {"choices": [{"delta": {}, "finish_reason": "stop"}]}])

    def test_sound_and_what_it_says(self) -> None:
        answer = self.whole(content=None, audio=AUDIO)
        assert answer.parts == (Text("Hello"), Audio(data=SOUND, media_type="audio/wav"))
        assert (answer.text, answer.is_empty) == ("Hello", False)

    def test_in_pieces(self) -> None:
        first, second = (base64.b64encode(part).decode() for part in (SOUND[:4], SOUND[4:]))
        answer = self.streamed(
            {"role": "assistant", "audio": {"id": "a", "transcript": "Hel"}},
            {"audio": {"data": first}},
            {"audio": {"transcript": "lo", "data": second}},
            {"audio": {"expires_at": 1}},
        )
        assert answer == self.whole(content=None, audio=AUDIO)
        assert answer.raw["choices"][0]["message"]["audio"] == AUDIO

    def test_beside_text_the_words_are_not_said_twice(self) -> None:
        whole = self.whole(content="Hello", audio=AUDIO)
        assert whole.parts == (Text("Hello"), Audio(data=SOUND, media_type="audio/wav"))
        assert self.streamed({"content": "Hello"}, {"audio": AUDIO}) == whole

    def test_a_picture_alone_is_no_empty_answer(self) -> None:
        silent = self.whole(content=None, audio={"data": SPOKEN})
        assert (silent.text, silent.is_empty) == ("", False)
        assert silent.parts == (Audio(data=SOUND, media_type="audio/wav"),)
        assert self.streamed({"audio": {"data": SPOKEN}}) == silent

    def test_words_without_sound(self) -> None:
        audio = {"id": "a", "transcript": "Hello"}
        answer = self.whole(content=None, audio=audio)
        assert answer.parts == (Text("Hello"), Other({"audio": audio}, "audio", "openai_chat"))
        assert self.streamed({"audio": audio}) == answer

    def test_empty_fields_say_nothing(self) -> None:
        audio = {"id": "", "data": "", "transcript": "", "expires_at": 0}
        assert self.whole(content="4", audio=audio).parts == (Text("4"),)
