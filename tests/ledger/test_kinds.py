from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.clock import write_time
from ledger.entry import Entry, NewerFormat, canonical
from ledger.errors import InvalidInput
from ledger.kinds import SPECS, TABLES, Kind, Spec, read_body, spec_of
from ledger.registers.body import TIME
from ledger.registers.rows import Row
from ledger.vault import sealed_values
from tests.vectors.kinds_table import PAGE, written

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - made UTC
    lambda moment: write_time(moment.replace(tzinfo=UTC))
)
VISIBLE = st.characters(exclude_categories=["Cs", "Cc"])


def values(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generate what a JSON schema (of those that pydantic writes for bodies) describes."""
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of(*(values(each, definitions) for each in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    make: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "null": st.none,
        "boolean": st.booleans,
        "integer": lambda: st.integers(schema.get("minimum", -(2**53) + 1), 2**53 - 1),
        "string": lambda: texts(schema),
        "array": lambda: st.lists(values(schema["items"], definitions), max_size=2),
        "object": lambda: st.fixed_dictionaries(
            {name: values(each, definitions) for name, each in schema.get("properties", {}).items()}
        ),
    }
    return make[schema["type"]]()


def texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Generate text of a pattern or a length."""
    pattern = schema.get("pattern", "")
    if pattern == TIME:
        return TIMES
    if pattern and "\\x00" not in pattern:
        return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    return st.text(VISIBLE, min_size=schema.get("minLength", 0), max_size=20)


def bodies(spec: Spec) -> st.SearchStrategy[Any]:
    """Generate bodies of a kind."""
    schema = spec.body.model_json_schema()
    return values(schema, schema.get("$defs", {}))


def entry(kind: str, body: dict[str, Any], subject: str = "") -> Entry:
    """Put a body into an unsigned entry about what its kind is about."""
    subject = subject or f"{SPECS[kind].subject or 'incident'}/x"
    time = "2026-01-01T00:00:00.000000Z"
    return Entry(0, time, "ada", kind, subject, body, "0" * 64, (0, 2))


def test_every_kind_has_a_spec_and_no_spec_is_idle() -> None:
    """If it failed, an entry could be appended that replay does not know, or the reverse."""
    assert set(SPECS) == set(Kind)
    for kind, spec in SPECS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", kind)
        about = spec.subject or kind.partition(".")[0]
        assert about in {kind.partition(".")[0], "model"}


@pytest.mark.parametrize("kind", SPECS)
@settings(max_examples=12)
@given(data=st.data())
def test_bodies_survive_the_way_through_canonical_json(kind: str, data: st.DataObject) -> None:
    """If it failed, a body would be read otherwise than it was entered, or not at all."""
    body = data.draw(bodies(SPECS[kind]))
    model = read_body(entry(kind, orjson.loads(canonical(body))))
    assert model.model_dump() == body
    assert read_body(entry(kind, orjson.loads(canonical(model.model_dump())))) == model


@pytest.mark.parametrize("kind", SPECS)
@settings(max_examples=12)
@given(data=st.data())
def test_bodies_hold_nothing_else(kind: str, data: st.DataObject) -> None:
    """If it failed, entries could carry fields that no register and no reader sees."""
    body = data.draw(bodies(SPECS[kind]))
    with pytest.raises(InvalidInput):
        read_body(entry(kind, {**body, "more": 1}))
    if SPECS[kind].subject:
        with pytest.raises(InvalidInput, match="is about"):
            read_body(entry(kind, body, subject="other/x"))
    for name in body:
        with pytest.raises(InvalidInput):
            read_body(entry(kind, {**body, name: 0.5}))


@pytest.mark.parametrize("kind", [kind for kind, spec in SPECS.items() if spec.erasable])
@settings(max_examples=12)
@given(data=st.data())
def test_personal_texts_are_entered_as_ciphertext_only(kind: str, data: st.DataObject) -> None:
    """If it failed, a text about a person would stand in the record and could never be erased."""
    body = data.draw(bodies(SPECS[kind]))
    for path in SPECS[kind].erasable:
        changed = orjson.loads(canonical(body))
        holder = changed
        *parents, name = path.split(".")
        for parent in parents:
            holder = holder[parent]
        holder[name] = "Ada Lovelace"
        with pytest.raises(InvalidInput):
            read_body(entry(kind, changed))
        holder[name] = {"vault": "ab" * 16, "data": "AAAA"}
        assert {"vault": "ab" * 16, "data": "AAAA"} in sealed_values(changed)
        read_body(entry(kind, changed))


def test_an_unknown_kind_is_of_a_newer_format() -> None:
    """If it failed, an old program would call a newer ledger altered."""
    with pytest.raises(NewerFormat):
        spec_of("model.dreamt")


def test_every_register_is_verified() -> None:
    """If it failed, rows of a register left out of TABLES could be altered unnoticed."""
    found = set(Row.__subclasses__())
    assert found == set(TABLES)
    assert len({table.__tablename__ for table in TABLES}) == len(TABLES)


def test_the_specification_lists_the_kinds_as_they_are() -> None:
    """If it failed, docs/record-format.md would describe other entries than are written."""
    page = PAGE.read_text()
    assert written(page) == page, "run: python -m tests.vectors.kinds_table"
