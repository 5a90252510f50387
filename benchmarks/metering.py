"""Metrics of many decisions, straight from files as sealing writes them.

A hundred million: `python -m benchmarks metering --rows 10000000`, with 5 GB of disk to spare.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import Scale, say, stopwatch, table

_FILES = 10
_DAY = 86_400_000_000

# A record of about 280 bytes, and mapped columns with the words and the spread that logs have.
_ROWS = """
    SELECT
        '{"id":"' || request_id || '","answer":"' || repeat(substr(request_id, 5, 8)
            || ' words of an answer ', 8) || '"}' AS record, *
    FROM (
        SELECT
            round(random(), 3) AS confidence,
            round(random() * 0.01, 6) AS cost,
            round(exp(5 + random() + random() + random()), 3) AS duration_ms,
            random() < 0.03 AS escalated,
            CASE WHEN random() < 0.02 THEN 'blocked' WHEN random() < 0.03 THEN 'masked'
                ELSE 'none' END AS guardrail,
            CASE WHEN random() < 0.3 THEN '2.1.0' ELSE '2.0.4' END AS model_version,
            (random() * 2000)::BIGINT AS output_chars,
            CASE WHEN random() < 0.5 THEN '1.3' ELSE '1.4' END AS prompt_version,
            'req-' || hex(hash(range + $first)) AS request_id,
            CASE WHEN random() < 0.01 THEN 'error' ELSE 'ok' END AS status,
            'task-' || (random() * 8)::INTEGER AS task,
            make_timestamptz(1767225600000000 + $start
                + (range * $step)::BIGINT + (random() * 1e6)::BIGINT) AS "time",
            (200 + random() * 3000)::BIGINT AS tokens_in,
            (random() * 800)::BIGINT AS tokens_out
        FROM range($rows)
    )
"""

# In a process of its own, so that its memory and its start are the measuring's alone.
_ALONE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from benchmarks.timing import peak_megabytes
from policies.metrics.columns import File
from policies.metrics.files import Checked
from policies.metrics.metering import measure_files
from policies.metrics.request import MetricsRequest
by, rows, *paths = json.loads(sys.argv[1])
files = [File(path, "decision", Path(path), path, rows, None, None) for path in paths]
checked = Checked(len(files), 0, 0, len(files), None)
found = measure_files(files, MetricsRequest(window=3600, by=tuple(by)), checked)
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
windows = len(found["windows"])
print(json.dumps([seconds, used.ru_utime + used.ru_stime, peak_megabytes(), windows,
    found["total"]["requests"], found["quantiles"]["method"]]))
"""


def run(scale: Scale) -> None:
    """Measure ten files of `scale.rows` records each, and what it takes to check their digests."""
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        files = [Path(folder) / f"{number}.parquet" for number in range(_FILES)]
        _write(files, scale.rows)
        size = sum(file.stat().st_size for file in files)
        say(f"{_FILES} files of {scale.rows:,} decisions, {size / 1e9:.1f} GB with their records")
        rows = [_measured(files, scale.rows, by) for by in ((), ("model_version",))]
        table(
            f"Metrics of {_FILES * scale.rows:,} decisions in windows of an hour",
            ("what", "wall", "processor time", "most memory", "quantiles", "wanted"),
            rows,
        )
        _checking(files, size)


def _measured(files: list[Path], rows: int, by: tuple[str, ...]) -> tuple[str, ...]:
    asked = json.dumps([by, rows, *map(str, files)])
    found = subprocess.run(
        [sys.executable, "-c", _ALONE, asked], check=True, capture_output=True, text=True
    )
    wall, processor, megabytes, windows, requests, method = json.loads(found.stdout)
    if requests != rows * len(files):
        raise AssertionError(f"{requests:,} of {rows * len(files):,} decisions were measured")
    return (
        f"{windows} cells, {'by ' + ', '.join(by) if by else 'all together'}",
        f"{wall:.2f} s",
        f"{processor:.2f} s",
        f"{megabytes:,.0f} MB",
        method,
        "< 10 s for 100,000,000",
    )


def _checking(files: list[Path], size: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from ledger.evidence import digest_file

    with stopwatch() as lap, ThreadPoolExecutor(2) as pool:
        list(pool.map(digest_file, files))
    say(f"their digests, computed once and remembered: {lap.seconds:.1f} s, "
        f"{size / lap.seconds / 1e9:.2f} GB/s")  # fmt: skip


def _write(files: list[Path], rows: int) -> None:
    """Write files as sealed logs have them: one a day, one after another."""
    import duckdb

    with duckdb.connect() as engine:
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET enable_progress_bar = false")
        for number, file in enumerate(files):
            values = {
                "first": number * rows,
                "start": number * _DAY,
                "step": _DAY / max(rows, 1),
                "rows": rows,
            }
            engine.execute(
                f"COPY ({_ROWS}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)",
                values,
            )
