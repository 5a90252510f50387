"""Redaction: nothing that must go stays, nothing else changes."""

from __future__ import annotations

import json
import time
from collections import Counter

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.logs.batches import texts
from ledger.logs.engine import analysis, offer
from ledger.logs.patterns import is_card
from ledger.logs.redaction import redact, redact_at, redact_text
from ledger.logs.screens import hits

# Made up here; parts are joined so that no scanner takes this file for a leak.
KEY = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE" + " KEY-----"
GOOGLE = "AI" + "za" + KEY[:35]

FOUND = [
    ("email", "write to anna.müller+x@mail.example.co.uk.", "write to [redacted:email]."),
    ("email", "<bob@example.org>", "<[redacted:email]>"),
    ("card", "card 4111 1111 1111 1111 123", "card [redacted:card] 123"),
    ("card", "4111-1111-1111-1111", "[redacted:card]"),
    ("card", "no.5555555555554444", "no.[redacted:card]"),
    ("card", "3782 822463 10005 or 378282246310005", "[redacted:card] or [redacted:card]"),
    ("card", "1234 4111 1111 1111 1111", "1234 [redacted:card]"),
    ("card", "6011111111111117.0", "[redacted:card]"),
    ("card", "4222222222222;3530111333300000;30569309025904", ";".join(["[redacted:card]"] * 3)),
    ("credential", "AK" + "IA" + "ABCDEFGHIJKLMNOP", "[redacted:credential]"),
    ("credential", "ghp_" + KEY, "[redacted:credential]"),
    ("credential", "github_" + "pat_" + KEY, "[redacted:credential]"),
    ("credential", "glpat-" + KEY[:20], "[redacted:credential]"),
    ("credential", "xoxb-1234567890-abcdef", "[redacted:credential]"),
    ("credential", "xapp-1-A0123456789-abcdef", "[redacted:credential]"),
    ("credential", "ya29." + KEY, "[redacted:credential]"),
    ("credential", "GOCS" + "PX-" + KEY[:28], "[redacted:credential]"),
    ("credential", "sk-proj-" + KEY, "[redacted:credential]"),
    ("credential", "sk-" + KEY, "[redacted:credential]"),
    ("credential", "sk-ant-api03-" + KEY, "[redacted:credential]"),
    ("credential", f"key={GOOGLE}&x=1", "key=[redacted:credential]&x=1"),
    ("credential", f"see {JWT}, ok", "see [redacted:credential], ok"),
    ("credential", f"a {PEM} b", "a [redacted:credential] b"),
    ("credential", PEM[:50], "[redacted:credential]"),
    (
        "credential",
        "Authorization: Bearer abcdef0123456789==",
        "Authorization: Bearer [redacted:credential]",
    ),
    ("credential", "db_password=hunter2; x", "db_password=[redacted:credential]; x"),
    ("credential", "api_key: 'a b c'", "api_key: '[redacted:credential]'"),
    ("credential", '{"apiKey": "abcd"}', '{"apiKey": "[redacted:credential]"}'),
    ("credential", r"{\"secret\": \"abcd\"}", r"{\"secret\": \"[redacted:credential]\"}"),
    (
        "credential",
        "postgres://app:s3cret@db.example.org/x",
        "postgres://app:[redacted:credential]@db.example.org/x",
    ),
]


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_what_is_found(kind: str, text: str, expected: str) -> None:
    """A class of what must not be recorded is recorded."""
    counts: Counter[str] = Counter()
    assert redact_text(text, counts) == expected
    assert +counts == {kind: expected.count("[redacted:")}


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_the_screen_finds_each(kind: str, text: str, expected: str) -> None:
    """The fast screen lacks one of the patterns, so that it is never looked for in a file."""
    record = orjson.dumps({"a": text})
    with analysis() as engine:
        offer(engine, texts([record]))
        found = dict(hits(engine))
    assert kind in found[0], expected


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_redacting_twice_changes_nothing_more(kind: str, text: str, expected: str) -> None:
    """A redacted text is redacted again and counted twice."""
    counts: Counter[str] = Counter()
    assert redact_text(expected, counts) == expected
    assert not +counts, (kind, text)


@pytest.mark.parametrize(
    "clean",
    [
        "0.4111111111111111",
        ".4111111111111111",
        "-12.5555555555554444",
        "4111111111111112",
        "41111111111111111",
        "id4111111111111111",
        "4111111111111111a",
        "risk-assessment-for-credit-applicants-in-the-north-of-england",
        "the secretary: Johnson; tokens=1234567; a bearer of news",
        "password=null has_password: true",
        "@handle and user@localhost",
        "2024-01-15 10:30:00.123456 +0200",
    ],
)
def test_what_is_not_found(clean: str) -> None:
    """A score, a code or a word is taken for a card or a credential, and evidence is lost."""
    counts: Counter[str] = Counter()
    assert redact_text(clean, counts) == clean
    assert not +counts


