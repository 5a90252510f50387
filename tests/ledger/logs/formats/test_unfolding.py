"""Records taken apart lose nothing: no digit, no field, no line."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.logs.formats import otlp
from ledger.logs.formats.slicing import elements, joined, members
from tests.ledger.logs.formats.sealed import leaves

NUMBERS = st.sampled_from(
    [
        "18446744073709551615",
        "-9223372036854775808",
        "0.1000000000000000055511151231257827",
        "1e999",
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)
SPACE = st.sampled_from(["", " ", "\n", "\t "])


@given(st.dictionaries(TEXTS, NUMBERS, min_size=1, max_size=4), SPACE)
def test_slices_are_the_bytes_they_were(numbers: dict[str, str], space: str) -> None:
    """A number that no float holds would be sealed as its neighbour."""
    pairs = ",".join(f"{space}{json.dumps(name)}:{space}{n}" for name, n in numbers.items())
    text = f"{{{pairs}{space}}}".encode()
    parts = members(text, "it")
    assert {name: part.decode() for name, part in parts.items()} == numbers
    again = joined(parts)
    assert members(again, "it").keys() == parts.keys()
    assert leaves(again.replace(b"1e999", b"1")) == leaves(text.replace(b"1e999", b"1"))


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b'{"a"', b'{"a":' + b"[" * 100_000])
def test_what_is_no_object(text: bytes) -> None:
    """A damaged or hostile line would end an import instead of becoming a bad row."""
    with pytest.raises(ValueError, match="it is not a JSON object"):
        members(text, "it")
    with pytest.raises(ValueError, match="not a JSON array"):
        elements(b"{" + text, "it")


@pytest.mark.parametrize(
    "text", [b'{"a":1,"b":[{"c":1}],"a":2}', b'{ "a" : 1, "\\u0061" : 2 }', b'{"a":1,"a":1}']
)
def test_a_name_twice_is_refused(text: bytes) -> None:
    """One of two values of a name would be sealed, and the other silently lost."""
    with pytest.raises(ValueError, match="it has a name twice"):
        members(text, "it")
    within = b'{ "x": ' + text + b', "y": [' + text + b"]}"
    assert bytes(members(within, "it")["x"]) == text


@st.composite
def traces(draw: st.DrawFn) -> tuple[dict[str, object], int]:
    """Draw a line of OTLP, with unknown fields at every level, and the number of its spans."""
    total = 0
    resources = []
    for _ in range(draw(st.integers(1, 2))):
        scopes = []
        for _ in range(draw(st.integers(1, 2))):
            spans = draw(st.lists(OBJECTS, min_size=1, max_size=3))
            total += len(spans)
            scopes.append(draw(OBJECTS) | {"scope": draw(OBJECTS), "spans": spans})
        resources.append(draw(OBJECTS) | {"resource": draw(OBJECTS), "scopeSpans": scopes})
    return draw(OBJECTS) | {"resourceSpans": resources}, total


@settings(max_examples=60)
@given(traces())
def test_every_value_of_a_line_is_in_its_spans(drawn: tuple[dict[str, object], int]) -> None:
    """Something that a tracer wrote about a decision would be in no record."""
    line, total = drawn
    records = otlp.unfold(json.dumps(line).encode())
    assert len(records) == total
    kept = sum((leaves(record) for record in records), Counter())
    wanted = leaves(json.dumps(line))
    for name in ("resourceSpans", "scopeSpans", "spans"):
        wanted.pop(("str", name), None)
    assert not wanted - kept


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"resourceLogs":[]}', "OTLP, but logs"),
        (b'{"resourceMetrics":[]}', "OTLP, but metrics"),
        (b'{"resourceSpans":[]}', "the line holds no span"),
        (b'{"resourceSpans":[{"resource":{}}]}', "a resource holds no span"),
        (b'{"resourceSpans":[{"scopeSpans":[{"scope":{}}]}]}', "a scope holds no span"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}', "a span is not a JSON object"),
        (b'{"resourceSpans":[{"scopeSpans":{}}]}', "scopeSpans is not a JSON array"),
        (b'{"resourceSpans":[[]]}', "an element of resourceSpans is not a JSON object"),
        (b'{"resourceSpans":7}', "resourceSpans is not a JSON array"),
    ],
)
def test_lines_without_decisions_say_so(line: bytes, reason: str) -> None:
    """A line that holds no span would vanish, or be sealed as a decision about nothing."""
    with pytest.raises(ValueError, match=reason):
        otlp.unfold(line)
