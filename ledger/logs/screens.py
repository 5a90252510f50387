"""Where a record may hold something to redact, found by DuckDB in the records' JSON text.

Rules kept here:
- whatever a class's patterns find in a string or number of a record, its anchor finds in the JSON
  text, and ends inside that string or number, or just before it; it may find more;
- an anchor is linear in the text (RE2), and is run with marks only where it was seen to match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb

from ledger.logs.credentials import NAMES
from ledger.logs.issued import ISSUED, LIKE_WORDS

# Printable ASCII written as an escape may spell anything, save for & ' < = >: some encoders always
# escape these, and no pattern needs one where its anchor looks.
ESCAPED = r"\\u00(?:2[0-589A-Fa-f]|3[0-9ABFabf]|[4-7])"
# Between a word and what it is about: no digit, save those of an escape.
_NO_DIGIT = r"(?:[^0-9]|\\u[0-9A-Fa-f]{4})"
_GAP, _ANY_GAP = f"{_NO_DIGIT}{{0,80}}?", f"{_NO_DIGIT}*?"
_SPACE = r"(?:\s|\\[nrtfv]|\\u00[01][0-9A-Fa-f])*"

_GIVES = rf"(?:\\*[\"'])?{_SPACE}(?:[:=]|\\u003[dD])"
_VALUE = (
    rf"\"{_SPACE},{_SPACE}\"value\"{_SPACE}:{_SPACE}\{{{_SPACE}\"(?:string|int)Value\"{_SPACE}:"
)
_CREDENTIAL = "|".join(
    (
        r":\\?/\\?/(?:[^ \"@\\]|\\.)*@|PRIVATE KEY|PuTTY-User-Key|eyJ[A-Za-z0-9_-]{8}",
        *(each.anchor or each.begins for each in (*ISSUED, *LIKE_WORDS)),
        r"hooks\.slack\.com|discord(?:app)?\.com",
        rf"(?i:authorization|cookie){_GIVES}",
        rf"(?i:bearer|basic){_SPACE}(?:[A-Za-z0-9._~+=-]|\\?/){{8}}",
        rf"(?i:token|sig|signature){_GIVES}{_SPACE}(?:\\*[\"'])?(?:[A-Za-z0-9._~+=%-]|\\?/){{16}}",
        rf"(?i:{NAMES}){_GIVES}",
        # In OTLP, where the name is a value itself.
        rf"(?i:{NAMES}|authorization){_VALUE}",
    )
)

ANCHORS = {
    "credential": _CREDENTIAL,
    "card": r"(?:^|[^0-9.]|[A-Za-z]\.|\\u[0-9A-Fa-f]{4})"
    r"(?:4[0-9]{12}|3[0-9]{13}|[2-6][0-9]{15}"
    r"|[3-6][0-9]{3}[ -][0-9]{6}[ -][0-9]{4}"
    r"|[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4})",
    "bank_account": r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11}|(?: [A-Z0-9]{4}){2})",
    "email": r"@",
    "phone": r"\+[1-9](?:[ ./()-]{0,3}[0-9]){6}"
    rf"|(?i:phone|tel|mobil|cell|handy|fax|whatsapp|msisdn){_GAP}"
    r"[0-9](?:[ ./)-]{0,3}[0-9]){6}",
    "national_id": r"(?i:ssn|social|soc.{0,2}sec|nino|insurance|dni|nie|nif|bsn|service|sofi|pesel"
    r"|steuer|idnr|tax|tin|nir|insee|personnummer|pnr|national|identity)"
    rf"{_GAP}[0-9][0-9 .-]{{4}}",
    "ip": r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
    r"|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]"
    r"|::[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:",
}
CLASSES = tuple(ANCHORS)
_MARK = "\x01"  # stands in no JSON text


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that may hold something to redact: of which classes, and after which characters."""

    row: int
    classes: frozenset[str]
    places: list[int]


def hits(engine: duckdb.DuckDBPyConnection, classes: Collection[str] = CLASSES) -> Iterator[Hit]:
    """Screen the relation `batch` for these classes."""
    anchors = {name: f"{ANCHORS[name]}|{ESCAPED}" for name in CLASSES if name in classes}
    # Counted gaps that overlap outgrow RE2's automaton: in prose it then takes 50 times as long.
    whole = "|".join([*(ANCHORS[name] for name in anchors), ESCAPED]).replace(_GAP, _ANY_GAP)
    found = ", ".join(f"regexp_matches(record, $p{i}) AS f{i}" for i in range(len(anchors)))
    marked = ", ".join(
        f"CASE WHEN f{i} THEN regexp_replace(record, $p{i}, $marked, 'g') END"
        for i in range(len(anchors))
    )
    sql = f"""
    SELECT row, {marked} FROM (
        SELECT row, record, {found} FROM batch WHERE regexp_matches(record, $whole)
    ) ORDER BY row
    """  # noqa: S608 - numbers only
    bound = {f"p{i}": anchor for i, anchor in enumerate(anchors.values())}
    rows = engine.execute(sql, {**bound, "whole": whole, "marked": rf"\0{_MARK}"})
    while part := rows.fetchmany(4_096):
        for row, *texts in part:
            marks = {name: text for name, text in zip(anchors, texts, strict=True) if text}
            if marks:
                places = {place for text in marks.values() for place in _places(text)}
                yield Hit(row, frozenset(marks), sorted(places))


def _places(marked: str) -> Iterator[int]:
    """Where the marks stand, counted in the text without them."""
    place = 0
    for piece in marked.split(_MARK)[:-1]:
        place += len(piece)
        yield place
