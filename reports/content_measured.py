"""What a model report shows of drift audits and evaluations, as plain data.

As in `reports.content`, every figure was entered or kept; None is an undefined one. `standing` says
what became of it later, `thresholds` what it was held against, in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reports.verdicts import Verdict

OpenInterval = tuple[float | None, float | None]
"""An interval of which either end may be undefined."""


@dataclass(frozen=True)
class MovedCell:
    """A bin or category: its rows on both sides, the change of its share, its part of the PSI."""

    cell: str
    reference: int
    current: int
    change: float
    psi: float


@dataclass(frozen=True)
class DriftColumn:
    """How far one column moved; `moved` are the cells that did most of it, if it did not pass."""

    column: str
    role: str
    psi: float | None
    ks: float | None
    jensen_shannon: float | None
    verdict: Verdict
    moved: tuple[MovedCell, ...] = ()


@dataclass(frozen=True)
class DriftSide:
    """Rows that were compared: what they are called, how many they are, their digest."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True)
class Drift:
    """One drift audit. `columns` are those that moved most, `omitted` how many more there are.

    `schema` says in words which columns came, went or changed, `elsewhere` how many other drift
    audits of the model chose their rows by another filter.
    """

    audit_id: str
    time: datetime
    actor: str
    verdict: Verdict
    reference: DriftSide
    current: DriftSide
    filter: str
    thresholds: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    columns: tuple[DriftColumn, ...] = ()
    omitted: int = 0
    schema: tuple[str, ...] = ()
    binning: str = ""
    standing: str = ""
    elsewhere: int = 0


@dataclass(frozen=True)
class SuiteCount:
    """The cases of one suite."""

    suite: str
    n: int
    passed: int
    failed: int
    errors: int


@dataclass(frozen=True)
class MeasureShown:
    """One measure of one suite, or of all cases; shares from 0 to 1, times in milliseconds."""

    scope: str
    measure: str
    n: int
    value: float | None
    interval: OpenInterval | None
    limit: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True)
class SubgroupShown:
    """The share answered rightly in one group of cases, and its difference from the reference."""

    group: str
    n: int
    accuracy: float | None
    difference: float | None
    interval: OpenInterval | None
    p_holm: float | None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class FailureShown:
    """How many cases failed in one way, and their share of all that failed."""

    failure: str
    n: int
    share: float


@dataclass(frozen=True)
class ComparisonShown:
    """The same cases answered by another version, pair by pair; `p_value` is McNemar's, exact."""

    against: str
    name: str
    pairs: int
    broken: int
    fixed: int
    p_value: float | None
    verdict: Verdict


@dataclass(frozen=True)
class EvaluationShown:
    """One evaluation of a version of the model."""

    evaluation_id: str
    version: str
    time: datetime
    actor: str
    verdict: Verdict
    n: int
    passed: int
    errors: int
    golden: bool
    risk_level: str
    minimum_cases: int
    suite_digest: str
    files: tuple[str, ...]
    prompt_versions: tuple[str, ...]
    thresholds: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    suites: tuple[SuiteCount, ...] = ()
    measures: tuple[MeasureShown, ...] = ()
    subgroups: tuple[SubgroupShown, ...] = ()
    failures: tuple[FailureShown, ...] = ()
    comparisons: tuple[ComparisonShown, ...] = ()
    standing: str = ""
