"""How a value of a decision reads: as a category, a class, a number, or as positive. SQL only."""

from __future__ import annotations

from policies.fairness.sources import Source

UNKNOWN = "unknown"

# How files spell "no value" where null cannot be written.
_MISSING = "('', 'nan', 'null', 'unknown')"
_FRACTIONS = {"DOUBLE", "FLOAT"}


def is_known(group: str) -> bool:
    """Whether every category of a group, joined by commas if crossed, is a known one."""
    return UNKNOWN not in group.split(",")


def text(source: Source, column: str, name: str | None = None) -> str:
    """SQL for a column's value as text; a JSON string loses its quotation marks.

    `name` is what the column is called in the query, if not by its own name.
    """
    quoted = source.require(column)
    found = name or quoted
    return f"{found} ->> '$'" if source.columns[column] == "JSON" else f"CAST({found} AS VARCHAR)"


def category(written: str) -> str:
    """SQL for the category that a text names; `unknown` where it is missing."""
    return f"coalesce({_known(written, f'trim({written})')}, '{UNKNOWN}')"


def class_of(written: str) -> str:
    """SQL for the class that a text names, `1.0` being `1`; null where it is missing."""
    trimmed = f"trim({written})"
    whole = (
        f"CASE WHEN regexp_full_match({trimmed}, '[+-]?[0-9]+[.]0+') "
        f"THEN split_part({trimmed}, '.', 1) ELSE {trimmed} END"
    )
    return _known(written, whole)


def positive(written: str) -> str:
    """SQL that is true or false for a text, or null where the value is missing.

    A value is positive if it equals `$positive` as text, or as a number, true being 1 and false 0.
    """
    trimmed = f"trim({written})"
    equal = f"{trimmed} = $positive OR coalesce({_number(trimmed)} = {_number('$positive')}, FALSE)"
    return _known(written, equal)


def is_fraction(source: Source, column: str) -> bool:
    """Whether a column holds floating-point numbers: too many different ones to group by."""
    source.require(column)
    return source.columns[column] in _FRACTIONS


def fraction_positive(source: Source, column: str) -> str:
    """SQL as `positive`, for a floating-point column: compared as a number, never as text."""
    number = source.require(column)
    return (
        f"CASE WHEN NOT isnan({number}) THEN coalesce({number} = {_number('$positive')}, FALSE) END"
    )


def at_least(source: Source, column: str) -> str:
    """SQL that is true from `$cutoff` on, false below it, and null for what is no number."""
    number = finite(source, column)
    return f"{number} >= CAST($cutoff AS DOUBLE)"


def finite(source: Source, column: str) -> str:
    """SQL for a column's value as a double; null for what is no finite number."""
    if is_fraction(source, column):
        number = source.require(column)
    else:
        number = f"TRY_CAST(trim({text(source, column)}) AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _known(written: str, then: str) -> str:
    return f"CASE WHEN lower(trim({written})) NOT IN {_MISSING} THEN {then} END"


def _number(written: str) -> str:
    """SQL for a number written as text, true being 1 and false 0; null for other text."""
    return (
        f"CASE lower({written}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 "
        f"ELSE TRY_CAST({written} AS DOUBLE) END"
    )
