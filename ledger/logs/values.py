"""SQL that makes a typed value of a text: null if the text is not of the type."""

from __future__ import annotations

from ledger.logs.mapping import (
    EPOCH,
    FALSE,
    INTEGER,
    NUMBER,
    TRUE,
    ZONED,
    ZONELESS,
    Column,
    ColumnMap,
    Type,
    Unit,
)

_DECIMALS = {Unit.SECONDS: 6, Unit.MILLISECONDS: 3, Unit.MICROSECONDS: 0}
# Years 1 to 9999, in microseconds since 1970.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
_DIGITS = 38  # of the widest DECIMAL


def value_of(column: Column, text: str, start: str, mapping: ColumnMap) -> str:
    """Write the value of a column whose text (and, for a duration, start) is in these columns."""
    if column.since is not None:
        zone = mapping.timezone
        end, begin = (_nanoseconds(each, column.unit, zone) for each in (text, start))
        return f"(({end} - {begin}) // 1000)::DOUBLE / 1000"
    match column.type:
        case Type.STRING:
            return text
        case Type.INTEGER:
            return _cases((text, INTEGER, f"TRY_CAST({text} AS BIGINT)"))
        case Type.NUMBER:
            return _number(text, column.scale)
        case Type.BOOLEAN:
            return _cases((text, TRUE, "true"), (text, FALSE, "false"))
        case Type.TIMESTAMP:
            return _moment(text, column.unit, mapping.timezone)


def _cases(*cases: tuple[str, str, str]) -> str:
    """Write the value of the first shape that a text has."""
    whens = (f"WHEN regexp_full_match({text}, '{shape}') THEN {sql}" for text, shape, sql in cases)
    return f"CASE {' '.join(whens)} END"


def _number(text: str, scale: str | None) -> str:
    """Write a finite double. It is scaled as a decimal where that holds it, so exactly."""
    value = f"TRY_CAST({text} AS DOUBLE)"
    if scale is not None:
        digits = len(scale.strip("-").replace(".", ""))
        fraction = len(scale.partition(".")[2])
        exact = f"TRY_CAST({text} AS DECIMAL({_DIGITS - digits}, 12))"
        factor = f"'{scale}'::DECIMAL({digits}, {fraction})"
        value = f"coalesce(TRY({exact} * {factor})::DOUBLE, {value} * {scale})"
    return _cases((text, NUMBER, f"CASE WHEN isfinite({value}) THEN {value} END"))


def _moment(text: str, unit: Unit, zone: str | None) -> str:
    """Write a time in UTC, cut to microseconds; fractions of a unit are rounded to them."""
    if unit is Unit.ISO:
        cases = [(text, ZONED, f"TRY_CAST({text} AS TIMESTAMPTZ)")]
        if zone:
            cases.append((text, ZONELESS, f"timezone($zone, TRY_CAST({text} AS TIMESTAMP))"))
        return _cases(*cases)
    micros = f"({_nanoseconds(text, unit, zone)} // 1000)"
    inside = f"{micros} BETWEEN {_FIRST} AND {_LAST}"
    return f"CASE WHEN {inside} THEN make_timestamptz({micros}::BIGINT) END"


def _nanoseconds(text: str, unit: Unit, zone: str | None) -> str:
    """Write nanoseconds since 1970 as an integer of 128 bits; never by way of a float."""
    if unit is Unit.ISO:
        return f"(epoch_us({_moment(text, unit, zone)})::HUGEINT * 1000)"
    if unit is Unit.NANOSECONDS:
        return _cases((text, r"[+-]?[0-9]{1,19}", f"TRY_CAST({text} AS HUGEINT)"))
    places = _DECIMALS[unit]
    micros = f"(TRY_CAST({text} AS DECIMAL({_DIGITS}, {places})) * {10**places})::HUGEINT"
    return _cases((text, EPOCH, f"({micros} * 1000)"))
