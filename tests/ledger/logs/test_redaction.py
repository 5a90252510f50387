"""Redaction: nothing that must go stays, nothing else changes."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.logs.patterns import is_card
from ledger.logs.redaction import redact, redact_at, redact_text
from tests.ledger.logs.conftest import Screen

# Made up here; parts are joined so that no scanner takes this file for a leak.
KEY = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE" + " KEY-----"
GOOGLE = "AI" + "za" + KEY[:35]

FOUND = [
    ("email", "write to anna.müller+x@mail.example.co.uk.", "write to [redacted:email]."),
    ("email", "<bob@example.org>", "<[redacted:email]>"),
    ("card", "card 4111 1111 1111 1111 123", "card [redacted:card] 123"),
    ("card", "card 6226685686932006912", "card [redacted:card]"),
    ("phone", '{"phone": "0171 1234567"}', '{"phone": "[redacted:phone]"}'),
    ("card", "4111-1111-1111-1111", "[redacted:card]"),
    ("card", "no.5555555555554444", "no.[redacted:card]"),
    ("card", "3782 822463 10005 or 378282246310005", "[redacted:card] or [redacted:card]"),
    ("card", "1234 4111 1111 1111 1111", "1234 [redacted:card]"),
    ("card", "6011111111111117.0", "[redacted:card]"),
    (
        "card",
        "card 4222222222222;3530111333300000;30569309025904",
        "card " + ";".join(["[redacted:card]"] * 3),
    ),
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
    assert +counts == ({kind: expected.count("[redacted:")} if text != expected else {})


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_the_screen_finds_each(screen: Screen, kind: str, text: str, expected: str) -> None:
    """The fast screen lacks one of the patterns, so that it is never looked for in a file."""
    record = orjson.dumps({"a": text}).decode()
    (found,) = screen([record]).values()
    assert kind in found.classes or text == expected
    assert redact_at(record, found, Counter()) == redact(record, Counter())


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_redacting_twice_changes_nothing_more(kind: str, text: str, expected: str) -> None:
    """A redacted text is redacted again and counted twice."""
    counts: Counter[str] = Counter()
    assert redact_text(expected, counts) == expected
    assert not +counts, (kind, text)


# Numbers from the standards, or published as examples by whoever issues them.
STATED = [
    ("bank_account", "pay DE89 3704 0044 0532 0130 00 now", "pay [redacted:bank_account] now"),
    ("bank_account", "IBAN:GB82WEST12345698765432.", "IBAN:[redacted:bank_account]."),
    (
        "bank_account",
        "NO9386011117947, XK051212012345678906",
        ", ".join(["[redacted:bank_account]"] * 2),
    ),
    (
        "phone",
        "call +49 30 901820 12, or +1 (212) 555-0123",
        "call [redacted:phone], or [redacted:phone]",
    ),
    ("phone", "+442079460018", "[redacted:phone]"),
    ("phone", "Tel.: 030 901820-0", "Tel.: [redacted:phone]"),
    ("phone", "phone number is (212) 555-0123", "phone number is [redacted:phone]"),
    (
        "national_id",
        "DNI 12345678Z, NIE X1234567L",
        "DNI [redacted:national_id], NIE [redacted:national_id]",
    ),
    ("national_id", "BSN: 111222333", "BSN: [redacted:national_id]"),
    ("national_id", "PESEL 44051401359", "PESEL [redacted:national_id]"),
    ("national_id", "Steuer-ID 86095742719", "Steuer-ID [redacted:national_id]"),
    ("national_id", "NIR 2 55 08 14 168 025 38", "NIR [redacted:national_id]"),
    ("national_id", "personnummer 811228-9874", "personnummer [redacted:national_id]"),
    ("national_id", "NINO QQ 12 34 56 C and AB123456C", "NINO QQ 12 34 56 C and AB123456C"),
    ("national_id", "NINO AB 12 34 56 C", "NINO [redacted:national_id]"),
    ("national_id", "his SSN is 078-05-1120.", "his SSN is [redacted:national_id]."),
    ("ip", "from 203.0.113.17:443", "from [redacted:ip]:443"),
    ("ip", "client 10.0.0.1", "client [redacted:ip]"),
    ("ip", "[2001:db8::8a2e:370:7334]:80", "[[redacted:ip]]:80"),
    ("ip", "2001:0db8:0000:0000:0000:8a2e:0370:7334", "[redacted:ip]"),
]
FOUND += STATED
UNDER = [
    ("phone", {"mobileNumber": "0171 2345678"}, {"mobileNumber": "[redacted:phone]"}),
    ("phone", {"phones": ["030 901820", "040 901820"]}, {"phones": ["[redacted:phone]"] * 2}),
    ("phone", {"phone": 3090182012}, {"phone": "[redacted:phone]"}),
    ("national_id", {"bsn": 111222333}, {"bsn": "[redacted:national_id]"}),
    ("national_id", {"user_ssn": "078051120"}, {"user_ssn": "[redacted:national_id]"}),
    ("ip", {"requester_ip_address": "10.0.0.1"}, {"requester_ip_address": "[redacted:ip]"}),
    ("credential", {"api_key": ["abcd", "efgh"]}, {"api_key": ["[redacted:credential]"] * 2}),
]


@pytest.mark.parametrize(("kind", "document", "expected"), UNDER)
def test_a_key_says_what_a_value_is(
    screen: Screen, kind: str, document: dict[str, object], expected: dict[str, object]
) -> None:
    """A number in a field of its own, without a word before it, is recorded."""
    record = orjson.dumps({"id": 1, **document, "z": "1.2.3"}).decode()
    (hit,) = screen([record]).values()
    counts: Counter[str] = Counter()
    assert orjson.loads(redact_at(record, hit, counts)) == {
        "id": 1,
        **expected,
        "z": "1.2.3",
    }
    assert set(+counts) == {kind}


@pytest.mark.parametrize(
    "clean",
    [
        "0.4111111111111111",
        ".4111111111111111",
        "-12.5555555555554444",
        "4111111111111112",
        "41111111111111111",
        "6226685686932006912 and 62266856869320069 of order 622668568693200695",
        "id4111111111111111",
        "4111111111111111a",
        "risk-assessment-for-credit-applicants-in-the-north-of-england",
        "the secretary: Johnson; tokens=1234567; a bearer of news",
        "password=null has_password: true",
        "@handle and user@localhost",
        "2024-01-15 10:30:00.123456 +0200",
        "DE89370400440532013001 and DE8937040044053201300",
        "order NO1234567890124, batch 44051401359, 111222333, 12345678Z, 811228-9874",
        "PESEL 44051401358; SSN 000-12-3456; DNI 12345678A; Steuer-ID 86095742718",
        "+0200 +12 +1.5 1+15551234567 +15551234567.5 tel 2024-01-15 phone: 2024-01-15",
        "hotel 1234567, cell 12, a phone in 2024, fax",
        "1.2.3.4 v120.1.2.3 Chrome/120.0.0.109 version 10.0.190.41 256.100.1.1 1.100.3.4.5",
        "12:30:45 00:1b:44:11:3a:b7 std::chrono::seconds 1::2 :: ::1",
    ],
)
def test_what_is_not_found(clean: str) -> None:
    """A score, a code or a word is taken for a card or a credential, and evidence is lost."""
    counts: Counter[str] = Counter()
    assert redact_text(clean, counts) == clean
    assert not +counts


@pytest.mark.parametrize(
    ("record", "cards"),
    [
        ('{"id":6226685686932006912,"card":6226685686932006912}', 0),
        ('{"id":"6226685686932006912"}', 0),
        ('{"cardNumber":"6226685686932006912"}', 1),
        ('{"pan":["6226685686932006912"],"expand":"6226685686932006912"}', 1),
        ('{"key":"n","value":{"intValue":"4111111111111111"}}', 0),
        ('{"key":"n","value":{"intValue":4111111111111111}}', 0),
        ('{"key":"card.number","value":{"intValue":"4111111111111111"}}', 1),
        ('{"key":"n","value":{"stringValue":"4111111111111111"}}', 1),
        ('{"n":4111111111111111}', 1),
    ],
)
def test_long_integers_are_ids_unless_a_word_says_card(record: str, cards: int) -> None:
    """If it fails, one id of so many is gone from the evidence, or a card is in it."""
    counts: Counter[str] = Counter()
    redacted = redact(record, counts)
    assert (counts["card"], redacted.count("[redacted:card]")) == (cards, cards)
    assert cards or redacted == record


def test_records_stay_json_and_the_rest_stays_as_it_was() -> None:
    """Redaction reformats a record, misses keys and escapes, or breaks the JSON."""
    record = (
        rb'{ "a" : "b\u006fb\u0040example.org", "\u00e9\/":1.10,"bob@x.org" : [4111111111111111],'
        rb' "api_key":"ab\"c", "pin":4111111111111112, "password": 1234, "x":"\n4111111111111111"}'
    )
    counts: Counter[str] = Counter()
    redacted = redact(record.decode(), counts).encode()
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
    for text in (orjson.dumps(record).decode(), json.dumps(record, indent=None)):
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


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(PIECES, PIECES, st.sets(st.integers(0, 60), max_size=3), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_the_screen_misses_nothing(
    screen: Screen, rows: list[tuple[str, str, set[int], bool]]
) -> None:
    """The fast screen passes over a record that would have been redacted."""
    records = []
    for key, value, escaped, ascii_only in rows:
        if ascii_only:
            records.append(json.dumps({key: value}))
        else:
            records.append(f"{{{spelled(key, set())} : {spelled(value, escaped)}}}")
    found = screen(records)
    for row, record in enumerate(records):
        whole: Counter[str] = Counter()
        screened: Counter[str] = Counter()
        expected = redact(record, whole)
        orjson.loads(expected)
        assert expected == (redact_at(record, found[row], screened) if row in found else record)
        assert +whole == +screened


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "4", "4111 ", 'password="', "://a:", "bearer ", "eyJ", "-----BEGIN ", "a@", "a@b."],
)
def test_long_texts_take_linear_time(piece: str) -> None:
    """One hostile record of a MiB stops an import for hours."""
    start = time.process_time()
    redact_text(piece * (2**18 // len(piece)), Counter())
    assert time.process_time() - start < 20  # it takes one; the square of it, hours


# Generated: every valid instance, at every place.


def checked_iban(country: str, bban: str) -> str:
    """Put check digits before a basic account number, as ISO 7064 (mod 97-10) says."""
    number = int("".join(str(int(sign, 36)) for sign in f"{bban}{country}00"))
    return f"{country}{98 - number % 97:02d}{bban}"


def weighted(weights: tuple[int, ...], digits: str) -> int:
    """Sum of digits times weights."""
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True))


def pesel(born: tuple[int, int, int], serial: str) -> str:
    """A PESEL of somebody born in the 1900s."""
    bare = f"{born[0]:02d}{born[1]:02d}{born[2]:02d}{serial}"
    return f"{bare}{-weighted((1, 3, 7, 9, 1, 3, 7, 9, 1, 3), bare) % 10}"


def bsn(number: int) -> str | None:
    """A BSN of eight digits and their check, if they have one."""
    bare = f"{number:08d}"
    check = weighted((9, 8, 7, 6, 5, 4, 3, 2), bare) % 11
    return f"{bare}{check}" if check < 10 else None


def nir(number: int) -> str:
    """A NIR: 13 digits and their key."""
    return f"{number}{97 - number % 97:02d}"


def luhn_ended(bare: str) -> str:
    """Digits with a Luhn digit."""
    return next(f"{bare}{digit}" for digit in range(10) if luhn(f"{bare}{digit}"))


DIGITS = "0123456789"
DAYS = st.tuples(st.integers(0, 99), st.integers(1, 12), st.integers(1, 28))
VALID = st.one_of(
    st.text(DIGITS, min_size=15, max_size=15).map(
        lambda bare: ("card", luhn_ended(f"4{bare}"[:15]))
    ),
    st.text(DIGITS, min_size=18, max_size=18).map(
        lambda bban: ("bank_account", checked_iban("DE", bban))
    ),
    st.tuples(
        st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4),
        st.text(DIGITS, min_size=14, max_size=14),
    ).map(lambda bban: ("bank_account", checked_iban("GB", "".join(bban)))),
    st.integers(10**9, 10**10 - 1).map(lambda number: ("phone", f"+49{number}")),
    st.integers(1, 10**8 - 1).map(
        lambda n: ("national_id", f"DNI {n:08d}{'TRWAGMYFPDXBNJZSQVHLCKE'[n % 23]}")
    ),
    st.tuples(DAYS, st.text(DIGITS, min_size=4, max_size=4)).map(
        lambda both: ("national_id", f"pesel: {pesel(*both)}")
    ),
    st.integers(10**7, 10**8 - 1)
    .map(bsn)
    .filter(bool)
    .map(lambda number: ("national_id", f"BSN {number}")),
    st.integers(10**12, 3 * 10**12 - 1).map(lambda number: ("national_id", f"NIR {nir(number)}")),
    st.tuples(DAYS, st.integers(0, 999)).map(
        lambda both: (
            "national_id",
            "personnummer " + luhn_ended("{:02d}{:02d}{:02d}".format(*both[0]) + f"{both[1]:03d}"),
        )
    ),
    st.tuples(st.integers(1, 665), st.integers(1, 99), st.integers(1, 9999)).map(
        lambda parts: ("national_id", "SSN {:03d}-{:02d}-{:04d}".format(*parts))
    ),
    st.ip_addresses(v=4).map(lambda address: ("ip", f"client {address}")),
    st.ip_addresses(v=6)
    .filter(lambda address: len(str(address)) > 12)
    .map(lambda address: ("ip", f"at {address}")),
    st.emails(domains=st.just("example.org"))
    .map(lambda address: ("email", address))
    .filter(
        lambda both: (
            all(sign.isalnum() or sign in ".+-_@" for sign in both[1]) and both[1][0].isalnum()
        )
    ),
)


def placed(text: str, where: str, escaped: set[int]) -> str:
    """A record in which a text stands at some place, some of its characters written as escapes."""
    match where:
        case "key":
            return f'{{"n":1.50,{spelled(text, escaped)}:[]}}'
        case "nested":
            return f'{{"a":[{{"b":[1,"x",{spelled(f"so {text}", escaped)}]}}],"n":1.50}}'
        case "json":
            return orjson.dumps({"n": 1.5, "a": f'{{"b": {spelled(text, escaped)}}}'}).decode()
        case _:
            return f'{{ "a" : {spelled(text, escaped)}, "n":1.50 }}'


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            VALID,
            st.sampled_from(["value", "key", "nested", "json"]),
            st.sets(st.integers(0, 40), max_size=4),
        ),
        min_size=1,
        max_size=16,
    )
)
def test_every_valid_instance_is_found_wherever_it_stands(
    screen: Screen,
    rows: list[tuple[tuple[str, str], str, set[int]]],
) -> None:
    """A card, an account, a person's number or address is recorded because of how it is written."""
    records = [placed(text, where, escaped) for (_, text), where, escaped in rows]
    found = screen(records)
    for row, ((kind, text), where, _) in enumerate(rows):
        counts: Counter[str] = Counter()
        assert row in found, (text, where, records[row])
        redacted = redact_at(records[row], found[row], counts)
        assert counts[kind] == 1, (text, where, redacted)
        orjson.loads(redacted)
        assert text.split(" ")[-1] not in str(orjson.loads(redacted))


