"""Make the loan agent's logs: the same 48 cases in every log format that Quaestor imports.

`python -m sample_data.make_logs` rewrites `sample_data/logs`; `python -m sample_data.make_logs
FOLDER` writes the files there. Every run writes the same bytes.

What is in them: 42 decisions (approve, refer or decline) by sex and age band, three answers that
a content filter took away, three calls that failed, two prompts with an e-mail address, a change
of prompt and index after the 16th case, and in the OTLP file older attribute names before it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sample_data import answer_writers, gateway_writers, trace_writers
from sample_data.loan_agent import cases

FOLDER = Path(__file__).parent / "logs"
WRITERS = {**trace_writers.WRITERS, **gateway_writers.WRITERS, **answer_writers.WRITERS}


def write_logs(folder: Path) -> list[Path]:
    """Write every file into a folder that exists; return their paths."""
    told = list(cases())
    written = []
    for name, writer in WRITERS.items():
        path = folder / name
        path.write_text("".join(f"{line}\n" for line in writer(told)), encoding="utf-8")
        written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.make_logs", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the files go")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    write_logs(folder)


if __name__ == "__main__":
    main()
