"""What an audit asks: columns, what counts as positive, which rows, and against whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from ledger.clock import write_time
from ledger.errors import InvalidInput

BEST = "best"
LARGEST = "largest"
BINARY = "binary"
MULTICLASS = "multiclass"

_TIME = "CAST(time AS TIMESTAMPTZ)"
_VERSION = "model_version"


@dataclass(frozen=True)
class FairnessRequest:
    """What to audit: columns of the files, what counts as positive, and a row filter.

    `label` is what turned out to be true (None: only selection rates are measured), `prediction`
    what was decided, `by` the sensitive columns, `where` an SQL condition on a row.

    `outcome` is `binary` (a value is `positive`, or with a `cutoff` a number from it on) or
    `multiclass` (every value is a class, each measured against the rest). `weight` is a column
    that says how much a row counts. Within each stratum of the `control` columns groups are
    compared once more. `reference` is whom groups are held against: `best` (the highest selection
    rate), `largest` (the most rows) or `column=group`, several joined by commas.
    """

    prediction: str
    by: tuple[str, ...]
    label: str | None = None
    positive: str = "1"
    where: str | None = None
    outcome: str = BINARY
    cutoff: str | None = None
    weight: str | None = None
    control: tuple[str, ...] = ()
    reference: str = BEST

    def check(self) -> None:
        """Raise InvalidInput for what contradicts itself, whatever the files hold."""
        columns = (*self.by, *self.control)
        if not self.by or len(set(columns)) != len(columns) or "" in columns:
            raise InvalidInput(
                "An audit needs one or more different columns to group by.",
                "Name them with --by, and others with --control.",
            )
        if self.outcome not in {BINARY, MULTICLASS}:
            raise InvalidInput(
                f"Counts cannot measure an outcome of {self.outcome!r}.",
                f"Say {BINARY} or {MULTICLASS}.",
            )
        if self.cutoff is not None and (self.outcome != BINARY or not _is_number(self.cutoff)):
            raise InvalidInput(
                f"The cut-off {self.cutoff!r} does not turn predictions into yes and no.",
                "Give one number, such as 0.5, with a binary outcome.",
            )
        self.references()

    def references(self) -> Mapping[str, str]:
        """Group by column, where `reference` names groups. InvalidInput for other columns."""
        if self.reference in {BEST, LARGEST}:
            return {}
        pairs = [part.partition("=") for part in self.reference.split(",")]
        named = {column.strip(): group.strip() for column, _, group in pairs}
        if not all(named.values()) or not named.keys() <= set(self.by):
            raise InvalidInput(
                f"The reference {self.reference!r} names no groups of {', '.join(self.by)}.",
                f"Say {BEST}, {LARGEST}, or a group by its column: {self.by[0]}=GROUP.",
            )
        return named

    def options(self) -> dict[str, str]:
        """What was asked beyond columns and filter, by name, as an entry keeps it."""
        asked = {
            "cutoff": self.cutoff or "",
            "weight": self.weight or "",
            "control": ",".join(self.control),
            "reference": "" if self.reference == BEST else self.reference,
        }
        return {name: value for name, value in asked.items() if value}


def narrowed(
    where: str | None,
    since: datetime | None = None,
    until: datetime | None = None,
    version: str | None = None,
) -> str | None:
    """Return one condition for a filter, a time span and a model version; None for all rows.

    The span is over the column `time`, from `since` on and before `until`; the version is in the
    column `model_version`. The condition alone says which rows: it can be given as a filter again.
    """
    more = [
        *([f"{_TIME} >= TIMESTAMPTZ '{write_time(since)}'"] if since else []),
        *([f"{_TIME} < TIMESTAMPTZ '{write_time(until)}'"] if until else []),
        *([f"{_VERSION} = '{version.replace(chr(39), chr(39) * 2)}'"] if version else []),
    ]
    if not more:
        return where
    # The line break ends a comment in what was given, so that it hides nothing after it.
    given = [f"({where}\n)" if "--" in where else f"({where})"] if where else []
    return " AND ".join([*given, *more])


def _is_number(text: str) -> bool:
    plain = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    return plain is not None and isfinite(float(text))
