"""What the column map needs of a conversation whose words are not kept.

Before a summary takes a conversation's place, the texts of the mapped columns that stand inside it
are taken out of the redacted record and kept beside the summary, in one member of the record:
`"quaestor:mapped": {"decision": "approve", "output_chars": "212"}`. Rules kept here:
- a column has the same value whether conversations are kept or not, save where its text is a
  conversation itself or longer than a decision is;
- what a column takes from there, it takes whole: the text as the derivation would have seen it, a
  text's length or digest; an empty text is that nothing was there;
- no log brings such a member along: whoever reads one knows that sealing wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ledger.logs.locating import Locator
from ledger.logs.mapping import MAPPED, Column, ColumnMap, Of
from ledger.logs.paths import Key, Name, Step, parse
from ledger.logs.splicing import EVERY, key_shape

LONGEST = 300  # characters of a text that is taken; a longer one is no decision
WITHHELD = "[redacted:conversation]"
BROUGHT = f"it has a member {MAPPED}, which sealing alone writes"

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def taken_columns(mapping: ColumnMap, conversations: Sequence[str]) -> dict[str, Column]:
    """The columns of a map that cannot be derived once these sources hold summaries alone."""
    return {
        name: column
        for name, column in mapping.columns.items()
        if any(
            inside(source, each) or (looked_at and around(source, each))
            for source, looked_at in _read(column)
            for each in conversations
        )
    }


def _read(column: Column) -> Iterator[tuple[str, bool]]:
    """Every source of a column, and whether it tells something of a whole text but not the text."""
    cases = {source for case in column.cases for source in case.sources}
    for source in column.reads:
        yield source, column.of is not Of.VALUE or source in cases


def taking(
    columns: dict[str, Column], conversations: Sequence[str], rows: str
) -> tuple[str, dict[str, object]]:
    """Write SQL, with its parameters, that takes the texts of columns from the column `record`.

    It yields, in the order of `row`, `taken` (a JSON object of texts) and `brought`: whether the
    record has such a member already.
    """
    locator = Locator()
    pairs = []
    for name, column in columns.items():
        texts = [_text(locator, column, source, conversations) for source in column.sources]
        found = locator.case(column.cases, f"coalesce({', '.join(texts)}, '')")
        pairs.append(f"'{name}', {found}")
        if column.since is not None:
            start = _text(locator, column, column.since, conversations)
            pairs.append(f"'{since_of(name)}', coalesce({start}, '')")
    brought = locator.member(MAPPED)
    sql = f"""
    SELECT json_object({", ".join(pairs)})::VARCHAR AS taken, {brought} IS NOT NULL AS brought
    FROM {locator.relation(rows)} ORDER BY row
    """  # noqa: S608 - names keep to the grammar of targets; values are bound
    return sql, locator.parameters()


def since_of(name: str) -> str:
    """Under which name the start of a column that is a duration is kept."""
    return f"{name}.since"


def of_text(column: Column, text: str) -> str:
    """Write what of a text is taken: itself, its length or its digest."""
    match column.of:
        case Of.LENGTH:
            return f"length({text})::VARCHAR"
        case Of.DIGEST:
            return f"sha256({text})"
        case Of.VALUE:
            return text


def with_taken(record: bytes, taken: str) -> bytes:
    """A record, not empty and written without white space, with what was taken of it."""
    if f'"{MAPPED}":'.encode() in record:  # null, perhaps, which counts as none
        members = _MEMBERS.decode(record)
        return msgspec.json.encode({**members, MAPPED: msgspec.Raw(taken.encode())})
    return b'%b,"%b":%b}' % (record[:-1], MAPPED.encode(), taken.encode())


def misplaced(value: object, columns: dict[str, Column]) -> bool:
    """Whether a record's member of this name holds what taking does not write, of these columns."""
    names = {*columns, *(since_of(name) for name, column in columns.items() if column.since)}
    return not (
        isinstance(value, dict)
        and value.keys() == names
        and all(isinstance(text, str) and len(text) <= LONGEST for text in value.values())
    )


def _text(locator: Locator, column: Column, source: str, conversations: Sequence[str]) -> str:
    text = locator.text([source])
    if column.of is not Of.VALUE:
        return of_text(column, text)
    whole = any(around(source, each) for each in conversations)
    withheld = f"{text} IS NOT NULL" if whole else f"length({text}) > {LONGEST}"
    return f"CASE WHEN {withheld} THEN '{WITHHELD}' ELSE {text} END"


def inside(source: str, other: str) -> bool:
    """Whether a source leads to something within what stands at another."""
    return any(
        len(steps) > len(above) and all(map(_meets, steps, above))
        for steps in _ways(source)
        for above in _ways(other)
    )


def around(source: str, other: str) -> bool:
    """Whether what stands at a source is, or holds, what stands at another."""
    return any(
        len(steps) <= len(below) and all(map(_meets, steps, below))
        for steps in _ways(source)
        for below in _ways(other)
    )


def _meets(step: Step, other: Step) -> bool:
    """Whether a step is one that a conversation's source takes: `*` is any place in an array."""
    if isinstance(step, Key) and isinstance(other, Key):
        return key_shape(other.text).fullmatch(step.text) is not None
    return step == other or (other == Name(EVERY) and step.text.isdecimal())


def _ways(source: str) -> Iterator[tuple[Step, ...]]:
    """The steps of a source, and of what it is first taken for; JSON texts are passed through."""
    path = parse(source)
    yield tuple(step for leg in path.legs for step in leg)
    if path.whole is not None:
        yield (Name(path.whole),)
