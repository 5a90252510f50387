"""Files of decisions as one relation in a locked, in-memory DuckDB.

What holds once `opened` yields: the connection can read the given files and nothing else, can
write nothing, loads no extension, sees no Python variable, and no SQL can undo any of it.
Whatever SQL a person writes is parsed only after that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ledger.errors import InvalidInput
from ledger.logs.engine import DISTRUST_STATISTICS
from policies.data.dialect import dialect_of, unreadable
from policies.fairness.labelling import Files, LabelJoin, Labelled, join

MEMORY = "4GB"
RELATION = "decisions"

_FORMATS: Mapping[str, str] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}


# What a CSV column may be taken for. Left out is BOOLEAN: the reader would take the sexes "F" and
# "T" for false and true.
_CSV_TYPES: list[Any] = ["BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "VARCHAR"]


@dataclass(frozen=True)
class Source:
    """An open connection whose view `decisions` is the files; `columns` maps name to SQL type.

    `joined` says how labels from outcome logs found their decisions, if they came from there.
    """

    connection: duckdb.DuckDBPyConnection
    columns: Mapping[str, str]
    joined: LabelJoin | None = None

    def require(self, column: str) -> str:
        """Return the column quoted for SQL; InvalidInput if the files do not have it."""
        if column not in self.columns:
            raise InvalidInput(
                f"The files have no column {column!r}.",
                f"Their columns are: {', '.join(self.columns)}.",
            )
        return '"' + column.replace('"', '""') + '"'


@contextmanager
def opened(files: Files) -> Iterator[Source]:
    """Open files of one format: Parquet, CSV with a header, or JSON Lines (text also as `.gz`).

    Columns are matched by name; one that a file lacks is null there. Of `Labelled` files the label
    is a column like others, null where a decision has none. Raises InvalidInput if a file is
    missing, of another format, or not what its name says, and for what takes too much memory;
    DuckDB's own complaints inside the `with` block become InvalidInput too.
    """
    named = files.paths if isinstance(files, Labelled) else files
    file_format = _format(named)
    paths = [str(file.resolve()) for file in named]
    # Without a temp_directory nothing is ever spilled to disk, where it would stay to be read.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "memory_limit": MEMORY,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
        connection.execute(DISTRUST_STATISTICS)
        connection.execute("SET allowed_paths = ?", [paths])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            joined = None
            if isinstance(files, Labelled):
                sql, joined = join(connection, files)
                connection.execute(f"CREATE TEMP VIEW {RELATION} AS {sql}")
            else:
                _read(connection, file_format, paths).create_view(RELATION)
            view = connection.view(RELATION)
            types = [str(kind) for kind in view.types]
            yield Source(connection, dict(zip(view.columns, types, strict=True)), joined)
        except duckdb.OutOfMemoryException as error:
            raise InvalidInput(
                f"The audit needs more than {MEMORY} of memory.",
                "Group by fewer columns, or audit a part of the decisions as a file: --data FILE.",
            ) from error
        except duckdb.Error as error:
            if file_format == "csv" and "CSV" in str(error):
                raise unreadable(named, file_format, error) from error
            raise InvalidInput(
                f"The decisions cannot be counted: {_first_lines(error)}",
                "Check that each file is what its name says and that every column keeps one type.",
            ) from error


def _read(
    connection: duckdb.DuckDBPyConnection, file_format: str, paths: Any
) -> duckdb.DuckDBPyRelation:
    if file_format == "parquet":
        return connection.read_parquet(paths, union_by_name=True)
    if file_format == "csv":
        dialect = dialect_of(Path(paths[0]))
        return connection.read_csv(
            paths, union_by_name=True, auto_type_candidates=_CSV_TYPES, **dialect
        )
    return connection.read_json(paths, union_by_name=True)


def _format(files: Sequence[Path]) -> str:
    if not files:
        raise InvalidInput("There is no file to audit.", "Name at least one file of decisions.")
    for file in files:
        if not file.is_file():
            raise InvalidInput(f"There is no file {file}.", "Check the path.")
        if set("*?[") & set(str(file.resolve())):
            raise InvalidInput(
                f"The path {file} holds one of * ? [, which the reader takes for a pattern.",
                "Rename it.",
            )
    formats = {_FORMATS.get(_extension(file), "") for file in files}
    if "" in formats or len(formats) > 1:
        raise InvalidInput(
            f"Not files of one known format: {', '.join(sorted({f.name for f in files}))}.",
            f"Give files that all end in one of {', '.join(_FORMATS)}.",
        )
    return formats.pop()


def _extension(file: Path) -> str:
    name = file.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def _first_lines(error: duckdb.Error) -> str:
    return str(error).split("\n\n", 1)[0].replace("\n", " ")
