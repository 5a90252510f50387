"""How the texts of a column are written: numbers among them, dates and flags in several formats.

Counted once a different text, in SQL that sees `t`, the trimmed text, and `n`, its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Formats: TypeAlias = tuple[tuple[str, int], ...]

_ISO = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = "[T ][0-9]{1,2}:[0-9:.,]+"
_YEAR = "/([0-9]{2}|[0-9]{4})([T ].*)?"
_LARGE = "(1[3-9]|2[0-9]|3[01])"  # a day, never a month
_SMALL = "(0?[1-9]|1[0-2])"
_DAY_FIRST, _MONTH_FIRST, _EITHER = "20/11/2026", "11/20/2026", "03/04/2026"
_DATES = {
    "2026-11-20": _ISO,
    "2026-11-20 09:30": f"{_ISO}{_CLOCK}",
    "2026-11-20 09:30Z": f"{_ISO}{_CLOCK} ?(Z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)",
    _DAY_FIRST: f"{_LARGE}/{_SMALL}{_YEAR}",
    _MONTH_FIRST: f"{_SMALL}/{_LARGE}{_YEAR}",
    _EITHER: f"{_SMALL}/{_SMALL}{_YEAR}",
    "20.11.2026": r"[0-9]{1,2}\.[0-9]{1,2}\.([0-9]{2}|[0-9]{4})([T ].*)?",
    "2026/11/20": "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}([T ].*)?",
    "20 Nov 2026": r"[0-9]{1,2}[ -][A-Za-z]{3,9}\.?[ -]([0-9]{2}|[0-9]{4})",
    "Nov 20, 2026": r"[A-Za-z]{3,9}\.? [0-9]{1,2},? [0-9]{4}",
}
_AMOUNTS = {
    "1,234.5": r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?",
    "1.234,5": r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),([0-9]{1,2}|[0-9]{4,})",
    "12 %": "[+-]?[0-9][0-9.,]* ?%",
    "€ 12": "[+-]?[€$£] ?[0-9][0-9.,]*|[+-]?[0-9][0-9.,]* ?(€|[$]|£|eur|usd|gbp)",
}
_FLAGS = {"1/0": "1|0", "true/false": "true|false", "yes/no": "yes|no", "t/f": "t|f", "y/n": "y|n"}


@dataclass(frozen=True)
class Texts:
    """How texts are written, in rows; `dates` counts those that look like a date of a format.

    `codes` are digits after a nought; `amounts` numbers of a format that is not read as one.
    `case_variants` are categories that differ from another in case only. `flags` counts how yes
    and no are written where a column holds nothing else.
    """

    numbers: int
    codes: int
    padded: int
    case_variants: int
    dates: Formats
    flags: Formats = ()
    amounts: Formats = ()


def counts(present: str) -> str:
    """SQL that counts the rows of each format; `present` says in SQL that there is a value."""
    return ", ".join(
        f"sum(n) FILTER ({present} AND regexp_full_match(lower(t), '{shape.lower()}'))"
        for shape in (*_DATES.values(), *_FLAGS.values(), *_AMOUNTS.values())
    )


def formats(counted: Sequence[int], present: int) -> tuple[Formats, Formats, Formats]:
    """The formats of dates, flags and amounts that occur, from what `counts` counted."""
    dates = dict(zip(_DATES, counted, strict=False))
    flags = zip(_FLAGS, counted[len(_DATES) :], strict=False)
    amounts = zip(_AMOUNTS, counted[len(_DATES) + len(_FLAGS) :], strict=True)
    # A date that may be either is what most of those that can be told are.
    if sure := max(dates[_DAY_FIRST], dates[_MONTH_FIRST]):
        told = _DAY_FIRST if dates[_DAY_FIRST] == sure else _MONTH_FIRST
        dates[told] += dates.pop(_EITHER)
    shown = _there(flags)
    whole = sum(rows for _, rows in shown) == present
    return _there(dates.items()), shown if whole else (), _there(amounts)


def _there(found: Iterable[tuple[str, int]]) -> Formats:
    return tuple((form, rows) for form, rows in found if rows)
