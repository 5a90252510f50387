"""Mapped columns from decision records, by one piece of SQL that sealing and verification share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.logs.engine import DISTRUST_STATISTICS, analysis
from ledger.logs.locating import Locator
from ledger.logs.mapping import MAPPED, RECORD, ZONELESS, Column, ColumnMap, Of, Type, Unit
from ledger.logs.taking import BROUGHT, of_text, since_of
from ledger.logs.values import value_of

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


def derivation(
    mapping: ColumnMap, rows: str, *, as_it_came: bool = False
) -> tuple[str, dict[str, object]]:
    """Write SQL, with its parameters, that derives mapped columns from the column `record`.

    It yields the columns of the relation `rows`, each mapped column under its name after `=`, and
    `problem`: null, or why the record cannot be sealed. Each record is parsed once. A text that was
    taken from a conversation goes before what stands at a column's source. `as_it_came` nothing was
    taken, and records that hold any such text are refused.
    """
    locator = Locator()
    texts: list[str] = []
    values: list[str] = []
    problems: list[str] = []
    bound: dict[str, object] = {}
    for number, (name, column) in enumerate(mapping.columns.items()):
        found = locator.case(column.cases, of_text(column, locator.text(column.sources)))
        found = found if as_it_came else _or_taken(locator, name, found)
        found = _translated(column, f"nullif({found}, '')", f"values{number}", bound)
        texts.append(f"{found} AS {_text(name)}")
        if column.since is not None:
            start = locator.text([column.since])
            start = start if as_it_came else _or_taken(locator, since_of(name), start)
            texts.append(f"{_trimmed(start)} AS {_start(name)}")
        values.append(f'{value_of(column, _text(name), _start(name), mapping)} AS "={name}"')
        problems += _problems(name, column, mapping.timezone)
    if as_it_came:
        texts.append(f"{locator.member(MAPPED)} IS NOT NULL AS {_BROUGHT}")
        problems.insert(0, f"CASE WHEN {_BROUGHT} THEN '{BROUGHT}' END")
    extra = [_text(name) for name in mapping.columns] + [_BROUGHT] * as_it_came
    extra += [_start(name) for name, column in mapping.columns.items() if column.since is not None]
    located = locator.relation(rows)
    sql = f"""
    WITH texts AS (
        SELECT * EXCLUDE ({", ".join(locator.columns())}), {", ".join(texts)} FROM {located}
    ), derived AS (
        SELECT *, {", ".join(values)} FROM texts
    )
    SELECT * EXCLUDE ({", ".join(extra)}),
        coalesce({", ".join([*problems, "NULL"])})::VARCHAR AS problem
    FROM derived
    """  # noqa: S608 - names keep to the grammar of targets; values are bound
    bound |= locator.parameters()
    return sql, bound | ({"zone": mapping.timezone} if "$zone" in sql else {})


_BROUGHT = '"~~~"'


def _text(name: str) -> str:
    return f'"~{name}"'


def _start(name: str) -> str:
    return f'"~~{name}"'


def _trimmed(text: str) -> str:
    return f"nullif(trim({text}), '')"


def _or_taken(locator: Locator, name: str, text: str) -> str:
    """Write the text that was taken for a name (an empty one: none was there), else this one."""
    return f"coalesce({locator.within(MAPPED, name)}, {text})"


def _translated(column: Column, text: str, parameter: str, bound: dict[str, object]) -> str:
    """Write a text without the space around it, if it is no string, or what it stands for."""
    if column.of is not Of.VALUE:
        return text
    text = text if column.type is Type.STRING else _trimmed(text)
    if not column.values:
        return text
    bound[parameter] = list(column.values)
    bound[f"{parameter}_to"] = list(column.values.values())
    place = f"list_position(${parameter}::VARCHAR[], {text})"
    return f"nullif(coalesce((${parameter}_to::VARCHAR[])[{place}], {text}), '')"


def _problems(name: str, column: Column, zone: str | None) -> Iterator[str]:
    """Write the reasons for which a record cannot be sealed, each null if it does not hold."""
    text, value = _text(name), f'"={name}"'
    if column.required:
        yield f"CASE WHEN {text} IS NULL THEN '{name}: required, but missing' END"
    timed = column.type is Type.TIMESTAMP or column.since is not None
    ends = [text] if column.since is None else [text, _start(name)]
    if timed and column.unit is Unit.ISO and not zone:
        zoneless = " OR ".join(f"regexp_full_match({end}, '{ZONELESS}')" for end in ends)
        yield (
            f"CASE WHEN {value} IS NULL AND ({zoneless}) "
            f"THEN '{name}: a time without a zone, and the column map states none' END"
        )
    if column.since is not None:
        there = " AND ".join(f"{end} IS NOT NULL" for end in ends)
        yield f"CASE WHEN {there} AND {value} IS NULL THEN '{name}: not two times' END"
    elif column.type is not Type.STRING:
        article = "an" if column.type is Type.INTEGER else "a"
        yield (
            f"CASE WHEN {text} IS NOT NULL AND {value} IS NULL "
            f"THEN '{name}: not {article} {column.type}' END"
        )


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
