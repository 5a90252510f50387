"""One test case with what came of it: the shape of our own JSON lines, and what all formats become.

A case that ended in an error has not passed. `passed` is null where a case has only a score. What
`failure` says is the file's own label; `taxonomy.py` sorts labels into classes. Of `input`,
`expected` and `output` a file holds the texts, or their SHA-256 in the fields `..._digest`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, get_args

import msgspec
import orjson
from msgspec import Meta

from ledger.errors import InvalidInput
from ledger.registers.evaluations import Suite

SUITES: tuple[Suite, ...] = get_args(Suite)
ATTACKS = ("adversarial", "security")
QUALITY = ("functional", "accuracy", "regression")
LABELS = ("category", "subgroup", "language", "failure", "origin", "prompt_version")
FLAGS = ("refused", "should_refuse")

_Label = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
_Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
_Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
_Amount = Annotated[float, Meta(ge=0, le=1e12)]


class Case(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One test case. Latency is in milliseconds, tokens are those of question and answer."""

    id: _Label
    suite: Suite | None = None
    passed: bool | None = None
    error: bool = False
    score: _Number | None = None
    category: _Label | None = None
    failure: _Label | None = None
    refused: bool | None = None
    should_refuse: bool | None = None
    latency_ms: _Amount | None = None
    tokens: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    language: _Label | None = None
    subgroup: _Label | None = None
    origin: _Label | None = None
    prompt_version: _Label | None = None
    input: str | None = None
    expected: str | None = None
    output: str | None = None
    input_digest: _Digest | None = None
    expected_digest: _Digest | None = None
    output_digest: _Digest | None = None

    @property
    def succeeded(self) -> bool | None:
        """Whether it passed; None where only a score is known."""
        return False if self.error else self.passed

    @property
    def failed(self) -> bool:
        """Whether there is an answer, and it did not pass."""
        return not self.error and self.passed is False

    def digest(self, text: str) -> str | None:
        """The SHA-256 of `input`, `expected` or `output`; None if the file has neither."""
        given: str | None = getattr(self, text)
        stated: str | None = getattr(self, f"{text}_digest")
        return stated if given is None else sha256(given.encode()).hexdigest()


@dataclass(frozen=True)
class Total:
    """What a file states of cases that it does not list."""

    suite: Suite
    name: str
    n: int
    passed: int


_TEXTS = ("input", "expected", "output")


def without_texts(case: Case) -> Case:
    """The case with digests in place of its texts."""
    digests = {f"{text}_digest": case.digest(text) for text in _TEXTS}
    return msgspec.structs.replace(case, **dict.fromkeys(_TEXTS), **digests)


def suite_digest(cases: Iterable[Case]) -> str:
    """SHA-256 of what was asked, whatever was answered: a sorted line for each case.

    A line is the JSON array of suite, id, the digests of input and of what was expected, whether
    it should be refused, and the case that it was made from.
    """
    lines = sorted(
        orjson.dumps(
            [
                case.suite,
                case.id,
                case.digest("input"),
                case.digest("expected"),
                case.should_refuse,
                case.origin,
            ]
        )
        for case in cases
    )
    return sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def as_text(value: Any) -> str | None:
    """A text as it is, anything else as sorted JSON; None for nothing. InvalidInput if too deep."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise InvalidInput(
            f"The question or answer of a case cannot be read: {error}.",
            "Check the file: is something nested without end?",
        ) from error


def labelled(*holders: Any) -> dict[str, Any]:
    """The labels that metadata state under our own names; the first that states one is heard."""
    found: dict[str, Any] = {}
    for holder in holders:
        if not isinstance(holder, dict):
            continue
        for name in LABELS:
            value = holder.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                found.setdefault(name, str(value).strip())
        for name in FLAGS:
            if isinstance(holder.get(name), bool):
                found.setdefault(name, holder[name])
        if holder.get("suite") in SUITES:
            found.setdefault("suite", holder["suite"])
    return found
