"""A bias audit beside fairlearn on the same rows, and one of ten million decisions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.timing import Scale, say, stopwatch, table, typical

_PART = 16_384
_SEXES = np.array(["female", "male"])
_BANDS = np.array(["18-29", "30-39", "40-49", "50-59", "60-69", "70+", "unknown"])
_METRICS = ("selection_rate", "tpr", "fpr", "precision", "accuracy")
_SCHEMA = pa.schema(
    [
        ("record", pa.string()),
        ("age_band", pa.string()),
        ("approved", pa.int64()),
        ("repaid", pa.int64()),
        ("sex", pa.string()),
    ]
)

# In a process of its own, so that its memory is the audit's alone.
_ALONE = """
import json, sys, time
from pathlib import Path
start = time.perf_counter()
from benchmarks.timing import peak_megabytes
from ledger.evidence import digest_file
from policies.fairness.audit import audit_fairness
from policies.fairness.request import FairnessRequest
from policies.thresholds import parse_thresholds, shipped_text
file = Path(sys.argv[1])
request = FairnessRequest("approved", ("sex", "age_band"), label="repaid")
thresholds = parse_thresholds(shipped_text()).fairness
result = audit_fairness([file], request, thresholds, digest_file(file), None)
seconds = time.perf_counter() - start
print(json.dumps([seconds, peak_megabytes(), result.n, len(result.tables)]))
"""


def run(scale: Scale) -> None:
    """Measure with `scale.entries` rows against fairlearn, and with ten times as many alone."""
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        file = Path(folder) / "decisions.parquet"
        _write(file, scale.entries)
        _beside_fairlearn(file, scale.entries)
        _write(file, 10 * scale.entries)
        _large(file)


def _beside_fairlearn(file: Path, rows: int) -> None:
    from policies.fairness.bootstrap import DRAWS, drawn
    from policies.fairness.counts import count_rows
    from policies.fairness.measures import rates
    from policies.fairness.request import FairnessRequest
    from policies.fairness.tables import tables

    request = FairnessRequest("approved", ("sex", "age_band"), label="repaid")

    def measured() -> Any:
        counts = count_rows([file], request)
        return rates(tables(counts)[-1].merge(counts.cells))

    def with_draws() -> None:
        counts = count_rows([file], request)
        sample = drawn(counts, 1).through(tables(counts)[-1].merge)
        np.percentile(np.stack([rates(sample.draws)[name] for name in _METRICS]), 2.5, axis=1)

    measured()
    ours, ours_drawn = typical(measured, 5), typical(with_draws, 5)
    frame = pq.read_table(file, columns=["sex", "age_band", "repaid", "approved"]).to_pandas()
    with stopwatch() as lap:
        theirs = _fairlearn(frame)
    found = measured()
    apart = max(np.max(np.abs(theirs[name] - found[name])) for name in _METRICS)
    draws = frame.sample(frac=1.0, replace=True, random_state=1)
    with stopwatch() as drawing:
        _fairlearn(draws)
    theirs_drawn = lap.seconds + drawing.seconds * DRAWS
    table(
        f"{rows:,} decisions, {len(_METRICS)} metrics, 14 groups",
        ("what", "ours, from Parquet", "fairlearn, in memory", "ratio", "wanted"),
        [
            (
                "the metrics",
                f"{ours * 1e3:.0f} ms",
                f"{lap.seconds:.2f} s",
                f"{lap.seconds / ours:,.0f}x",
                ">= 100x",
            ),
            (
                f"with {DRAWS:,} bootstrap draws",
                f"{ours_drawn * 1e3:.0f} ms",
                f"{theirs_drawn:,.0f} s *",
                f"{theirs_drawn / ours_drawn:,.0f}x",
                ">= 1,000x",
            ),
        ],
    )
    say(f"largest difference of the metrics: {apart:.1e}")
    say(f"* extrapolated from one draw of {drawing.seconds:.2f} s, drawing itself not counted")


def _fairlearn(frame: Any) -> dict[str, Any]:
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import (  # type: ignore[import-untyped]
        accuracy_score,
        precision_score,
    )

    functions = (
        selection_rate,
        true_positive_rate,
        false_positive_rate,
        precision_score,
        accuracy_score,
    )
    by_group = MetricFrame(
        metrics=dict(zip(_METRICS, functions, strict=True)),
        y_true=frame["repaid"],
        y_pred=frame["approved"],
        sensitive_features=frame[["sex", "age_band"]],
    ).by_group
    return {name: by_group[name].to_numpy(dtype=np.float64) for name in _METRICS}


def _large(file: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", _ALONE, str(file)], check=True, capture_output=True, text=True
    )
    seconds, megabytes, rows, tables = json.loads(found.stdout)
    table(
        f"A whole audit of {rows:,} decisions: {tables} tables, 1,000 draws, every measure",
        ("what", "measured", "wanted"),
        [
            ("start of Python, digest of the file, audit", f"{seconds:.2f} s", "< 5 s"),
            ("most memory", f"{megabytes:,.0f} MB", "< 1,000 MB"),
        ],
    )


def _write(file: Path, rows: int) -> None:
    """Decisions as a sealed log has them: the record, and mapped columns."""
    chance = np.random.Generator(np.random.PCG64(1))
    dictionaries = _SCHEMA.names[1:]
    with pq.ParquetWriter(file, _SCHEMA, compression="zstd", use_dictionary=dictionaries) as writer:
        for start in range(0, rows, _PART):
            n = min(_PART, rows - start)
            sex, band = chance.integers(0, 2, n), chance.integers(0, 7, n)
            repaid = (chance.random(n) < 0.6).astype(np.int64)  # noqa: PLR2004 - six of ten repay
            approved = (chance.random(n) < 0.5 + 0.1 * repaid - 0.05 * sex).astype(np.int64)
            records = [f'{{"id":{start + i},"note":"decision {i * 7919}"}}' for i in range(n)]
            columns = [records, _BANDS[band], approved, repaid, _SEXES[sex]]
            writer.write_batch(pa.record_batch([pa.array(c) for c in columns], schema=_SCHEMA))
