"""The records of a Bedrock job, as its files hold them: what is read, and what is written."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from smartllm.testing.heard import json_of

from .bedrock_shapes import shape_of

if TYPE_CHECKING:
    from smartllm.testing.speaking import Spoken

SUFFIX: Final = ".jsonl"
_GIB: Final = 1024**3
_ALPHABET: Final = string.ascii_uppercase + string.digits
_ID_LENGTH: Final = 11
_LESS: Final = "{} contains less {} ({}) than the required minimum of: {}"
_MORE: Final = "{} contains more {} ({}) than the permitted maximum of: {}"


class InputError(Exception):
    """Why no record of a job is run; its text is the job's message.

    Of these texts only that of too few records was seen on AWS (an account's log of 2026-07-20); the others
    tell in our words what its page says that is checked (batch-inference-data, read 2026-09-02).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What a job may hold. On AWS each is a quota of an account and a model.

    Attributes:
        minimum: Fewest records of a job.
        records: Most records of a job, and of a file.
        file_bytes: Most bytes of a file.
        job_bytes: Most bytes of all files.
        jobs: Most jobs of one model that have not ended.
    """

    minimum: int = 100
    records: int = 50_000
    file_bytes: int = _GIB
    job_bytes: int = 5 * _GIB
    jobs: int = 20

    def check_files(self, sizes: Mapping[str, int]) -> None:
        """Hold the sizes of files, by their names, against the quotas.

        Raises:
            InputError: One of them, or all together, are too large.
        """
        for name, size in sizes.items():
            if size > self.file_bytes:
                raise InputError(_MORE.format(f"Input file {name}", "bytes", size, self.file_bytes))
        if (total := sum(sizes.values())) > self.job_bytes:
            raise InputError(_MORE.format("Batch job", "bytes", total, self.job_bytes))

    def check_records(self, count: int) -> None:
        """Hold the number of a job's records against the quotas.

        Raises:
            InputError: They are too many or too few.
        """
        if count < self.minimum:
            raise InputError(_LESS.format("Batch job", "records", count, self.minimum))
        if count > self.records:
            raise InputError(_MORE.format("Batch job", "records", count, self.records))


@dataclass(slots=True)
class Intake:
    """Reads records, and knows those that it has read."""

    _seen: dict[str, tuple[str, int]] = field(default_factory=dict)

    def take(self, line: bytes, name: str, number: int) -> None:
        """Hold a line against the format; what the model takes is not looked at.

        Args:
            line: The line.
            name: Its file.
            number: Its number there, from 1.

        Raises:
            InputError: It is no record, or has the id of another.
        """
        place = f"{name}, line {number}"
        record = record_of(line, place)
        if (id_ := record.get("recordId")) is None:
            return
        if id_ in self._seen:
            first, where = self._seen[id_]
            raise InputError(f"{place}: duplicate recordId {id_!r:.80}, first found in {first}, line {where}")
        self._seen[id_] = name, number


def record_of(line: bytes, place: str) -> dict[str, Any]:
    """A record.

    Raises:
        InputError: It is none; names the place.
    """
    try:
        record = json_of(line)
    except ValueError:
        raise InputError(f"{place}: the record is not valid JSON") from None
    if not isinstance(record, dict):
        raise InputError(f"{place}: the record is not a JSON object")
    if not isinstance(record.get("modelInput"), dict):
        raise InputError(f"{place}: the record has no modelInput that is a JSON object")
    id_ = record.get("recordId")
    if id_ is not None and (not isinstance(id_, str) or not id_):
        raise InputError(f"{place}: recordId is not a text")
    return record


def id_of(record: Mapping[str, Any], place: int, job: str) -> str:
    """A record's id; one that has none gets 11 letters and digits, as on AWS."""
    if given := record.get("recordId"):
        return str(given)
    drawn = random.Random(f"{job}:{place}")  # noqa: S311 - chance that can be repeated
    return "".join(drawn.choices(_ALPHABET, k=_ID_LENGTH))


def output_line(name: str, model_input: object, said: Spoken, operation: str) -> bytes:
    """The line of an output.

    Args:
        name: The record's id.
        model_input: Its body, which the output repeats.
        said: What was answered.
        operation: The call whose bodies the records hold.
    """
    body = b"".join(said.parts)
    record: dict[str, Any] = {"recordId": name, "modelInput": model_input}
    if said.reply.is_error:
        record["error"] = {"errorCode": said.reply.status, "errorMessage": said.reason}
        return _line(record)
    try:
        answer = json_of(body)
    except ValueError:  # scripted so: the line is broken
        return body + b"\n"
    record["modelOutput"] = with_nulls(answer, operation)
    return _line(record)


def _line(record: object) -> bytes:
    try:
        return (json.dumps(record, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # half of a pair of surrogates
        return (json.dumps(record) + "\n").encode()


def with_nulls(answer: Any, operation: str) -> Any:
    """An answer with all members of its unions, null where they are not the one that is set.

    Batch outputs of Converse have them, calls online do not (an account's log of 2026-08-17).
    """
    shape = shape_of("bedrock-runtime", operation, "output_shape")
    return answer if "payload" in shape.serialization else _filled(answer, shape)


def _filled(value: Any, shape: Any) -> Any:
    if shape.type_name == "list" and isinstance(value, list):
        return [_filled(item, shape.member) for item in value]
    if shape.type_name != "structure" or not isinstance(value, dict):
        return value
    union = dict.fromkeys(shape.members) if shape.metadata.get("union") else {}
    inner = {
        name: _filled(held, shape.members[name]) if name in shape.members else held
        for name, held in value.items()
    }
    return {**union, **inner}
