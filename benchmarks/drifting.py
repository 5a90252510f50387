"""Comparing large tables: every distance of every column, beside pandas and scipy on the rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import duckdb
import numpy as np
import pandas as pd

from benchmarks.timing import Scale, peak_megabytes, say, stopwatch, table
from policies.data.compare import DriftRequest, Rows, compare_data
from policies.thresholds import parse_thresholds, shipped_text

_NUMBERS, _WHOLE, _CATEGORIES = 12, 4, 4
Measured: TypeAlias = tuple[dict[str, float], float]
"""Seconds by what was measured, and peak megabytes."""

_LOGS = 5  # large logs: ten million rows, where a log has two million
_RIVAL_COLUMNS = ("x0", "x1", "k0", "s0")


def run(scale: Scale) -> None:
    """Compare two halves of so many rows with 20 columns; scipy gets four of them."""
    rows = scale.rows * _LOGS
    with TemporaryDirectory(prefix="quaestor-bench-") as name:
        folder = Path(name)
        say(f"making {rows:,} rows of {_NUMBERS + _WHOLE + _CATEGORIES} columns ...")
        for number, side in enumerate(("reference", "current")):
            _make(folder / f"{side}.parquet", rows // 2, number)
        ours, our_memory = _apart(_ours, folder)
        theirs, their_memory = _apart(_theirs, folder)
    columns = _NUMBERS + _WHOLE + _CATEGORIES
    weights = {"x": _NUMBERS / 2, "k": _WHOLE, "s": _CATEGORIES}
    whole = sum(seconds * weights[column[0]] for column, seconds in theirs.items())
    total = ours["all"]
    table(
        f"{rows:,} rows (half against half), {columns} columns",
        ("what", "seconds", "of cores", "memory", "ratio", "wanted"),
        [
            (
                "data compare",
                f"{total:.1f}",
                f"{ours['cores']:.1f}",
                f"{our_memory:,.0f} MB",
                "1.0",
                "< 15 s",
            ),
            (
                f"pandas and scipy, from {len(theirs)} of the columns",
                f"{whole:.1f}",
                "",
                f"{their_memory:,.0f} MB",
                f"{whole / total:.1f}",
                "",
            ),
        ],
    )


def _make(path: Path, rows: int, side: int) -> None:
    """Write normal numbers (every other one shifted), small integers and categories."""
    normal = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
    columns = [f"{normal} + {0.05 * side * (i % 2)} AS x{i}" for i in range(_NUMBERS)]
    columns += [f"(random() * 1000)::INTEGER AS k{i}" for i in range(_WHOLE)]
    columns += [f"'c' || (random() * random() * 12)::INTEGER AS s{i}" for i in range(_CATEGORIES)]
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET threads = 1")  # with more, the seed does not fix the rows
        connection.execute("SELECT setseed(?)", [0.1 + side / 10])
        made = f"SELECT {', '.join(columns)} FROM range({rows})"  # noqa: S608 - our own columns
        connection.sql(made).write_parquet(str(path), compression="zstd")


def _apart(work: Callable[[Path], Measured], folder: Path) -> Measured:
    """Run in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(work, folder).result()


def _ours(folder: Path) -> Measured:
    limits = parse_thresholds(shipped_text()).drift
    sides = [Rows([folder / f"{side}.parquet"]) for side in ("reference", "current")]
    with stopwatch() as lap:
        found = compare_data(sides[0], sides[1], DriftRequest(), limits)
    cores = time.process_time()
    if len(found.features) != _NUMBERS + _WHOLE + _CATEGORIES:
        raise AssertionError("A column was not compared.")
    return {"all": lap.seconds, "cores": cores}, peak_megabytes()


def _theirs(folder: Path) -> Measured:
    """The same distances from rows in memory, column by column; seconds of each."""
    laps = {}
    for column in _RIVAL_COLUMNS:
        with stopwatch() as lap:
            reference, current = (
                pd.read_parquet(folder / f"{side}.parquet", columns=[column])[column]
                for side in ("reference", "current")
            )
            if column.startswith("s"):
                cells = _counted(reference.value_counts(), current.value_counts())
            else:
                cells = _binned(reference.to_numpy(), current.to_numpy())
            _distances(*cells)
        laps[column] = lap.seconds
    return laps, peak_megabytes()


def _counted(reference: pd.Series, current: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    names = reference.index.union(current.index)
    both = [side.reindex(names, fill_value=0).to_numpy() for side in (reference, current)]
    return both[0], both[1]


def _binned(reference: np.ndarray, current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy import stats

    stats.ks_2samp(reference, current, method="asymp")
    stats.wasserstein_distance(reference, current)
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf"))
    cells = [
        np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1)
        for side in (reference, current)
    ]
    return cells[0], cells[1]


def _distances(reference: np.ndarray, current: np.ndarray) -> None:
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import chi2_contingency

    p, q = reference / reference.sum(), current / current.sum()
    np.sum((q - p) * np.log(q / p))
    jensenshannon(p, q, base=2)
    chi2_contingency(np.stack([reference, current]), correction=False)
