"""Mapped columns: what a text of each type becomes, and when a record cannot be mapped."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest

from ledger.logs.deriving import derivation
from ledger.logs.engine import analysis, offer
from ledger.logs.mapping import ColumnMap


def derive(record: dict[str, object], mapping: dict[str, object]) -> dict[str, object]:
    """Derive the mapped columns and the problem of one record."""
    sql, parameters = derivation(ColumnMap.model_validate(mapping), "batch")
    with analysis() as engine:
        offer(engine, [orjson.dumps(record)])
        table = engine.execute(sql, parameters).to_arrow_table()
    row: dict[str, object] = table.to_pylist()[0]
    return {name.lstrip("="): value for name, value in row.items() if name[:1] == "=" or value}


MOMENT = dt.datetime(2026, 7, 1, 10, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("string", 12, "12"),
        ("string", {"a": [1]}, '{"a":[1]}'),
        ("string", "", None),
        ("string", "  é ", "  é "),
        ("integer", "-9223372036854775808", -(2**63)),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", " +7 ", 7),
        ("integer", 5.0, 5),
        ("integer", None, None),
        ("number", "1e-3", 0.001),
        ("number", 0.1, 0.1),
        ("number", "", None),
        ("boolean", True, True),
        ("boolean", "No", False),
        ("boolean", 1, True),
        ("timestamp", "2026-07-01T10:00:00.123456789Z", MOMENT),
        ("timestamp", "2026-07-01 12:00:00.123456+0200", MOMENT),
    ],
)
def test_values(type_: str, value: object, expected: object) -> None:
    """A mapped value is not what the record says."""
    row = derive({"x": value}, {"columns": {"x": {"source": "x", "type": type_}}})
    assert row.get("problem") is None
    assert row["x"] == expected


@pytest.mark.parametrize(
    ("type_", "value", "reason"),
    [
        ("integer", "12.5", "x: not an integer"),
        ("integer", "9223372036854775808", "x: not an integer"),
        ("integer", "1e3", "x: not an integer"),
        ("integer", "12_000", "x: not an integer"),
        ("number", "1,5", "x: not a number"),
        ("number", "nan", "x: not a number"),
        ("number", "1e999", "x: not a number"),
        ("boolean", "maybe", "x: not a boolean"),
        ("timestamp", "2026-02-30T00:00:00Z", "x: not a timestamp"),
        ("timestamp", 1700000000, "x: not a timestamp"),
        (
            "timestamp",
            "2026-07-01 12:00:00",
            "x: a time without a zone, and the column map states none",
        ),
    ],
)
def test_values_that_do_not_fit(type_: str, value: object, reason: str) -> None:
    """A value that is not of its type is rounded, guessed or lost in silence."""
    row = derive({"x": value}, {"columns": {"x": {"source": "x", "type": type_}}})
    assert row == {"x": None, "problem": reason, "record": row["record"]}


def test_zone_of_the_map() -> None:
    """A zone-less time is read as UTC, or the map's zone moves a time that states its own."""
    columns = {n: {"source": n, "type": "timestamp"} for n in ("local", "day", "zoned")}
    record: dict[str, object] = {
        "local": "2026-07-01T12:00:00.123456",
        "day": "2026-01-01",
        "zoned": "2026-07-01T10:00:00.123456Z",
    }
    row = derive(record, {"columns": columns, "timezone": "Europe/Berlin"})
    assert row["local"] == row["zoned"] == MOMENT
    assert row["day"] == dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)


def test_sources() -> None:
    """A nested value, or a name that looks like a path, is not found."""
    record: dict[str, object] = {
        "model": {"version": "2", "scores": [0.5, 0.7]},
        "model.name": "m",
        "a/b~c": "slash",
        "q\"uote's": "quoted",
    }
    sources = ["model.version", "model.scores.1", "model.name", "a/b~c", "q\"uote's", "no.such"]
    columns = {f"c{i}": {"source": source, "type": "string"} for i, source in enumerate(sources)}
    row = derive(record, {"columns": columns})
    assert [row[f"c{i}"] for i in range(6)] == ["2", "0.7", "m", "slash", "quoted", None]


@pytest.mark.parametrize("record", [{}, {"x": None}, {"x": ""}])
def test_required(record: dict[str, object]) -> None:
    """A record without a required value is sealed."""
    mapping: dict[str, object] = {
        "columns": {"x": {"source": "x", "type": "string", "required": True}}
    }
    assert derive(record, mapping)["problem"] == "x: required, but missing"
