"""Logs of Inspect: JSON, or an `.eval` archive of JSON files.

Read are the samples' first score (`C` passed, `I`, `P` and `N` not; 1 and 0; other numbers are a
score alone; of several values under names the one that the results list first), `total_time`,
`model_usage`, `error`, and `metadata`, which may state labels under our own names. A run that did
not finish is refused: what is missing in it is not chance.
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Iterator
from typing import Any, TypeGuard
from zipfile import BadZipFile

from ledger.registers.evaluations import Suite
from policies.evaluations.case import as_text, labelled
from policies.evaluations.content import Content, member_of, parse_json

NAME = "inspect"
SUITE: Suite = "accuracy"
_HEADERS = ("header.json", "_journal/start.json")
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_ATTACHED = "attachment://"
_SAMPLE = re.compile(r"samples/.+_epoch_[0-9]+\.json")  # an id may hold a slash
_DAMAGES = (
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted
)


def recognises(content: Content) -> bool:
    """Whether this is a log of Inspect."""
    if content.archive is not None:
        return bool(set(_HEADERS) & set(content.archive.namelist()))
    document = content.document or {}
    return isinstance(document.get("eval"), dict) and bool(
        {"samples", "results", "plan"} & document.keys()
    )


def read(content: Content) -> Iterator[dict[str, Any]]:
    """Each sample as the fields of a case. InvalidInput for a run without samples or unfinished."""
    header = content.document or _member(content, _header(content))
    if header.get("status") != "success":
        raise content.wrong(
            f"the run did not finish (status {header.get('status')!r}).",
            "Let it finish, or retry it: inspect eval-retry",
        )
    samples = header.get("samples") if content.archive is None else list(_samples(content))
    if not isinstance(samples, list) or not samples:
        raise content.wrong(
            "it lists no samples.", "Write the log with its samples: inspect eval --log-samples"
        )
    first = _first_score(header)
    for sample in samples:
        if not isinstance(sample, dict) or "id" not in sample:
            raise content.wrong("a sample has no id.", "Check that the log is whole.")
        fields = _fields(sample, first)
        if not fields["error"] and "score" not in fields:
            raise content.wrong(
                f"sample {fields['id']} has no score.", "Score all of them: inspect score LOG"
            )
        yield fields


def _header(content: Content) -> str:
    names = content.archive.namelist() if content.archive else []
    if _HEADERS[0] not in names:
        raise content.wrong("the run did not finish.", "Let it finish, or retry it.")
    return _HEADERS[0]


def _samples(content: Content) -> Iterator[Any]:
    assert content.archive is not None  # noqa: S101 - asked for only then
    names = content.archive.namelist()
    whole = [name for name in names if _SAMPLE.fullmatch(name)]
    if not whole and any(name.startswith("samples/") for name in names):
        raise content.wrong(
            "its samples are stored in pieces.", "Convert it: inspect log convert --to json"
        )
    for name in dict.fromkeys(whole):  # of a sample that was logged twice the last one counts
        yield _member(content, name)


def _member(content: Content, name: str) -> Any:
    assert content.archive is not None  # noqa: S101 - asked for only then
    try:
        found = parse_json(member_of(content.archive, name))
    except NotImplementedError as error:  # a compression that this Python does not know
        raise content.wrong(
            f"{name} is compressed in a way that cannot be read here.",
            "Convert it: inspect log convert --to json",
        ) from error
    except _DAMAGES as error:
        raise content.wrong(
            f"{name} is damaged: {error}.", "Copy it again from where it was written."
        ) from error
    if not isinstance(found, dict):
        raise content.wrong(f"{name} is no object.", "Check that the log is whole.")
    return found


def _first_score(header: dict[str, Any]) -> tuple[str, str]:
    """What the results list first: its scorer, and which of the scorer's values it is."""
    results = header.get("results")
    scores = results.get("scores") if isinstance(results, dict) else None
    first = scores[0] if isinstance(scores, list) and scores else None
    said = first if isinstance(first, dict) else {}
    value = str(said.get("name"))
    return str(said.get("scorer", value)), value


def _fields(sample: dict[str, Any], first: tuple[str, str]) -> dict[str, Any]:
    given = sample.get("scores")
    scores = given if isinstance(given, dict) else {}
    scorer, value_of = first
    score = scores.get(scorer) if scorer in scores else next(iter(scores.values()), None)
    score = score if isinstance(score, dict) else {}
    value = score.get("value")
    if isinstance(value, dict):
        value = value.get(value_of)
    epoch = sample.get("epoch", 1)
    name = str(sample["id"])
    seconds = sample.get("total_time")
    return {
        "id": name if epoch == 1 else f"{name}/{epoch}",
        "error": bool(sample.get("error")),
        **_grade(value),
        "latency_ms": float(seconds) * 1000 if _is_number(seconds) else None,
        "tokens": _tokens(sample.get("model_usage")),
        "input": _attached(sample, _asked(sample.get("input"))),
        "expected": _attached(sample, sample.get("target")),
        "output": _attached(sample, _answer(sample.get("output"))),
    } | labelled(score.get("metadata"), sample.get("metadata"))


def _grade(value: Any) -> dict[str, Any]:
    """Whether it passed, and the score."""
    if isinstance(value, bool):
        return {"passed": value, "score": float(value)}
    if isinstance(value, str) and value in _GRADES:
        return {"passed": value == "C", "score": _GRADES[value]}
    if _is_number(value):
        return {"passed": bool(value) if value in {0, 1} else None, "score": value}
    return {}


def _tokens(usage: Any) -> int | None:
    if not isinstance(usage, dict):
        return None
    totals = [each.get("total_tokens") for each in usage.values() if isinstance(each, dict)]
    known = [total for total in totals if isinstance(total, int)]
    return sum(known) if known else None


def _asked(given: Any) -> Any:
    """A question; its messages without the ids, which are others in every run."""
    if not isinstance(given, list):
        return given
    return [
        {name: value for name, value in each.items() if name != "id"}
        if isinstance(each, dict)
        else each
        for each in given
    ]


def _answer(output: Any) -> Any:
    choices = output.get("choices") if isinstance(output, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message.get("content") if isinstance(message, dict) else None


def _attached(sample: dict[str, Any], value: Any) -> str | None:
    """A text, looked up where the log keeps long ones aside."""
    text, aside = as_text(value), sample.get("attachments")
    if text and text.startswith(_ATTACHED) and isinstance(aside, dict):
        return as_text(aside.get(text.removeprefix(_ATTACHED)))
    return text


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
