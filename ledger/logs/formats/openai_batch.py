"""OpenAI batches: answers joined with the requests that they answer, by `custom_id`.

A batch's output and error files say what was answered, in any order, and not what was asked; its
input file says that. Given to one import together, they are joined: a decision record is the line
of the answer with the line of its request as one more member, `request`. Without the input file
the answers alone are the records, and their prompts are missing.

The one time is when the answer was made (`created`); embeddings have none.

Sources: the Batch API's documentation; `openai.types.batch` of 2.54.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import StoreUnavailable
from ledger.logs.formats.base import Format, Unfold
from ledger.logs.formats.columns import STOPS, count, length, moment, text
from ledger.logs.formats.slicing import members
from ledger.logs.mapping import Unit

ASKED = {"custom_id", "method", "url", "body"}
ANSWERED = {"id", "custom_id", "response", "error"}
KEPT = 32 * 2**20  # bytes of requests that are kept in memory
ENDPOINTS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "chat",
    "/v1/completions": "text_completion",
    "/v1/embeddings": "embeddings",
    "/v1/moderations": "moderation",
    # Of an answer whose request is not known: what kind of object it is.
    "chat.completion": "chat",
    "response": "chat",
    "text_completion": "text_completion",
    "list": "embeddings",
}
STATUS = {
    **dict.fromkeys(("200", "completed", "incomplete"), "ok"),
    **dict.fromkeys(("failed", "cancelled"), "error"),
    **{str(code): "error" for code in range(400, 600)},
    **dict.fromkeys(("batch_expired", "batch_cancelled"), "error"),
}

COLUMNS = {
    "time": moment("response.body.created", "response.body.created_at", unit=Unit.SECONDS),
    "request_id": text("custom_id"),
    "trace_id": text("response.request_id"),
    "span_id": text("id"),
    "session_id": text("response.body.conversation.id"),
    "user_id": text("request.body.safety_identifier", "request.body.user"),
    "operation": text("request.url", "response.body.object", values=ENDPOINTS),
    "model": text("response.body.model", "request.body.model"),
    "model_requested": text("request.body.model"),
    "prompt_name": text("request.body.prompt.id"),
    "prompt_version": text("request.body.prompt.version"),
    "tokens_in": count("response.body.usage.prompt_tokens", "response.body.usage.input_tokens"),
    "tokens_out": count(
        "response.body.usage.completion_tokens", "response.body.usage.output_tokens"
    ),
    "status": text("error.code", "response.body.status", "response.status_code", values=STATUS),
    "error": text("error.message", "error.code", "response.body.error.message"),
    "guardrail": text(
        "response.body.choices.0.finish_reason",
        "response.body.incomplete_details.reason",
        values={**STOPS, "max_output_tokens": "none"},
    ),
    "output_chars": length(
        "response.body.choices.0.message.content",
        "response.body.choices.0.text",
        "response.body.output.0.content.0.text",
    ),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """What tells the lines of a batch's files apart."""

    custom_id: str
    asks: bool


def _read(line: bytes) -> _Line:
    """Read a line of a batch's file. Raises ValueError if it is none."""
    parts = members(line, "the line")
    custom_id = orjson.loads(parts.get("custom_id", b"null"))
    if not isinstance(custom_id, str) or not parts.keys() & {"body", "response", "error"}:
        raise ValueError("not a line of a batch's input, output or error file")
    return _Line(custom_id, asks=parts.keys() >= ASKED and not parts.keys() & {"response", "error"})


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a batch's input, output or error file."""
    return record.keys() >= ASKED or record.keys() >= ANSWERED


class _Requests:
    """The requests of an import, and where each stands in a temporary file.

    The file is nameless and encrypted under a key that only this process has, since nothing is
    written in clear before it is redacted.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=KEPT)  # noqa: SIM115 - lives as long as this
        self._key = AESGCM(AESGCM.generate_key(128))
        self._places: dict[str, tuple[int, int] | None] = {}
        self._answered: set[str] = set()

    def see(self, line: bytes) -> None:
        """Take note of a line: of what it asks, or that it answers."""
        try:
            read = _read(line)
        except ValueError:
            return  # `unfold` says so
        if not read.asks:
            self._answered.add(read.custom_id)
        elif read.custom_id in self._places:
            self._places[read.custom_id] = None
        else:
            self._places[read.custom_id] = self._keep(line)

    def unfold(self, line: bytes) -> list[bytes]:
        """Join an answer with its request; of a request that was answered nothing is left."""
        read = _read(line)
        place = self._places.get(read.custom_id)
        if place is None and read.custom_id in self._places:
            raise ValueError("its custom_id stands in two requests: import one batch at a time")
        if read.asks:
            if read.custom_id not in self._answered:
                raise ValueError("a request without an answer: add the output and error files")
            return []
        if place is None:
            return [line]
        return [line.rstrip()[:-1] + b',"request":' + self._kept(*place) + b"}"]

    def _keep(self, line: bytes) -> tuple[int, int]:
        start = self._file.tell()
        try:
            return start, self._file.write(self._key.encrypt(_nonce(start), line, None))
        except OSError as error:
            raise StoreUnavailable(
                f"The batch's requests could not be kept for a moment: {error.strerror or error}.",
                "Make room where temporary files go; nothing was entered.",
            ) from error

    def _kept(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._key.decrypt(_nonce(start), self._file.read(size), None)


def _nonce(start: int) -> bytes:
    """Never the same twice under one key: no two lines start at one place."""
    return start.to_bytes(12, "big")


def gather(lines: Iterable[bytes]) -> Unfold:
    """Read all files of an import, and return what joins their lines."""
    requests = _Requests()
    for line in lines:
        requests.see(line)
    return requests.unfold


OPENAI_BATCH = Format(
    name="openai-batch",
    title="OpenAI batch (output and error files, with their input file)",
    recognises=recognises,
    columns=COLUMNS,
    gather=gather,
    personal=("request.body.user", "request.body.safety_identifier", "response.body.user"),
    conversation=(
        "request.body.messages",
        "request.body.input",
        "request.body.instructions",
        "request.body.prompt",
        "response.body.choices",
        "response.body.output",
        "response.body.instructions",
    ),
)
