"""Files of rows as one relation in a locked, in-memory DuckDB, whose columns say what they hold.

What holds once `opened` yields: the connection reads the given files and nothing else, writes
nothing, takes no more memory than stated, and no SQL can undo any of it. Cells of CSV stay text,
so that what does not fit a column is found rather than refused: a column holds numbers if every
cell that is not missing reads as one. JSON and Parquet say themselves what a value is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import duckdb

from ledger.errors import InvalidInput
from ledger.logs.engine import DISTRUST_STATISTICS
from ledger.logs.mapping import NUMBER, RECORD
from policies.data.dialect import dialect_of, unreadable
from policies.fairness.row_filter import condition
from policies.fairness.sources import Source

Kind: TypeAlias = Literal["number", "category", "time", "other"]

MEMORY = "4GB"
RELATION = "decisions"
# Text up to this many bytes is parsed once and held, more of it parsed for every question.
_HELD = 256 * 2**20
_PACKED = 10
# How files spell "no value" where null cannot be written. Not "none", which may be an answer.
MISSING = ("", "nan", "null", "na", "n/a", "#n/a", "<na>", "?", "unknown")
INFINITE = tuple(f"{sign}{word}" for sign in ("", "-", "+") for word in ("inf", "infinity"))

_FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
            "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_TIMES = ("DATE", "TIME", "TIMESTAMP")
_CATEGORIES = ("VARCHAR", "ENUM", "UUID", "BOOLEAN", "JSON")
# A leading zero is part of a code (a postcode, an account), never of a quantity.
_CODE = r"[+-]?0[0-9].*"
_DIGITS = "0[0-9]+"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?"


@dataclass(frozen=True)
class Column:
    """A column: its type in the file, what it holds, and what SQL reads of it.

    `value` is SQL for a present value (a finite double, or trimmed text) and null for a missing
    one; so is `plain`, but that it lets infinite numbers and NaN pass. `whole` says that every
    number in it is written as an integer.
    """

    name: str
    declared: str
    kind: Kind
    plain: str
    whole: bool = False

    @property
    def value(self) -> str:
        """SQL for a present value, and null for a missing one."""
        if self.kind != "number":
            return self.plain
        return f"CASE WHEN isfinite({self.plain}) THEN {self.plain} END"


@dataclass(frozen=True)
class Table:
    """An open relation: `rows` that pass the filter, and the columns with what they hold."""

    connection: duckdb.DuckDBPyConnection
    columns: tuple[Column, ...]
    rows: int
    where: str

    @property
    def relation(self) -> str:
        """SQL of the rows that pass the filter."""
        return f"(SELECT * FROM {RELATION} WHERE {self.where})"  # noqa: S608 - a parsed filter

    def ask(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a query that answers in few rows."""
        return self.connection.execute(sql, parameters).fetchall()

    def column(self, name: str) -> Column:
        """Find a column; InvalidInput if there is none of this name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise InvalidInput(
            f"The files have no column {name!r}.",
            f"Their columns are: {', '.join(column.name for column in self.columns)}.",
        )


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(files: Sequence[Path], where: str | None = None) -> Iterator[Table]:
    """Open files of one format: CSV with a header, JSON Lines or Parquet.

    `where` is a condition on a row. Columns are matched by name; the record of a sealed log is
    left out. Raises InvalidInput for what is not a readable file of
    its format and for a filter that is not a plain condition; DuckDB's own complaints inside the
    `with` block become InvalidInput too.
    """
    paths, form = _checked(files)
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "memory_limit": MEMORY,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(DISTRUST_STATISTICS)
        connection.execute("SET allowed_paths = ?", [paths])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            relation = _reading(connection, form, paths)
            if form != "parquet" and sum(map(_size, files)) <= _HELD:
                relation.create(RELATION)
            else:
                relation.create_view(RELATION)
            yield _described(connection, form, where)
        except duckdb.Error as error:
            raise unreadable(files, form, error) from error


def called_identifier(name: str) -> bool:
    """Whether a column's name says that it names rows."""
    return re.search(r"(^|[^a-z])(id|key|uuid|number|no|nr)$", name.lower()) is not None


def text_of(name: str, declared: str) -> str:
    """SQL for a cell as trimmed text; a JSON string loses its quotation marks."""
    cell = f"{quoted(name)} ->> '$'" if declared == "JSON" else f"CAST({quoted(name)} AS VARCHAR)"
    return f"trim({cell})"


def is_missing(text: str) -> str:
    """SQL that is true where a text says that there is no value, or none that is finite."""
    return f"({text} IS NULL OR lower({text}) IN {MISSING + INFINITE})"


