"""Mapped columns from decision records, by one piece of SQL that sealing and verification share."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.logs.engine import DISTRUST_STATISTICS, analysis
from ledger.logs.mapping import (
    FALSE,
    INTEGER,
    NUMBER,
    RECORD,
    TRUE,
    ZONED,
    ZONELESS,
    Column,
    ColumnMap,
    Type,
)

ARROW = {
    Type.STRING: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.TIMESTAMP: pa.timestamp("us", "UTC"),
}


def schema(mapping: ColumnMap) -> pa.Schema:
    """Columns of a sealed log: the record, then the mapped columns in order of name."""
    mapped = [(name, ARROW[column.type]) for name, column in mapping.columns.items()]
    return pa.schema([pa.field(RECORD, pa.string(), nullable=False), *mapped])


def derivation(mapping: ColumnMap, rows: str) -> tuple[str, dict[str, object]]:
    """Write SQL, with its parameters, that derives mapped columns from the column `record`.

    It yields the columns of the relation `rows`, each mapped column under its name after `=`, and
    `problem`: null, or why the record cannot be sealed. Each record is parsed once.
    """
    paths: list[str] = []
    texts, values, problems = [], [], []
    for name, column in mapping.columns.items():
        text = ", ".join(f"found[{i}]" for i in _paths(column.source, paths))
        text = f"coalesce({text})" if column.type is Type.STRING else f"trim(coalesce({text}))"
        texts.append(f"nullif({text}, '') AS {_text(name)}")
        values.append(f'{_value(name, column, mapping.timezone)} AS "={name}"')
        problems += _problems(name, column, mapping.timezone)
    sql = f"""
    WITH parsed AS (
        SELECT *, json_extract_string(record, $paths::VARCHAR[]) AS found FROM {rows}
    ), texts AS (
        SELECT * EXCLUDE found, {", ".join(texts)} FROM parsed
    ), derived AS (
        SELECT *, {", ".join(values)} FROM texts
    )
    SELECT * EXCLUDE ({", ".join(map(_text, mapping.columns))}),
        coalesce({", ".join([*problems, "NULL"])})::VARCHAR AS problem
    FROM derived
    """  # noqa: S608 - names keep to the grammar of targets; values are bound
    return sql, {"paths": paths} | ({"zone": mapping.timezone} if "$zone" in sql else {})


def _text(name: str) -> str:
    return f'"~{name}"'


def _paths(source: str, paths: list[str]) -> list[int]:
    """Add where a source may stand, as JSON pointers (RFC 6901); return their 1-based numbers."""
    name = source.replace("~", "~0").replace("/", "~1")
    known = len(paths)
    paths += [f"/{name}"] + ([f"/{name.replace('.', '/')}"] if "." in name else [])
    return list(range(known + 1, len(paths) + 1))


def _value(name: str, column: Column, zone: str | None) -> str:
    """Write the typed value; null if the text is not of the type."""
    text = _text(name)

    def when(shape: str, value: str) -> str:
        return f"WHEN regexp_full_match({text}, '{shape}') THEN {value} "

    match column.type:
        case Type.STRING:
            return text
        case Type.INTEGER:
            cases = when(INTEGER, f"TRY_CAST({text} AS BIGINT)")
        case Type.NUMBER:
            number = f"TRY_CAST({text} AS DOUBLE)"
            cases = when(NUMBER, f"CASE WHEN isfinite({number}) THEN {number} END")
        case Type.BOOLEAN:
            cases = when(TRUE, "true") + when(FALSE, "false")
        case Type.TIMESTAMP:
            cases = when(ZONED, f"TRY_CAST({text} AS TIMESTAMPTZ)")
            if zone:
                cases += when(ZONELESS, f"timezone($zone, TRY_CAST({text} AS TIMESTAMP))")
    return f"CASE {cases}END"


def _problems(name: str, column: Column, zone: str | None) -> list[str]:
    """Write the reasons for which a record cannot be sealed, each null if it does not hold."""
    text, value = _text(name), f'"={name}"'
    problems = []
    if column.required:
        problems.append(f"CASE WHEN {text} IS NULL THEN '{name}: required, but missing' END")
    if column.type is Type.TIMESTAMP and not zone:
        problems.append(
            f"CASE WHEN regexp_full_match({text}, '{ZONELESS}') "
            f"THEN '{name}: a time without a zone, and the column map states none' END"
        )
    if column.type is not Type.STRING:
        article = "an" if column.type is Type.INTEGER else "a"
        problems.append(
            f"CASE WHEN {text} IS NOT NULL AND {value} IS NULL "
            f"THEN '{name}: not {article} {column.type}' END"
        )
    return problems


def rederive(path: Path, mapping: ColumnMap) -> list[str]:
    """Compare the mapped columns of a sealed log with what its records say; return the problems.

    The file's digest must have been checked before: Parquet statistics can be forged.
    """
    if pq.read_schema(path).remove_metadata() != schema(mapping):
        return ["its columns are not those of the column map"]
    sql, parameters = derivation(
        mapping, "(SELECT * FROM read_parquet($file, file_row_number = true))"
    )
    tests = {
        "the record cannot be mapped": "problem IS NOT NULL",
        **{
            f"column {name} is not what the record says": f'"{name}" IS DISTINCT FROM "={name}"'
            for name in mapping.columns
        },
    }
    counts = ", ".join(
        f"count(*) FILTER ({test}), min(file_row_number) FILTER ({test})" for test in tests.values()
    )
    with analysis() as engine:
        engine.execute(DISTRUST_STATISTICS)
        found = engine.execute(
            f"SELECT {counts} FROM ({sql})",  # noqa: S608 - built above
            {**parameters, "file": str(path)},
        ).fetchall()[0]
    pairs = zip(tests, found[::2], found[1::2], strict=True)
    return [f"{what}: {n} rows, the first is row {row + 1}" for what, n, row in pairs if n]
