"""Sources: what their grammar takes, what it refuses, and that SQL finds what Python finds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.logs.batches import texts
from ledger.logs.engine import analysis, offer
from ledger.logs.locating import Locator
from ledger.logs.paths import Key, Name, Path, find, parse, top, write

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a", "gen_ai.model", "0", "{", "}", "=>", "a=>b", '"', " x ", "", "x\\y", "é.ü", "a/b~c"]
)
STEPS = st.builds(Name, WORDS) | st.builds(Key, WORDS)
LEGS = st.lists(STEPS, min_size=1, max_size=4).map(tuple)


def sought(record: object, *sources: str) -> list[str | None]:
    """What SQL finds at some sources of a record."""
    locator = Locator()
    columns = ", ".join(
        f"{locator.text([source])} AS c{number}" for number, source in enumerate(sources)
    )
    with analysis() as engine:
        offer(engine, texts([orjson.dumps(record)]))
        sql = f"SELECT {columns} FROM {locator.relation('batch')}"  # noqa: S608 - made above
        return list(engine.execute(sql, locator.parameters()).fetchall()[0])


@settings(max_examples=200, deadline=None)
@given(st.lists(LEGS, min_size=1, max_size=3).map(tuple))
def test_what_is_written_parses_to_the_same(legs: tuple[Any, ...]) -> None:
    """If it fails, a map that was saved means another field when it is read again."""
    parsed = parse(write(Path(legs)))
    assert parsed.legs == legs


@settings(max_examples=100, deadline=None)
@given(WORDS)
def test_any_name_can_be_written_as_a_source(name: str) -> None:
    """If it fails, a column whose name holds a dot, a brace or a quote cannot be mapped."""
    assert parse(top(name)).legs == ((Name(name),),)
    assert find({name: "found", "other": 1}, top(name)) == "found"
    assert sought({name: "found", "other": 1}, top(name)) == ["found"]


@settings(max_examples=200, deadline=None)
@given(st.text('ab.{}=>" 0\\', max_size=12))
def test_whatever_is_typed_parses_or_is_explained(source: str) -> None:
    """If it fails, a mistyped source ends in a traceback, or is taken for something else."""
    try:
        path = parse(source)
    except ValueError:
        return
    assert parse(write(path)).legs == path.legs


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("", "at character 1"),
        ("a.", "at character 3"),
        ("a..b", "at character 3"),
        ("a{b", "a key ends with }"),
        ("a}b", "at character 2"),
        ('"a', "does not end"),
        ('"a"b', "must come here"),
        ("a.{k}", "is missing"),
        (".".join("abcdefghijklmnopqrst"), "more than 16 steps"),
        ("a" * 501, "at most 500"),
    ],
)
def test_what_is_no_source(source: str, where: str) -> None:
    """If it fails, nobody learns where in a source the mistake is."""
    with pytest.raises(ValueError, match=where):
        parse(source)


RECORD: dict[str, Any] = {
    "model": {"version": "2", "scores": [0.5, 0.7]},
    "model.name": "whole",
    "nested": {"model": {"name": "deep"}},
    "text": '{"decision": "refer", "why": [{"key": "k", "value": "v"}]}',
    "broken": '{"decision": ',
    "word": "plain",
    "quoted": '"in quotes"',
    "none": None,
    "attributes": [
        {"key": "s", "value": {"stringValue": "gpt-4o"}},
        {"key": "i", "value": {"intValue": "9223372036854775807"}},
        {"key": "n", "value": {"intValue": 7}},
        {"key": "d", "value": {"doubleValue": 0.25}},
        {"key": "b", "value": {"boolValue": False}},
        {"key": "a", "value": {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": 3}]}}},
        {
            "key": "m",
            "value": {"kvlistValue": {"values": [{"key": "q", "value": {"intValue": 1}}]}},
        },
        {"key": "j", "value": {"stringValue": '[{"parts": [{"content": "yes"}]}]'}},
        {"key": "bare", "value": "bare"},
        {"key": "s", "value": {"stringValue": "second"}},
        {"value": {"stringValue": "no key"}},
        "no pair",
        {"key": "empty"},
    ],
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("model.version", "2"),
        ("model.scores.1", "0.7"),
        ("model.name", "whole"),
        ("nested.model.name", "deep"),
        ('"model.name"', "whole"),
        ('model."version"', "2"),
        ("text => decision", "refer"),
        ("text => why{k}", "v"),
        ("attributes{j} => 0 => ", '{"parts":[{"content":"yes"}]}'),
        ("quoted =>", "in quotes"),
        ("broken => decision", None),
        ("word => decision", None),
        ("none", None),
        ("nowhere.at.all", None),
        ("attributes{s}", "gpt-4o"),
        ("attributes{i}", "9223372036854775807"),
        ("attributes{n}", "7"),
        ("attributes{d}", "0.25"),
        ("attributes{b}", "false"),
        ("attributes{a}.0", "x"),
        ("attributes{a}.1", "3"),
        ("attributes{a}.2", None),
        ("attributes{m}{q}", "1"),
        ("attributes{j} => 0.parts.0.content", "yes"),
        ("attributes{bare}", "bare"),
        ("attributes{empty}", None),
        ("attributes{absent}", None),
        ("word{s}", None),
        ("model{s}", None),
    ],
)
def test_what_stands_at_a_source(source: str, expected: str | None) -> None:
    """If it fails, a column holds another field than its source names, or a 64-bit integer lost."""
    assert sought(RECORD, source) == [expected]
    value = find(RECORD, source)
    said = value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
    assert said == expected


def test_many_sources_at_once() -> None:
    """If it fails, sources that share a part of their way hinder each other."""
    sources = [
        "attributes{s}",
        "text => decision",
        "attributes{a}.1",
        "model.version",
        "text => why{k}",
    ]
    assert sought(RECORD, *sources, *sources) == ["gpt-4o", "refer", "3", "2", "v"] * 2


LEAVES = st.integers(-(2**63), 2**64 - 1) | st.text('ab."\\{é', max_size=5) | st.booleans()
NAMES = st.sampled_from(["a", "b", "a.b", "0", ""])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4), st.lists(NAMES, min_size=1, max_size=3))
def test_sql_finds_what_python_finds(record: dict[str, Any], names: list[str]) -> None:
    """If it fails, what is shown before an import is not what is sealed by it."""
    source = write(Path((tuple(Name(name) for name in names),)))
    value = find(record, source)
    said = value if isinstance(value, str) else orjson.dumps(value).decode()
    assert sought(record, source) == [None if value is None or said == "" else said]
