"""Logs of any format, sealed and read back: what the tests of the formats look at."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import yaml

import sample_data
from ledger.evidence import Evidence
from ledger.logs.checking import check_sealed
from ledger.logs.formats import FORMATS, completed
from ledger.logs.mapping import ColumnMap
from ledger.logs.protecting import Safeguards
from ledger.logs.rules import UNDECIDED, RedactionRules
from ledger.logs.sealing import seal

DATA = Path(__file__).parent / "data"
SAMPLES = Path(sample_data.__file__).parent / "logs"
NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Sealed:
    """A sealed log as it was read back: mapped columns and record of each row, reasons of bad."""

    rows: list[dict[str, Any]]
    records: list[str]
    bad: list[str]
    redactions: dict[str, int]

    def column(self, name: str) -> list[Any]:
        """Values of a mapped column."""
        return [row[name] for row in self.rows]


def sealed(folder: Path, name: str, *paths: Path, rule: Mapping[str, Any] = NONE) -> Sealed:
    """Seal files as the format called `name`, conversations whole, as a policy may say.

    What was sealed must pass verification, and be mapped alike where conversations are summed up.
    """
    mapping = completed(FORMATS[name], rule)
    log = _sealed(folder, paths, mapping, UNDECIDED.keeping())
    summed_up = _sealed(folder, paths, mapping, UNDECIDED)
    said = ["comment"] * (name in {"langfuse-scores", "langfuse-api-scores"})  # by somebody
    assert [_without(row, said) for row in summed_up.rows] == [
        _without(row, said) for row in log.rows
    ]
    assert summed_up.bad == log.bad
    assert {**summed_up.redactions, "conversation": 0} == {**log.redactions, "conversation": 0}
    return log


def summed_up(folder: Path, name: str, *paths: Path, rule: Mapping[str, Any] = NONE) -> list[str]:
    """The records of files sealed under no policy, of whose conversations nothing is kept whole."""
    log = _sealed(folder, paths, completed(FORMATS[name], rule), UNDECIDED)
    assert log.bad == []
    return log.records


def _without(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _sealed(
    folder: Path, paths: Sequence[Path], mapping: ColumnMap, rules: RedactionRules
) -> Sealed:
    home = folder / "evidence"
    home.mkdir(exist_ok=True)
    evidence = Evidence(home)
    safe = Safeguards(rules)
    log = seal(paths, mapping, evidence, bytes.hex, lambda _done, _all: None, safeguards=safe)
    path = home / f"{log.file_digest}.parquet"
    assert check_sealed(path, log, mapping) == []
    rows = pq.read_table(path).to_pylist()
    bad = evidence.read(log.quarantine_digest, "jsonl") if log.quarantine_digest else b""
    return Sealed(
        rows=rows,
        records=[row.pop("record") for row in rows],
        bad=[orjson.loads(line)["reason"] for line in bad.splitlines()],
        redactions=log.redactions,
    )


def written(folder: Path, name: str, records: Sequence[object]) -> Path:
    """Write records as JSON Lines; text is written as it is."""
    path = folder / name
    lines = (line if isinstance(line, str) else json.dumps(line) for line in records)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def rule(name: str) -> dict[str, Any]:
    """The mapping rule of a sample log."""
    read: dict[str, Any] = yaml.safe_load((SAMPLES / f"{name}.map.yaml").read_text())
    return read


def utc(text: str) -> dt.datetime:
    """A time in UTC, given as ISO 8601 without a zone."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def leaves(text: str | bytes) -> Counter[object]:
    """Every value of a JSON text that holds no others, with every digit of its numbers."""
    document = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return Counter((type(leaf).__name__, str(leaf)) for leaf in _leaves(document))


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value
