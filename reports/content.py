"""Everything that a model report shows, as plain data: the wall between the ledger and the page.

Whoever fills these in reads them from the record; nothing here, and nothing that draws them,
computes a measure. Times carry a zone. Proportions lie between 0 and 1; an undefined one is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reports.content_held import DataUse, FindingShown, LogShown
from reports.content_measured import Drift, EvaluationShown
from reports.verdicts import Interval, Verdict


@dataclass(frozen=True)
class Model:
    """The model as it is registered at the moment of issue."""

    id: str
    name: str
    owner: str
    owner_name: str
    status: str
    version: str
    switch: str
    legal_class: str
    legal_reason: str
    materiality: str
    testing_level: str


@dataclass(frozen=True)
class CardSection:
    """One heading of the model card and its text; line breaks are kept."""

    title: str
    text: str


@dataclass(frozen=True)
class Version:
    """One registered version of the model."""

    version: str
    time: datetime
    actor: str
    note: str = ""


@dataclass(frozen=True)
class Disparity:
    """One measure between groups, its 95 % interval, and the bound it was held against."""

    name: str
    value: float | None
    interval: Interval | None = None
    bound: str = ""
    kept: bool | None = None


@dataclass(frozen=True)
class Group:
    """The measures of one group; `by` names the columns that formed it.

    `p_value` is that of its selection rate against the reference group by `test`, `p_holm` the
    same corrected for the number of groups, `difference` that of the rates; `small` groups do not
    decide. `standardized` is the difference of the `mean` of a score or price in standard
    deviations. Which intervals they are the audit says.
    """

    by: str
    group: str
    n: int
    selection_rate: float | None
    selection_rate_ci: Interval | None = None
    impact_ratio: float | None = None
    tpr: float | None = None
    fpr: float | None = None
    precision: float | None = None
    accuracy: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    small: bool = False
    impact_ratio_ci: Interval | None = None
    test: str = ""
    tpr_ci: Interval | None = None
    fpr_ci: Interval | None = None
    precision_ci: Interval | None = None
    accuracy_ci: Interval | None = None
    difference: float | None = None
    difference_ci: Interval | None = None
    is_reference: bool = False
    mean: float | None = None
    standardized: float | None = None
    standardized_ci: Interval | None = None

    @property
    def labelled(self) -> bool:
        """Whether anything is known of how right its decisions were."""
        return {self.tpr, self.fpr, self.precision, self.accuracy} != {None}


@dataclass(frozen=True)
class Measured:
    """One figure with its 95 % interval; None where undefined."""

    value: float | None
    interval: Interval | None = None


@dataclass(frozen=True)
class ValueGroup:
    """One group of an audit of scores or ratings, in the unit of what was measured.

    `percentiles` are the 5th, 25th, 50th, 75th and 95th; `curve` pairs expected and observed
    shares of the bins that hold rows. Both are empty where they do not apply.
    """

    by: str
    group: str
    n: int
    measures: Mapping[str, Measured]
    percentiles: tuple[float, ...] = ()
    curve: tuple[tuple[float, float], ...] = ()
    small: bool = False


@dataclass(frozen=True)
class Audit:
    """One fairness audit. `standing` says what became of it, such as "superseded by A-7".

    Decisions have `groups`, scores and ratings `values`; `title` is that of the rule that asked.
    `intervals` and `significance` say how they were computed, `checked_with` what computed the
    rates a second time (empty: nothing), `elsewhere` how many other fairness audits of the model
    chose their rows by another filter. `asked` is what else was asked and stated, by name;
    `caveats` are what the rule does not say.
    """

    audit_id: str
    time: datetime
    actor: str
    filter: str
    label: str | None
    prediction: str
    by: tuple[str, ...]
    n: int
    seed: str
    data_digest: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    disparities: tuple[Disparity, ...] = ()
    groups: tuple[Group, ...] = ()
    standing: str = ""
    values: tuple[ValueGroup, ...] = ()
    title: str = ""
    thresholds: tuple[str, ...] = ()
    intervals: str = ""
    significance: str = ""
    checked_with: str = ""
    elsewhere: int = 0
    asked: tuple[tuple[str, str], ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deadline:
    """One clock of an incident: what was due when, when it was done, whether that was in time."""

    name: str
    due: datetime
    done: datetime | None
    met: bool | None


@dataclass(frozen=True)
class Incident:
    """One incident with its moments; None for what has not happened."""

    id: str
    severity: str
    title: str
    opened: datetime
    detected: datetime | None = None
    aware: datetime | None = None
    acknowledged: datetime | None = None
    resolved: datetime | None = None
    closed: datetime | None = None
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True)
class SwitchChange:
    """One throw of the model's switch."""

    time: datetime
    actor: str
    state: str
    reason: str


@dataclass(frozen=True)
class Person:
    """An actor named in the report: roles, who enrolled it, and its key's fingerprint."""

    actor: str
    roles: tuple[str, ...]
    enrolled_by: str
    fingerprint: str


@dataclass(frozen=True)
class Record:
    """The ledger that the report was read from, at the moment it was read.

    `root` is hex, `checkpoint` the text of the signed note, `ca_fingerprint` as entry 0 holds it.
    """

    ledger_id: str
    origin: str
    size: int
    root: str
    checkpoint: str
    ca_fingerprint: str


@dataclass(frozen=True)
class Issuer:
    """Who signs the report.

    `authority` is the PEM of the certificate that readers must trust: the report CA's, or the
    top of the organisation's own chain.
    """

    actor: str
    name: str
    organisation: str
    authority: bytes


@dataclass(frozen=True)
class ModelReport:
    """A whole model report.

    `audits` (of fairness), `drifts` and `evaluations` are all of the period, oldest first,
    `findings` those that were open in it; `training` and `logs` are all that there are.
    """

    report_id: str
    issued_at: datetime
    period: tuple[datetime, datetime]
    issuer: Issuer
    model: Model
    record: Record
    card: tuple[CardSection, ...] = ()
    versions: tuple[Version, ...] = ()
    audits: tuple[Audit, ...] = ()
    drifts: tuple[Drift, ...] = ()
    evaluations: tuple[EvaluationShown, ...] = ()
    findings: tuple[FindingShown, ...] = ()
    training: tuple[DataUse, ...] = ()
    logs: tuple[LogShown, ...] = ()
    incidents: tuple[Incident, ...] = ()
    switches: tuple[SwitchChange, ...] = ()
    people: tuple[Person, ...] = ()
    evidence: bytes = field(default=b"{}", repr=False)
    demo: bool = False

    @property
    def latest_audit(self) -> Audit | None:
        """The audit on which the cover's verdict rests; None if the period had none."""
        return self.audits[-1] if self.audits else None
