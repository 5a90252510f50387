"""What a profile gives to worry about, in plain sentences, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from policies.data.columns import ColumnProfile, Missing, Spread
from policies.data.labels import LabelProfile
from policies.data.spellings import Formats, Texts
from policies.thresholds import QualityThresholds

Severity: TypeAlias = Literal["low", "medium", "high"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
_TENTH = 0.1  # of a hundredth: smaller shares are written as less


@dataclass(frozen=True)
class Concern:
    """Something about the data that a person should look at; `rows` is how many it touches."""

    severity: Severity
    check: str
    column: str
    rows: int
    message: str


def concerns_of_column(profile: ColumnProfile, limits: QualityThresholds) -> Iterator[Concern]:
    """Say what is wrong with one column."""
    name = profile.column
    yield from _missing(name, profile.missing, profile.rows, limits)
    if profile.constant:
        message = "has one value only: it tells a model nothing."
        yield Concern("low", "constant", name, profile.present, message)
    if profile.texts:
        yield from _texts(name, profile.texts, profile, limits)
    if profile.spread:
        yield from _spread(name, profile.spread, profile.present, limits)


def concerns_of_label(label: LabelProfile, limits: QualityThresholds) -> Iterator[Concern]:
    """Say what is wrong with the label."""
    for column in label.telling:
        message = f"alone says {label.column} of every row: known beforehand, or leaked?"
        yield Concern("high", "leakage", column, 0, message)
    for column, exceptions in label.nearly_telling:
        message = (
            f"is what {column} alone says, but for {_rows(exceptions)}: are these labels wrong, or "
            f"does {column} give the label away?"
        )
        yield Concern("high", "suspicious-labels", label.column, exceptions, message)
    if label.contradictions:
        message = (
            f"differs in {label.contradictions:,} sets of rows that are alike in all else "
            f"({label.contradicting_rows:,} rows)."
        )
        yield Concern(
            "medium", "contradicting-labels", label.column, label.contradicting_rows, message
        )
    if label.classes is None:
        return
    if len(label.classes) == 1:
        message = "has one class only: there is nothing to learn."
        yield Concern("high", "one-class", label.column, label.classes[0][1], message)
        return
    total = sum(rows for _, rows in label.classes)
    for each, rows in label.classes:
        rare = rows < limits.rare_class_high.number * total
        if rare or rows < limits.rare_class_medium.number * total:
            message = f"is {each} in {_share(rows, total)} of the rows only."
            severity: Severity = "high" if rare else "medium"
            yield Concern(severity, "imbalance", label.column, rows, message)


def concerns_of_rows(
    rows: int,
    repeated: int,
    alike: int,
    ids: Sequence[tuple[str, int]],
    limits: QualityThresholds,
) -> Iterator[Concern]:
    """Say what is wrong with rows that repeat others, and identifiers that do."""
    if repeated:
        many = repeated > limits.repeated_rows_high.number * rows
        severity: Severity = "high" if many else "medium"
        message = (
            f"{_rows(repeated)} ({_share(repeated, rows)}) too many: each repeats another wholly."
        )
        yield Concern(severity, "duplicate-rows", "", repeated, message)
    # Where more are alike, the columns are too coarse to tell rows apart.
    if 0 < alike <= limits.alike_rows_max.number * rows:
        message = (
            f"{_rows(alike)} ({_share(alike, rows)}) repeat another but for identifiers and times."
        )
        yield Concern("medium", "alike-rows", "", alike, message)
    for name, count in ids:
        if count:
            message = f"should be unique, but {_rows(count)} too many repeat a value."
            yield Concern("high", "duplicate-ids", name, count, message)


def in_order(concerns: Sequence[Concern]) -> tuple[Concern, ...]:
    """Sort concerns by severity, then by how many rows they touch."""
    return tuple(
        sorted(
            concerns, key=lambda each: (SEVERITIES.index(each.severity), -each.rows, each.column)
        )
    )


def _missing(
    name: str, missing: Missing, rows: int, limits: QualityThresholds
) -> Iterator[Concern]:
    if not missing.rows:
        return
    share = missing.rows / rows
    severity: Severity = "medium" if share > limits.missing_medium.number else "low"
    if share > limits.missing_high.number:
        severity = "high"
    how = {"null": missing.null, "empty": missing.empty, "a word for it": missing.spelled}
    shown = {**how, "infinite": missing.infinite}
    parts = ", ".join(f"{word} {count:,}" for word, count in shown.items() if count)
    message = f"has no value in {_share(missing.rows, rows)} of the rows ({parts})."
    yield Concern(severity, "missing", name, missing.rows, message)
    if sum(count > 0 for count in how.values()) > 1:
        message = f"says in several ways that there is no value ({parts})."
        yield Concern("low", "mixed-missing", name, missing.rows, message)


def _texts(
    name: str, texts: Texts, profile: ColumnProfile, limits: QualityThresholds
) -> Iterator[Concern]:
    present = profile.present
    most = limits.mostly_min.number * present
    mostly = most < texts.numbers < present
    odd = present - texts.numbers
    if texts.codes and texts.codes == odd:
        message = f"is digits, in {_rows(odd)} after a nought: a code, which is read as text."
        yield Concern("low", "codes", name, odd, message)
    elif profile.kind != "number" and mostly and not texts.flags:
        message = f"holds numbers, but for {_rows(odd)} of other text."
        yield Concern("high", "text-among-numbers", name, odd, message)
    elif profile.kind != "number" and not texts.flags and 0 < texts.numbers <= most:
        message = f"holds text, but for {_rows(texts.numbers)} of numbers."
        many = texts.numbers > limits.numbers_among_text_medium.number * present
        severity: Severity = "medium" if many else "low"
        yield Concern(severity, "numbers-among-text", name, texts.numbers, message)
    if (amounts := sum(rows for _, rows in texts.amounts)) > most:
        message = f"holds numbers that are read as text: {_formats(texts.amounts)}."
        yield Concern("medium", "numbers-as-text", name, amounts, message)
    dated = sum(rows for _, rows in texts.dates)
    if len(texts.dates) > 1 and dated > most:
        message = f"writes dates in several formats: {_formats(texts.dates)}."
        yield Concern("high", "mixed-dates", name, _rarest(texts.dates), message)
    if len(texts.flags) > 1:
        message = f"writes yes and no in several ways: {_formats(texts.flags)}."
        yield Concern("medium", "mixed-flags", name, _rarest(texts.flags), message)
    if texts.case_variants:
        message = f"has categories that differ from another in case only: {texts.case_variants:,}."
        yield Concern("medium", "mixed-case", name, 0, message)
    if texts.padded:
        message = f"has blanks around the value in {_rows(texts.padded)}."
        yield Concern("low", "padded", name, texts.padded, message)


def _spread(
    name: str, spread: Spread, present: int, limits: QualityThresholds
) -> Iterator[Concern]:
    for value, rows in spread.sentinels:
        message = (
            f"is {value:.10g} in {_rows(rows)}, far from all else: a code for a missing value?"
        )
        yield Concern("high", "sentinel", name, rows, message)
    far = spread.beyond_robust_z or 0
    if far:
        message = (
            f"has values far out (robust z above {limits.outlier_z_max.value}) in {_rows(far)}: "
            f"from {spread.low:.10g} to {spread.high:.10g} around a median of {spread.median:.10g}."
        )
        few = far < limits.outliers_few.number * present
        severity: Severity = "medium" if few else "low"
        yield Concern(severity, "outliers", name, far, message)


def _formats(formats: Formats) -> str:
    return ", ".join(f"{rows:,} like {form}" for form, rows in formats)


def _rarest(formats: Formats) -> int:
    return min(rows for _, rows in formats)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _share(rows: int, of: int) -> str:
    share = 100 * rows / of
    return f"{share:.1f} %" if share >= _TENTH else "under 0.1 %"