def test_records_stay_json_and_the_rest_stays_as_it_was() -> None:
    """Redaction reformats a record, misses keys and escapes, or breaks the JSON."""
    record = (
        rb'{ "a" : "b\u006fb\u0040example.org", "\u00e9\/":1.10,"bob@x.org" : [4111111111111111],'
        rb' "api_key":"ab\"c", "pin":4111111111111112, "password": 1234, "x":"\n4111111111111111"}'
    )
    counts: Counter[str] = Counter()
    redacted = redact(record, counts)
    assert redacted == (
        rb'{ "a" : "[redacted:email]", "\u00e9\/":1.10,"[redacted:email]" : ["[redacted:card]"],'
        rb' "api_key":"[redacted:credential]", "pin":4111111111111112,'
        rb' "password": "[redacted:credential]", "x":"\n[redacted:card]"}'
    )
    assert counts == {"email": 2, "card": 2, "credential": 2}
    assert orjson.loads(redacted)["pin"] == 4111111111111112


def luhn(digits: str) -> bool:
    """Check digits as ISO/IEC 7812-1 annex B words it, digit by digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(4 * 10**15, 6 * 10**15 - 1))
def test_cards_are_those_with_a_check_digit(number: int) -> None:
    """Any long number is a card, or a card is any number."""
    digits = str(number)
    issued = digits[0] == "4" or "51" <= digits[:2] <= "55"
    assert not is_card(digits) or luhn(digits)
    assert is_card(digits) or not (luhn(digits) and issued)


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
).filter(lambda number: not is_card(str(number).removesuffix(".0")))
CLEAN = st.one_of(
    NUMBERS,
    NUMBERS.map(str),
    st.uuids(version=4).map(str),
    st.datetimes().map(str),
    st.text(st.characters(exclude_characters="@:=0123456789", exclude_categories=["Cs"])),
)


@settings(max_examples=200, deadline=None)
@example({"": "-2496073081872156"})
@given(st.dictionaries(st.text('abcxyz_- é\\"\n', max_size=8), CLEAN, max_size=5))
def test_clean_records_are_never_altered(record: dict[str, object]) -> None:
    """A record without anything to redact is not, byte for byte, what it was."""
    counts: Counter[str] = Counter()
    for text in (orjson.dumps(record), json.dumps(record, indent=None).encode()):
        assert redact(text, counts) == text
    assert not +counts


PIECES = st.lists(
    st.sampled_from([text for _, text, _ in FOUND])
    | st.sampled_from(
        [" ", "\n", "é", "x", "1", ".", "/", '"', "\\", "-", "=", "token", "\u017f", "\u2028"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=5,
).map("".join)


def spelled(text: str, escaped: set[int]) -> str:
    """JSON string literal of `text` with the characters at these places written as escapes."""
    parts = [
        "".join(f"\\u{unit:04x}" for unit in utf16(c))
        if i in escaped
        else json.dumps(c, ensure_ascii=False)[1:-1]
        for i, c in enumerate(text)
    ]
    return f'"{"".join(parts)}"'


def utf16(character: str) -> tuple[int, ...]:
    """UTF-16 code units of a character."""
    data = character.encode("utf-16-be")
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(PIECES, PIECES, st.sets(st.integers(0, 60), max_size=3), st.booleans()),
        min_size=1,
        max_size=10,
    )
)
def test_the_screen_misses_nothing(rows: list[tuple[str, str, set[int], bool]]) -> None:
    """The fast screen passes over a record that would have been redacted."""
    records = []
    for key, value, escaped, ascii_only in rows:
        if ascii_only:
            records.append(json.dumps({key: value}).encode())
        else:
            records.append(f"{{{spelled(key, set())} : {spelled(value, escaped)}}}".encode())
    with analysis() as engine:
        offer(engine, texts(records))
        found = dict(hits(engine))
    for row, record in enumerate(records):
        whole: Counter[str] = Counter()
        screened: Counter[str] = Counter()
        expected = redact(record, whole)
        orjson.loads(expected)
        assert expected == (redact(record, screened, found[row]) if row in found else record)
        assert +whole == +screened


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "4", "4111 ", 'password="', "://a:", "bearer ", "eyJ", "-----BEGIN ", "a@", "a@b."],
)
def test_long_texts_take_linear_time(piece: str) -> None:
    """One hostile record of a MiB stops an import for hours."""
    start = time.process_time()
    redact_text(piece * (2**20 // len(piece)), Counter())
    assert time.process_time() - start < 5
