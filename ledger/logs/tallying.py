"""What an entry states of a sealed log's columns, counted table by table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from ledger.logs.mapping import ColumnMap, Type

TIME = "time"  # the mapped column whose bounds a sealed log states
GUARDRAIL = "guardrail"  # the mapped column whose values it counts,
MOST_OUTCOMES = 50  # up to so many different ones
OTHER = "other"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tally:
    """Counts what is missing of the `wanted` columns, outcomes of guardrails, and bounds of time.

    `first` and `last` are None where the column `time` is no timestamp or is empty.
    """

    def __init__(self, mapping: ColumnMap, wanted: Sequence[str]) -> None:
        self._timed = TIME in mapping.columns and mapping.columns[TIME].type is Type.TIMESTAMP
        self.missing = dict.fromkeys(wanted, 0)
        self.guardrails: Counter[str] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None

    def add(self, table: pa.Table) -> None:
        """Count rows as they are sealed."""
        for name in self.missing:
            known = name in table.schema.names
            self.missing[name] += table.column(name).null_count if known else table.num_rows
        if GUARDRAIL in table.schema.names:
            for outcome in pc.value_counts(table.column(GUARDRAIL).cast(pa.string())).to_pylist():
                if outcome["values"] is not None:
                    self._add_outcome(outcome["values"], outcome["counts"])
        if self._timed:
            bounds = pc.min_max(table.column(TIME))
            low, high = (_moment(bounds[bound].value) for bound in ("min", "max"))
            self.first = min(filter(None, (self.first, low)), default=None)
            self.last = max(filter(None, (self.last, high)), default=None)

    def _add_outcome(self, outcome: str, count: int) -> None:
        name = "".join(sign if sign.isprintable() else " " for sign in outcome[:300])
        fits = name in self.guardrails or len(self.guardrails) < MOST_OUTCOMES
        self.guardrails[name if fits else OTHER] += count


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