WORDS = st.sampled_from(
    [
        "the",
        "applicant",
        "asks",
        "for",
        "a",
        "loan",
        "over",
        "sixty",
        "months",
        "hotel",
        "telephone",
        "model",
        "version",
        "order",
        "national",
        "identity",
        "tax",
        "client",
        "remote",
        "service",
        "continue",
        "insurance",
        "token",
        "key",
        "password",
        "credit",
    ]
)
FIGURES = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.decimals(-(10**6), 10**6, places=3, allow_nan=False).map(str),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.tuples(*[st.integers(0, 99)] * 4).map(lambda parts: "{}.{}.{}.{}".format(*parts)),
    st.tuples(*[st.integers(0, 30)] * 3).map(lambda parts: "{}.{}.{}".format(*parts)),
    st.integers(0, 10**6).map("ORD-{:07d}".format),
    st.uuids(version=4).map(str),
)
PROSE = st.lists(WORDS | FIGURES, max_size=12).map(" ".join)
# A word for an address, right before four numbers, says what they are.
SAYS_ADDRESS = re.compile(r"(?:client|remote) [0-9]+(?:\.[0-9]+){3}")


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(
        PROSE.filter(lambda text: not SAYS_ADDRESS.search(text)), min_size=1, max_size=12
    )
)
def test_clean_prose_is_never_altered(screen: Screen, lines: list[str]) -> None:
    """A date, a decimal, a version or an order number is taken for something personal."""
    records = [
        orjson.dumps({"text": line, "inner": json.dumps({"t": line})}).decode() for line in lines
    ]
    found = screen(records)
    counts: Counter[str] = Counter()
    for row, record in enumerate(records):
        assert redact(record, counts) == record
        if row in found:
            assert redact_at(record, found[row], counts) == record
    assert not +counts