def is_infinite(text: str) -> str:
    """SQL that is true where a text is an infinite number."""
    return f"(lower({text}) IN {INFINITE})"


def is_number(text: str) -> str:
    """SQL that is true where a text is a quantity."""
    return f"(regexp_full_match({text}, '{NUMBER}') AND NOT regexp_full_match({text}, '{_CODE}'))"


def is_code(text: str) -> str:
    """SQL that is true where a text is of digits, and no quantity for the nought before them."""
    return f"regexp_full_match({text}, '{_DIGITS}')"


def _checked(files: Sequence[Path]) -> tuple[list[str], str]:
    if not files:
        raise InvalidInput("There is no file to read.", "Name at least one file.")
    for file in files:
        if not file.is_file() or not file.stat().st_size:
            what = "is empty" if file.is_file() else "is not there, or is no file"
            raise InvalidInput(f"{file} {what}.", "Give files that hold rows.")
        if set("*?[") & set(str(file.resolve())):
            raise InvalidInput(
                f"The path {file} holds one of * ? [, which the reader takes for a pattern.",
                "Rename it.",
            )
    forms = {_FORMATS.get(Path(file.name.lower().removesuffix(".gz")).suffix) for file in files}
    form = forms.pop()
    if form is None or forms:
        raise InvalidInput(
            f"Not files of one known format: {', '.join(sorted({f.name for f in files}))}.",
            f"Give files that all end in one of {', '.join(_FORMATS)} (text also as .gz).",
        )
    return [str(file.resolve()) for file in files], form


def _size(file: Path) -> int:
    """Bytes of text, of packed text about."""
    return file.stat().st_size * (_PACKED if file.name.lower().endswith(".gz") else 1)


def _reading(
    connection: duckdb.DuckDBPyConnection, form: str, paths: Any
) -> duckdb.DuckDBPyRelation:
    if form == "parquet":
        return connection.read_parquet(paths, union_by_name=True)
    if form == "csv":
        dialect = dialect_of(Path(paths[0]))
        return connection.read_csv(paths, union_by_name=True, all_varchar=True, **dialect)
    return connection.read_json(paths, union_by_name=True, format="newline_delimited")


def _described(connection: duckdb.DuckDBPyConnection, form: str, where: str | None) -> Table:
    relation = connection.table(RELATION)
    declared = dict(zip(relation.columns, [str(kind) for kind in relation.types], strict=True))
    passing = condition(Source(connection, declared), where)
    names = [name for name in declared if name != RECORD]
    if not names:
        raise InvalidInput("The files have no column.", "Check that they hold rows with fields.")
    untyped = {name: declared[name] for name in names if form == "csv"}
    seen = _seen(connection, untyped, passing)
    columns = tuple(_column(name, declared[name], seen) for name in names)
    return Table(connection, columns, seen["rows"], passing)


def _seen(
    connection: duckdb.DuckDBPyConnection, declared: dict[str, str], passing: str
) -> dict[str, int]:
    """Count, of every text column, the present values, and those that are numbers or times."""
    counted = ["count(*)"]
    keys = ["rows"]
    for name, kind in declared.items():
        text = text_of(name, kind)
        present = f"NOT {is_missing(text)}"
        tests = {
            "present": "TRUE",
            "numbers": is_number(text),
            "whole": f"regexp_full_match({text}, '[+-]?[0-9]+')",
            "times": f"regexp_full_match({text}, '{_TIME}')",
        }
        counted += [f"count(*) FILTER ({present} AND {test})" for test in tests.values()]
        keys += [f"{test} {name}" for test in tests]
    row = connection.execute(
        f"SELECT {', '.join(counted)} FROM {RELATION} WHERE {passing}"  # noqa: S608 - quoted names
    ).fetchone()
    return dict(zip(keys, row or (), strict=True))


def _column(name: str, declared: str, seen: dict[str, int]) -> Column:
    text = text_of(name, declared)
    present = f"CASE WHEN NOT {is_missing(text)} THEN {text} END"
    values = seen.get(f"present {name}", 0)
    if values and seen[f"numbers {name}"] == values:
        number = f"TRY_CAST({present} AS DOUBLE)"
        return Column(name, declared, "number", number, seen[f"whole {name}"] == values)
    if values and seen[f"times {name}"] == values:
        return Column(name, declared, "time", present)
    if declared.startswith(_NUMBERS):
        number = quoted(name) if declared == "DOUBLE" else f"CAST({quoted(name)} AS DOUBLE)"
        return Column(name, declared, "number", number, "INT" in declared)
    kind: Kind = "category" if declared.startswith(_CATEGORIES) else "other"
    return Column(name, declared, "time" if declared.startswith(_TIMES) else kind, present)
