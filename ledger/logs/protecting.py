"""What turns records as they came into records that may be kept.

This is the one place that records pass before anything of them is hashed or written: fields that
the map or the policy singles out first, then whatever is recognised by its class.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ledger.logs.batches import texts
from ledger.logs.engine import offer
from ledger.logs.fields import Fields, Shape, counted
from ledger.logs.mapping import ColumnMap
from ledger.logs.people import People
from ledger.logs.pseudonyms import Pseudonyms
from ledger.logs.redaction import redact_at
from ledger.logs.rules import UNDECIDED, RedactionRules
from ledger.logs.screens import hits
from ledger.logs.taking import BROUGHT, taken_columns, taking
from ledger.subjects import KEY


@dataclass(frozen=True)
class Safeguards:
    """Policy and keys of one import. By default no policy was adopted, and the keys are lost."""

    rules: RedactionRules = UNDECIDED
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(os.urandom(KEY)))
    people: People = field(default_factory=lambda: People("", os.urandom(KEY), ()))
    import_key: str = ""


@dataclass(frozen=True, slots=True)
class Protected:
    """Records that may be kept; what was replaced in each, by class, and what in its fields.

    `refused` says by row why a record may not be kept at all.
    """

    records: pa.Array
    found: dict[int, Counter[str]]
    shapes: Sequence[Shape]
    refused: dict[int, str] = field(default_factory=dict)

    def counts(self, without: Collection[int]) -> Counter[str]:
        """What was replaced by class, save in some of the rows."""
        total = counted(Counter(self.shapes))
        if self.shapes:
            total.subtract(counted(Counter(self.shapes[row] for row in without)))
        for row, counts in self.found.items():
            if row not in without:
                total.update(counts)
        return total


class Protection:
    """Protects batch after batch of one import."""

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        mapping: ColumnMap,
        safeguards: Safeguards | None = None,
    ) -> None:
        safe = safeguards or Safeguards()
        self._engine = engine
        self._classes = safe.rules.removed
        self._fields = Fields(mapping, safe.rules, safe.pseudonyms, safe.people, safe.import_key)
        conversations = self._fields.conversations
        columns = taken_columns(mapping, conversations)
        self._taking = taking(columns, conversations, "batch") if columns else None

    @property
    def takes(self) -> bool:
        """Whether it takes texts out of conversations, and keeps them in the record."""
        return self._taking is not None

    def apply(self, records: pa.Array) -> Protected:
        """Protect records (strings); the outcome is offered to SQL as the relation `batch`.

        What was found in a conversation counts although nothing of it is kept. Raises
        msgspec.DecodeError or duckdb.Error if one is no record.
        """
        shapes: Sequence[Shape] = ()
        before: dict[int, Counter[str]] = {}
        refused: dict[int, str] = {}
        if self._fields.any:
            raw = records.cast(pa.binary()).to_pylist()
            taken = None
            if self._taking is not None:
                _, before = self._redacted(texts(self._fields.whole(raw)))
                table = self._engine.execute(*self._taking).to_arrow_table()
                taken = table.column("taken").to_pylist()
                brought = pc.indices_nonzero(table.column("brought")).to_pylist()
                refused = dict.fromkeys(brought, BROUGHT)
            rewritten, shapes = self._fields.rewrite(raw, taken)
            records = texts(rewritten)
        records, found = self._redacted(records)
        for row, counts in before.items():
            found[row] = found.get(row, Counter()) | counts
        return Protected(records, found, shapes, refused)

    def _redacted(self, records: pa.Array) -> tuple[pa.Array, dict[int, Counter[str]]]:
        """Records without what is recognised by its class, offered to SQL; what that was, by row.

        A record that was looked at is among them, even if nothing was replaced.
        """
        offer(self._engine, records)
        found: dict[int, Counter[str]] = {}
        changed: list[bytes] = []
        for hit in hits(self._engine, self._classes):
            counts: Counter[str] = Counter()
            changed.append(redact_at(records[hit.row].as_py(), hit, counts).encode())
            found[hit.row] = counts
        if found:
            hit_rows = pa.array(found.keys(), pa.int64())
            mask = pc.is_in(pa.array(range(len(records)), pa.int64()), value_set=hit_rows)
            records = pc.replace_with_mask(records, mask, texts(changed))
            offer(self._engine, records)
        return records, found
