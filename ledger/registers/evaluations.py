"""Evaluations before deployment: what a model version was tested with, and what came out."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Entry, canonical
from ledger.errors import Refused
from ledger.registers import models
from ledger.registers.body import BodyModel, Count, Decimal, Digest, Line, subject_name
from ledger.registers.models import Level
from ledger.registers.rows import Row, Rows

Suite = Literal[
    "functional",
    "accuracy",
    "robustness",
    "adversarial",
    "bias",
    "load",
    "regression",
    "security",
]
Verdict = Literal["pass", "fail", "inconclusive"]
Against = Literal["production", "previous", "golden", "baseline"]


class SuiteFile(BodyModel):
    """A file of results: its name without folders, its format, its SHA-256."""

    name: Line
    format: Line
    sha256: Digest


class Measured(BodyModel):
    """A measure of a suite (or of all cases) with its 95 % interval, its limit and its verdict.

    `low`, `high` and `value` are null where they are undefined, `limit` where nothing is judged.
    """

    scope: Line
    measure: Line
    n: Count
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    limit: Decimal | None
    verdict: Verdict | None


class FailureCount(BodyModel):
    """How many cases failed in one way."""

    failure: Line
    n: Count


class Comparison(BodyModel):
    """The same cases held against another evaluation (empty: a file), pair by pair.

    `broken` passed there and fail here, `fixed` the other way round; `p_value` is McNemar's.
    """

    against: Against
    evaluation: str
    pairs: Count
    broken: Count
    fixed: Count
    p_value: Decimal | None
    verdict: Verdict


class CompletedEvaluation(BodyModel):
    """An evaluation: of which version, by which test cases and thresholds, with which results.

    `suite` is the SHA-256 of the test cases without any answer: the same for every version that was
    asked the same. `result` (JSON) and `cases` (JSON lines) are SHA-256 of files in evidence; of
    the texts of the cases they hold digests, unless `texts_kept`.
    """

    model: Line
    version: Line
    prompt_versions: list[Line]
    risk_level: Level
    minimum_cases: Count
    files: list[SuiteFile]
    suite: Digest
    suites: list[Suite]
    n: Count
    passed: Count
    errors: Count
    measures: list[Measured]
    failures: list[FailureCount]
    comparisons: list[Comparison]
    thresholds: Digest
    golden: bool
    texts_kept: bool
    verdict: Verdict
    result: Digest
    cases: Digest


class EvaluationRow(Row, table=True):
    """An evaluation; lists are JSON."""

    __tablename__ = "evaluation"
    evaluation: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    model: str
    version: str
    prompt_versions: str
    risk_level: str
    minimum_cases: int = Field(sa_type=BigInteger)
    files: str = Field(sa_type=Text)
    suite: str
    suites: str
    n: int = Field(sa_type=BigInteger)
    passed: int = Field(sa_type=BigInteger)
    errors: int = Field(sa_type=BigInteger)
    measures: str = Field(sa_type=Text)
    failures: str = Field(sa_type=Text)
    comparisons: str = Field(sa_type=Text)
    thresholds: str
    golden: bool
    texts_kept: bool
    verdict: str
    result: str
    cases: str
    time: str
    actor: str


def completed(rows: Rows, entry: Entry, body: CompletedEvaluation) -> None:
    """Project `evaluation.completed`."""
    evaluation = subject_name(entry.subject)
    require_version(rows, body.model, body.version)
    if rows.get(EvaluationRow, evaluation) is not None:
        raise Refused(f"{evaluation} exists already.", "Run it again; it will get a new id.")
    lists = ("prompt_versions", "files", "suites", "measures", "failures", "comparisons")
    fields = body.model_dump()
    as_text = {name: canonical(fields.pop(name)).decode() for name in lists}
    rows.put(
        EvaluationRow(
            seq=entry.seq,
            evaluation=evaluation,
            time=entry.time,
            actor=entry.actor,
            **fields,
            **as_text,
        )
    )


def require_version(rows: Rows, model: str, version: str) -> None:
    """Refused unless the model is registered and has had this version."""
    models.known(rows, model)
    if rows.get(models.VersionRow, model, version) is None:
        had = ", ".join(row.version for row in rows.where(models.VersionRow, model=model))
        raise Refused(
            f"{model} has no version {version}; it has had {had}.",
            f"Register it first: quaestor model version {model} {version}",
        )


def known(rows: Rows, evaluation: str) -> EvaluationRow:
    """An evaluation. Refused when unknown."""
    row = rows.get(EvaluationRow, evaluation)
    if row is None:
        raise Refused(f"There is no evaluation {evaluation}.", "See: quaestor audit list")
    return row


def next_evaluation(rows: Rows) -> str:
    """The id of the next evaluation."""
    return f"ev-{rows.count(EvaluationRow) + 1}"


def golden_of(rows: Rows, model: str) -> EvaluationRow | None:
    """The golden baseline of a model: the latest evaluation that was marked so."""
    return _latest([row for row in rows.where(EvaluationRow, model=model) if row.golden])


def latest_of(rows: Rows, model: str, version: str) -> EvaluationRow | None:
    """The latest evaluation of a version."""
    return _latest(rows.where(EvaluationRow, model=model, version=version))


def _latest(found: list[EvaluationRow]) -> EvaluationRow | None:
    return max(found, key=lambda row: row.seq, default=None)
