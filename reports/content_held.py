"""What a model report shows of findings, data sets and imported logs, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FindingShown:
    """Something a person must remedy. `state` is open, overdue or closed at the time of issue.

    `resolution` is what was done, empty until it is closed.
    """

    finding: str
    title: str
    severity: str
    state: str
    source: str
    owner: str
    opened: datetime
    due: datetime
    closed: datetime | None = None
    closed_by: str = ""
    outcome: str = ""
    resolution: str = ""


@dataclass(frozen=True)
class DataUse:
    """Contents of a data set that a version of the model was made with, and how.

    `rows` is None where they were not counted.
    """

    model_version: str
    use: str
    dataset: str
    dataset_version: str
    status: str
    rows: int | None
    personal_data: str
    licence: str
    digest: str


@dataclass(frozen=True)
class Tally:
    """How many rows there are of what is called so."""

    name: str
    count: int


@dataclass(frozen=True)
class DroppedShown:
    """When and by whom a log's file was deleted, since when it was due, and why."""

    time: datetime
    actor: str
    due_since: datetime
    reason: str


@dataclass(frozen=True)
class LogShown:
    """A log as it was imported: good rows, bad ones, and when the decisions in it were made.

    `missing` counts by wanted column the rows without it, `redactions` by class what was taken out.
    """

    log: str
    kind: str
    format: str
    time: datetime
    actor: str
    rows: int
    quarantined: int
    first: datetime | None = None
    last: datetime | None = None
    missing: tuple[Tally, ...] = ()
    redactions: tuple[Tally, ...] = ()
    dropped: DroppedShown | None = None
