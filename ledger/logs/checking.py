"""Verification of a sealed log against what its entry states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.evidence import digest_file
from ledger.logs.deriving import rederive
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.merkle import Frontier, leaf_hash

_ROWS = 50_000


@dataclass(frozen=True)
class SealFacts:
    """What an entry states of a sealed log; digests and root in lower-case hex."""

    file_digest: str
    rows: int
    root: str
    map_digest: str


def check_sealed(path: Path, facts: SealFacts, mapping: ColumnMap) -> list[str]:
    """Hold a sealed log against what its entry states; return the problems, none if it is sound.

    In this order, since each step rests on the one before: the file's digest, the tree over its
    rows, the statistics in its footer, the mapped columns derived anew.
    """
    if not path.is_file():
        return [f"{path.name} is missing"]
    if digest_file(path) != facts.file_digest:
        return [f"{path.name}: its bytes are not those that were sealed"]
    if mapping.digest() != facts.map_digest:
        return [f"{path.name}: the column map is not the one it was sealed with"]
    problems = []
    try:
        tree = Frontier()
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for part in file.iter_batches(_ROWS, columns=[RECORD]):
                tree.extend(map(leaf_hash, record_bytes(part.column(0))))
            problems += _misleading(file)
        if tree.size != facts.rows:
            problems.append(f"it holds {tree.size} rows, not {facts.rows}")
        elif tree.root().hex() != facts.root:
            problems.append("the tree over its rows has another root")
        problems += rederive(path, mapping)
    except (pa.ArrowException, duckdb.Error, OSError, KeyError) as error:
        problems.append(f"it cannot be read: {str(error).splitlines()[0]}")
    return [f"{path.name}: {problem}" for problem in problems]


def _misleading(file: pq.ParquetFile) -> list[str]:
    """Columns whose statistics would make a filter pass over rows, in engines that trust them."""
    misleading: dict[str, None] = {}
    for group in range(file.num_row_groups):
        stated = file.metadata.row_group(group)
        for place, name in enumerate(file.schema_arrow.names):
            statistics = stated.column(place).statistics
            if statistics is None:
                continue
            values = file.read_row_group(group, columns=[name]).column(0)
            bounds = pc.min_max(values).as_py()
            low, high = bounds["min"], bounds["max"]
            covered = low is None or not statistics.has_min_max
            covered = covered or (statistics.min <= low and high <= statistics.max)
            nulls = statistics.null_count if statistics.has_null_count else values.null_count
            if not covered or nulls != values.null_count:
                misleading[name] = None
    return [f"the statistics of column {name} are not those of its values" for name in misleading]


def record_bytes(texts: pa.Array | pa.ChunkedArray) -> list[bytes]:
    """UTF-8 bytes of each record: the data of its leaf."""
    return cast(list[bytes], texts.cast(pa.binary()).to_pylist())
