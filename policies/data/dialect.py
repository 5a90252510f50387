"""How a CSV file is written, told by its first line, and what is wrong with one that is not so.

A delimiter of `,`, `;`, tab or `|`; quotation marks around cells that hold it, doubled inside; no
comments. DuckDB left to guess takes whole lines for one cell, or skips lines, as soon as one has
another number of cells.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import duckdb

from ledger.errors import InvalidInput

_DELIMITERS = ",;\t|"
_QUOTED = re.compile('"[^"]*"')
_HEADER = 2**20  # characters
_OF_CSV = "Invalid Input Error: CSV Error"


def dialect_of(file: Path) -> dict[str, Any]:
    """How DuckDB is to read CSV that is written as this file, with a header."""
    return {
        "header": True,
        "sep": _delimiter(file),
        "quotechar": '"',
        "escapechar": '"',
        "comment": "",
        "skiprows": 0,
    }


def unreadable(files: Sequence[Path], form: str, error: duckdb.Error) -> InvalidInput:
    """What is wrong with files that DuckDB cannot read, without any of their data."""
    for file in files if form == "csv" else ():
        if found := _other_line(file):
            line, cells, wanted = found
            return InvalidInput(
                f"{file.name} cannot be read: line {line:,} has {cells} cells, the first one has "
                f"{wanted}.",
                "Repair or remove it; a cell that holds the delimiter needs quotation marks.",
            )
    return InvalidInput(
        f"{', '.join(file.name for file in files)} cannot be read: {_complaint(error)}",
        "Check that each file is what its name says, and the filter if there is one.",
    )


def _delimiter(file: Path) -> str:
    """The delimiter that the first line holds most often; a comma if it holds none."""
    with suppress(OSError, EOFError), _text(file) as lines:
        header = _QUOTED.sub("", lines.readline(_HEADER))
        return max(_DELIMITERS, key=header.count)
    return _DELIMITERS[0]


def _complaint(error: duckdb.Error) -> str:
    """What DuckDB complains of, less the line that it quotes."""
    first, *more = str(error).split("\n")
    reason = next((line for line in more[:2] if line and not line.startswith("Original Line")), "")
    return f"{first}: {reason}" if first.startswith(_OF_CSV) and reason else first


def _other_line(file: Path) -> tuple[int, int, int] | None:
    """The first line with another number of cells than the first one, and both numbers."""
    with suppress(csv.Error, OSError, EOFError), _text(file) as lines:
        reader = csv.reader(lines, delimiter=_delimiter(file))
        wanted = len(next(reader, []))
        for cells in reader:
            if cells and len(cells) != wanted:
                return reader.line_num, len(cells), wanted
    return None


@contextmanager
def _text(file: Path) -> Iterator[TextIO]:
    packed = file.name.lower().endswith(".gz")
    with (gzip.open if packed else open)(
        file, "rt", encoding="utf-8-sig", errors="replace", newline=""
    ) as lines:
        yield lines
