"""What an import would do, shown on a few records and without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ledger.clock import write_time
from ledger.logs.deriving import derivation
from ledger.logs.engine import analysis
from ledger.logs.mapping import ColumnMap
from ledger.logs.protecting import Protection, Safeguards
from ledger.logs.reading import read, unfolded, unfolding
from ledger.logs.recognising import Recognised
from ledger.logs.rules import UNDECIDED, RedactionRules
from ledger.logs.surveying import unmarked

SHOWN = 5


@dataclass(frozen=True)
class Example:
    """One record: as it is, as it would be kept, its mapped columns, or why it would be bad."""

    line: int
    before: str
    after: str
    columns: dict[str, Any]
    problem: str | None


@dataclass(frozen=True)
class Explained:
    """What one file is taken for and how its first records would be mapped.

    `unmapped` names the wanted columns that the map does not have, `empty` those that it has and
    that hold nothing in the records shown; `bad` are line and reason of rows that are no records;
    `unmarked` are sources of personal data that the map leaves as they are.
    """

    file: str
    container: str
    compression: str
    format: str
    title: str
    because: str
    examples: list[Example]
    unmapped: list[str]
    empty: list[str]
    bad: list[tuple[int, str]]
    unmarked: list[str]

    def as_json(self) -> dict[str, Any]:
        """One item of `logs import --explain --json`."""
        return asdict(self)


def explain(
    found: Recognised,
    beside: Sequence[Recognised],
    mapping: ColumnMap,
    wanted: Sequence[str],
    *,
    shown: int = SHOWN,
    rules: RedactionRules = UNDECIDED,
) -> Explained:
    """Map the first `shown` records of a file; `beside` are all files of its import.

    They are redacted as `rules` say; pseudonyms and ciphertexts are of keys that nobody has.

    Raises InvalidInput if the file cannot be read.
    """
    form = found.format
    unfold = unfolding(form, [other.log for other in beside], None)
    batches = unfolded(read(found.log, found.container), unfold)
    batch = next((batch for batch in batches if len(batch.records) or batch.bad), None)
    examples: list[Example] = []
    if batch is not None and len(batch.records):
        first = batch.records.slice(0, shown)
        with analysis() as engine:
            protection = Protection(engine, mapping, Safeguards(rules))
            kept = protection.apply(first)
            sql, parameters = derivation(mapping, "batch", as_it_came=not protection.takes)
            rows = engine.execute(f"{sql} ORDER BY row", parameters).to_arrow_table().to_pylist()
        for number, row in enumerate(rows):
            columns = {name: _plain(row[f"={name}"]) for name in mapping.columns}
            before, after = first[number].as_py(), kept.records[number].as_py()
            problem = kept.refused.get(number) or row["problem"]
            examples.append(Example(int(batch.lines[number]), before, after, columns, problem))
    return Explained(
        file=found.log.name,
        container=found.container,
        compression=found.compression,
        format=form.name,
        title=form.title,
        because=found.because,
        examples=examples,
        unmapped=[name for name in wanted if name not in mapping.columns],
        empty=[
            name
            for name in wanted
            if name in mapping.columns and all(one.columns[name] is None for one in examples)
        ],
        bad=[(row.line, row.reason) for row in batch.bad[:SHOWN]] if batch is not None else [],
        unmarked=unmarked([one.before.encode() for one in examples], mapping, form, rules.removed),
    )


def _plain(value: Any) -> Any:
    return write_time(value) if isinstance(value, datetime) else value
