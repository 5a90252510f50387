"""`python -m benchmarks`: list the benchmarks, or run some of them or all."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module

from benchmarks.timing import Scale, say

SUBJECTS = {
    "appending": "parts of up to 10,000 entries, end to end",
    "single": "one durable entry after another, beside DuckDB alone",
    "crowd": "one entry after another in PostgreSQL, by 1 process and by 4",
    "proving": "a proof for one entry in a million: made, checked, its size",
    "verifying": "a ledger of a million entries: sound in itself, then everything",
    "importing": "decision records sealed, beside DuckDB alone",
    "auditing": "a bias audit beside fairlearn, and one of ten million decisions",
    "drifting": "two tables of 20 columns compared, beside pandas and scipy",
    "metering": "metrics of ten logs; a hundred million decisions with --rows 10000000",
    "rivals": "other audit logs, where installed, on the same work",
}
FULL = Scale(entries=1_000_000, part=10_000)
QUICK = Scale(entries=20_000, part=1_000, rows=200_000)


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    parser.add_argument("--quick", action="store_true", help="a few seconds each")
    parser.add_argument("--entries", type=int, help="entries of the large ledger")
    parser.add_argument("--rows", type=int, help="decision records of the large log")
    parser.add_argument(
        "--rivals", default="", metavar="PYTHON", help="where others are; or install"
    )
    asked = parser.parse_args()
    if unknown := set(asked.subjects) - SUBJECTS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; see --list")
    if asked.list:
        for subject, what in SUBJECTS.items():
            say(f"{subject:<10} {what}")
        return
    usual = QUICK if asked.quick else FULL
    scale = Scale(
        asked.entries or usual.entries, usual.part, asked.rivals, asked.rows or usual.rows
    )
    load = os.getloadavg()[0]
    say(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the start")
    for subject in asked.subjects or SUBJECTS:
        import_module(f"benchmarks.{subject}").run(scale)


if __name__ == "__main__":
    main()
