"""Column maps: their grammar, their digest, and what is proposed when there is none."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
import rfc8785
from pydantic import ValidationError

from ledger.errors import InvalidInput
from ledger.logs.formats import completed
from ledger.logs.formats.table import TABLE
from ledger.logs.mapping import ColumnMap
from ledger.logs.proposing import propose


def a_map(**columns: dict[str, object]) -> ColumnMap:
    """Make a column map of column descriptions."""
    return ColumnMap.model_validate({"columns": columns})


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": {}},
        {"columns": {"Score": {"source": "s", "type": "number"}}},
        {"columns": {"record": {"source": "s", "type": "string"}}},
        {"columns": {"score": {"source": "s", "type": "float"}}},
        {"columns": {"score": {"source": "s", "type": "number", "unit": "eur"}}},
        {"columns": {"score": {"source": "s", "type": "number"}}, "timezone": "Mars/Olympus"},
        {"columns": {"score": {"source": "a..b", "type": "number"}}},
        {"columns": {"score": {"source": [], "type": "number"}}},
        {"columns": {"score": {"source": "s", "type": "string", "since": "t"}}},
        {"columns": {"score": {"source": "s", "type": "number", "unit": "ms"}}},
        {"columns": {"score": {"source": "s", "type": "string", "scale": "2"}}},
        {"columns": {"score": {"source": "s", "type": "number", "scale": "two"}}},
        {"columns": {"score": {"source": "s", "type": "string", "of": "length"}}},
        {"columns": {"score": {"source": "s", "type": "string"}}, "decision": "verdict"},
        {"columns": {"score": {"source": "s", "type": "string"}}, "groups": ["score", "sex"]},
        {"columns": {"score": {"source": "s", "type": "string"}}, "redact": ["a{"]},
    ],
)
def test_malformed_maps(wrong: dict[str, object]) -> None:
    """A map that cannot be meant is taken as one, and columns go missing without a word."""
    with pytest.raises(ValidationError):
        ColumnMap.model_validate(wrong)


def test_digest() -> None:
    """The digest in the entry depends on how the map was typed, or is not over RFC 8785."""
    score: dict[str, object] = {"source": "s", "type": "number"}
    time: dict[str, object] = {"source": "t", "type": "timestamp", "required": True}
    one, other = a_map(score=score, time=time), a_map(time=time, score=score)
    assert one.canonical() == rfc8785.dumps(orjson.loads(one.canonical()))
    assert one.digest() == other.digest() != a_map(score=score).digest()
    assert list(other.columns) == ["score", "time"]


def test_a_brief_map_is_the_same_map() -> None:
    """The YAML that is printed for a map means another one when it is read."""
    score = {"source": ["s", "t"], "type": "number", "scale": "1000"}
    time = {"source": "t", "type": "timestamp", "unit": "ns", "required": True}
    mapping = a_map(score=score, time=time)
    assert ColumnMap.model_validate(mapping.brief()).digest() == mapping.digest()
    assert mapping.brief() == {"columns": {"score": score, "time": time}}


def test_proposal(tmp_path: Path) -> None:
    """A proposed type does not hold what was seen, or a code loses its leading zero."""
    path = tmp_path / "log.jsonl"
    records: list[dict[str, object]] = [
        {"Req ID": 1, "score": 1, "ok": True, "at": "2026-01-01T00:00:00Z", "zip": "01234"},
        {"Req ID": "2", "score": 0.5, "ok": "false", "at": "2026-01-01 00:00:00+01:00"},
        {"Req ID": None, "big": 2**63, "x": {"y": 1}, "local": "2026-01-01", "record": 7},
        {"req-id": "mixed", "2nd": "", "whole": "5.0"},
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, records)))
    proposed = propose(path)
    assert {name: (c.source, c.type.value) for name, c in proposed.columns.items()} == {
        "req_id": ("Req ID", "integer"),
        "req_id_2": ("req-id", "string"),
        "score": ("score", "number"),
        "ok": ("ok", "boolean"),
        "at": ("at", "timestamp"),
        "zip": ("zip", "string"),
        "big": ("big", "string"),
        "x": ("x", "string"),
        "local": ("local", "string"),
        "record_2": ("record", "integer"),
        "column_2nd": ("2nd", "string"),
        "whole": ("whole", "number"),
    }
    assert propose(path, timezone="Europe/Berlin").columns["local"].type == "timestamp"


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"a": {"source": "a..b", "type": "string"}}, "columns.a.source: 'a..b' at character 3"),
        ({"a": {"source": [], "type": "string"}}, "columns.a.source: there must be at least one"),
        ({"str": {"source": "a", "type": "strin"}}, "columns.str.type: Input should be 'string'"),
    ],
)
def test_what_is_wrong_with_a_map_is_said_in_its_own_words(
    wrong: dict[str, object], place: str
) -> None:
    """If it fails, somebody who wrote a map reads the names of a library's classes."""
    with pytest.raises(InvalidInput, match=f"wrong at {re.escape(place)}"):
        completed(TABLE, {"columns": wrong})


def test_why_there_is_nothing_to_propose(tmp_path: Path) -> None:
    """If it fails, a file in another encoding is said to be empty."""
    path = tmp_path / "log.csv"
    path.write_bytes("a,b\n1,Zoë\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match="line 2: not valid UTF-8"):
        propose(path)


def test_nothing_to_propose(tmp_path: Path) -> None:
    """A file without a record is sealed under a map of nothing."""
    path = tmp_path / "log.csv"
    path.write_text("a,b\n")
    with pytest.raises(InvalidInput, match="no record"):
        propose(path)


def test_a_map_without_cases_is_written_as_it_was_before_there_were_any() -> None:
    """If it fails, every log that was sealed before is taken for altered."""
    column: dict[str, object] = {"source": "a", "type": "string"}
    plain = ColumnMap.model_validate({"columns": {"a": column}})
    assert b"cases" not in plain.canonical()
    assert ColumnMap.model_validate_json(plain.canonical()) == plain
    told = ColumnMap.model_validate(
        {"columns": {"a": {**column, "cases": [{"source": "b", "text": "x"}]}}}
    )
    assert ColumnMap.model_validate_json(told.canonical()) == told
