"""Mapped columns: what a text of each type becomes, and when a record cannot be mapped."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

import orjson
import pytest

from ledger.logs.batches import texts
from ledger.logs.deriving import derivation
from ledger.logs.engine import analysis, offer
from ledger.logs.mapping import ColumnMap


def derive(record: dict[str, object], mapping: dict[str, object]) -> dict[str, object]:
    """Derive the mapped columns and the problem of one record."""
    sql, parameters = derivation(ColumnMap.model_validate(mapping), "batch")
    with analysis() as engine:
        offer(engine, texts([orjson.dumps(record)]))
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


def column(**fields: object) -> dict[str, object]:
    """A map of one column `x`."""
    return {"columns": {"x": {"source": "x", **fields}}}


@pytest.mark.parametrize(
    ("unit", "value", "micros"),
    [
        ("s", 1795141252, 1795141252_000000),
        ("s", 1795141252.25304, 1795141252_253040),
        ("s", "1795141252.2530405", 1795141252_253041),
        ("s", "-1.5", -1_500000),
        ("ms", 1795141252253, 1795141252_253000),
        ("ms", "1795141252253.0405", 1795141252_253041),
        ("us", 1795141252253040, 1795141252_253040),
        ("ns", "1795141252210161250", 1795141252_210161),
        ("ns", 1795141252210161999, 1795141252_210161),
        ("ns", 2**63 - 1, 9223372036_854775),
    ],
)
def test_epoch_times(unit: str, value: object, micros: int) -> None:
    """A time passes through a float on its way, and is off by some microseconds."""
    row = derive({"x": value}, column(type="timestamp", unit=unit))
    assert row["x"] == dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)


@pytest.mark.parametrize(
    ("unit", "value"),
    [("s", "2026-01-01T00:00:00Z"), ("s", "1e9"), ("ns", "1.5"), ("s", "9" * 19), ("ms", "soon")],
)
def test_what_is_no_epoch_time(unit: str, value: object) -> None:
    """A text that is no number of the stated unit becomes some moment or other."""
    row = derive({"x": value}, column(type="timestamp", unit=unit))
    assert row["problem"] == "x: not a timestamp"


@pytest.mark.parametrize(
    ("unit", "start", "end", "milliseconds"),
    [
        ("ns", "1795141152210161250", 1795141152210176703, 0.015),
        ("s", 1795141252.25304, 1795141252.450271, 197.231),
        ("ms", 5, 1, -4.0),
        ("iso", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00.000001+01:00", 0.001),
        ("s", None, 7, None),
        ("s", 7, None, None),
    ],
)
def test_durations(unit: str, start: object, end: object, milliseconds: float | None) -> None:
    """How long a request took is computed from floats, or a missing end counts as none."""
    row = derive({"x": end, "y": start}, column(type="number", unit=unit, since="y"))
    assert row.get("problem") is None
    assert row["x"] == milliseconds


def test_durations_that_are_none() -> None:
    """A duration between something and no time is sealed as missing."""
    row = derive({"x": 1, "y": "noon"}, column(type="number", unit="s", since="y"))
    assert row["problem"] == "x: not two times"


@pytest.mark.parametrize(
    ("scale", "value", "expected"),
    [
        ("1000", "0.29", 290.0),
        ("100", 0.29, 29.0),
        ("0.001", 1234567, 1234.567),
        ("-2", "1e300", -2e300),
    ],
)
def test_scaled_numbers(scale: str, value: object, expected: float) -> None:
    """Seconds become milliseconds with a rounding error that a report then shows."""
    assert derive({"x": value}, column(type="number", scale=scale))["x"] == expected


def test_translated_texts() -> None:
    """`success` and `ok` are counted as two states, or another word is lost."""
    words = {"success": "ok", "failure": "error", "none": ""}
    for said, expected in [("success", "ok"), ("failure", "error"), ("odd", "odd"), ("none", None)]:
        assert derive({"x": said}, column(type="string", values=words))["x"] == expected
    flag = column(type="boolean", values={"escalated": "true"}, required=True)
    assert derive({"x": " escalated "}, flag)["x"] is True


def test_lengths_and_digests() -> None:
    """A column that should only tell how long an answer was holds the answer."""
    length = derive({"x": "é\u4e2d!"}, column(type="integer", of="length"))
    digest = derive({"x": "é"}, column(type="string", of="digest"))
    assert length["x"] == 3
    assert digest["x"] == sha256("é".encode()).hexdigest()
    assert derive({"x": ""}, column(type="string", of="digest"))["x"] is None


def test_the_first_source_that_holds_anything_counts() -> None:
    """Old and new names in one log: half of the rows have no value."""
    mapping = column(type="string", source=["new", "old"])
    assert derive({"new": "n", "old": "o"}, mapping)["x"] == "n"
    assert derive({"new": "", "old": "o"}, mapping)["x"] == "o"
    assert derive({"new": None}, mapping)["x"] is None
