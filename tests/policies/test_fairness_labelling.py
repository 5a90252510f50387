"""Labels from outcome logs: each finds the decision that it is about, and no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from policies.fairness import labelling, sources
from policies.fairness.counts import FairnessRequest, count_rows
from policies.fairness.labelling import LabelJoin, Labelled
from policies.fairness.sources import opened
from tests.people import raising
from tests.policies.metrics import sealed, utc

DAY = utc("2026-01-01T00:00:00")
IDS = st.sampled_from(["a", "b", "c", "d", "e", None])
Row = dict[str, Any]


def moment(minute: int | None) -> Any:
    """Minutes into the day."""
    return None if minute is None else DAY + timedelta(minutes=minute)


@st.composite
def decisions(draw: st.DrawFn) -> list[Row]:
    """Draw decisions whose ids may be missing or come twice, at times that all differ."""
    minutes = draw(st.lists(st.integers(0, 180), min_size=1, max_size=12, unique=True))
    return [
        {"time": moment(minute), "request_id": draw(IDS), "name": str(place)}
        for place, minute in enumerate(minutes)
    ]


@st.composite
def outcomes(draw: st.DrawFn) -> list[Row]:
    """Draw outcomes, several to one request and some to none, at times that all differ."""
    minutes = draw(st.lists(st.integers(0, 600), min_size=2, max_size=12, unique=True))
    value = st.sampled_from(["1", "0", None])
    request = st.one_of(IDS, st.just("unknown"))
    return [
        {"time": moment(minute), "request_id": draw(request), "outcome": draw(value)}
        for minute in minutes
    ]


def joined(given_: Labelled) -> tuple[dict[str, str | None], LabelJoin]:
    """Labels by name of the decision, as the engine joins them."""
    with opened(given_) as source:
        rows = source.connection.execute("SELECT name, outcome FROM decisions").fetchall()
        assert source.joined is not None
        assert len(rows) == len(dict(rows)), "a decision was lost, or is there twice"
        assert not {'"=of"', "=of", "file_row_number"} & source.columns.keys()
        return dict(rows), source.joined


def expected(asked: list[Row], told: list[Row]) -> dict[str, str | None]:
    """The same, in plain Python: the latest value, for the earliest decision."""
    latest: dict[str, str] = {}
    for row in sorted(told, key=lambda row: row["time"]):
        if row["request_id"] and row["outcome"] is not None:
            latest[row["request_id"]] = row["outcome"]
    labels: dict[str, str | None] = {row["name"]: None for row in asked}
    for row in sorted(asked, key=lambda row: row["time"]):
        labels[row["name"]] = latest.pop(row["request_id"], None)
    return labels


@pytest.mark.parametrize("part", [labelling.PART, 3])
@settings(max_examples=25, deadline=None)
@given(asked=decisions(), told=outcomes())
def test_the_latest_outcome_labels_the_earliest_decision(
    part: int, asked: list[Row], told: list[Row]
) -> None:
    """If it fails, a decision is held to another's outcome, or rows are lost between parts."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelling, "PART", part)
        folder, half, some = Path(name), len(told) // 2, (len(asked) + 1) // 2
        given_ = Labelled(
            tuple(sealed(folder, rows) for rows in (asked[:some], asked[some:]) if rows),
            tuple(sealed(folder, rows, "outcome") for rows in (told[:half], told[half:])),
            "outcome",
        )
        labels, found = joined(given_)
    assert labels == expected(asked, told)
    known = {row["request_id"] for row in asked} - {None}
    answered = [row["request_id"] for row in asked if row["request_id"]]
    answered = [each for each in answered if each in {row["request_id"] for row in told}]
    assert found.rows == len(told)
    assert found.without_request_id == sum(row["request_id"] is None for row in told)
    unknown = [row for row in told if row["request_id"] and row["request_id"] not in known]
    assert found.without_decision == len(unknown)
    assert found.labelled == sum(label is not None for label in labels.values())
    assert found.repeated == len(answered) - len(set(answered))


def test_a_label_is_counted_and_filtered_like_any_column(tmp_path: Path) -> None:
    """If it fails, an audit of joined labels counts other rows than one of a file that has them."""
    asked = [
        {"time": moment(i), "request_id": f"r{i}", "sex": "fm"[i % 2], "approved": str(i % 3 // 2)}
        for i in range(60)
    ]
    told = [
        {"time": moment(i), "request_id": f"r{i}", "order": str(i % 2)} for i in range(60) if i % 5
    ]
    given_ = Labelled((sealed(tmp_path, asked),), (sealed(tmp_path, told, "outcome"),), "order")
    request = FairnessRequest("approved", ("sex",), label="order")
    counts = count_rows(given_, request)
    assert (int(counts.cells.sum()), counts.excluded.label_missing) == (48, 12)
    by_sex = dict(zip(counts.groups, counts.cells, strict=True))
    wanted = [row for i, row in enumerate(asked) if i % 5 and i % 2]
    assert int(by_sex["m",][1].sum()) == len(wanted)
    assert int(by_sex["m",][1, 1]) == sum(row["approved"] == "1" for row in wanted)
    only = FairnessRequest("approved", ("sex",), label="order", where="\"order\" = '1'")
    assert int(count_rows(given_, only).cells.sum()) == 24


def test_a_join_keeps_to_its_memory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, an audit of large logs takes all memory there is, or ends in a traceback."""
    ids = [f"request-{i:032}" for i in range(200_000)]
    asked = [{"time": DAY, "request_id": each, "sex": "f", "approved": "1"} for each in ids]
    told = [{"time": DAY, "request_id": each, "outcome": "1"} for each in ids]
    given_ = Labelled((sealed(tmp_path, asked),), (sealed(tmp_path, told, "outcome"),), "outcome")
    monkeypatch.setattr(sources, "MEMORY", "20MB")
    request = FairnessRequest("approved", ("sex",), label="outcome")
    assert "more than 20MB of memory" in raising(InvalidInput, lambda: count_rows(given_, request))
