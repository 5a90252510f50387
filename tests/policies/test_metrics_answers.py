"""Feedback, outcomes and labels, joined to decisions, and the intervals of their rates."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from math import comb, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from policies.metrics.intervals import mean, rate
from tests.policies.metrics import Row, metrics, sealed, utc

DAY = utc("2026-01-01T00:00:00")
IDS = st.sampled_from(["a", "b", "c", "d", None])


def moment(minute: int | None) -> Any:
    """Minutes into the day."""
    return None if minute is None else DAY + timedelta(minutes=minute)


@st.composite
def decisions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw decisions whose ids may come twice, at times that all differ."""
    minutes = draw(st.lists(st.integers(0, 180), min_size=1, max_size=12, unique=True))
    version = st.sampled_from(["1", "2"])
    return [
        {"time": moment(minute), "request_id": draw(IDS), "model_version": draw(version)}
        for minute in minutes
    ]


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw answers, several to one request and some to none, at times that all differ."""
    minutes = draw(st.lists(st.integers(0, 600), min_size=1, max_size=12, unique=True))
    flag = st.sampled_from([True, False, None])
    return [
        {
            "time": moment(minute),
            "request_id": draw(st.one_of(IDS, st.just("unknown"))),
            "rating": draw(st.one_of(st.none(), st.integers(1, 5).map(float))),
            "satisfied": draw(flag),
            "complaint": draw(flag),
            "hallucination": draw(flag),
            "outcome": draw(st.sampled_from(["paid", "missed", None])),
        }
        for minute in minutes
    ]


def latest(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The last value of a column by request."""
    known = [row for row in rows if row["request_id"] and row[name] is not None]
    return {row["request_id"]: row[name] for row in sorted(known, key=lambda row: row["time"])}


@settings(max_examples=40, deadline=None)
@given(asked=decisions(), given_=answers())
def test_answers_count_where_their_decision_does(
    asked: list[dict[str, Any]], given_: list[dict[str, Any]]
) -> None:
    """If it fails, feedback counts for another version, twice, or without a decision."""
    with TemporaryDirectory() as folder:
        half = len(given_) // 2
        files = [
            sealed(Path(folder), asked),
            sealed(Path(folder), given_[half:], "feedback"),
            *([sealed(Path(folder), given_[:half], "outcome")] if half else []),
        ]
        found = metrics(files, window=3_600, by=("model_version",))
    first: dict[str, str] = {}
    for row in sorted(asked, key=lambda row: row["time"]):
        if row["request_id"]:
            first.setdefault(row["request_id"], row["model_version"])
    told = {row["request_id"] for row in given_ if row["request_id"]}
    for group in found["groups"]:
        version = group["group"]["model_version"]
        here = [row for row in asked if row["model_version"] == version]
        mine = {request for request, of in first.items() if of == version}
        feedback, labels = group["feedback"], group["labels"]
        covered = sum(row["request_id"] in told for row in here)
        assert (feedback["coverage"]["hits"], feedback["coverage"]["n"]) == (covered, len(here))
        for name, shown in (("satisfied", "satisfied"), ("complaint", "complaints")):
            said = [value for request, value in latest(given_, name).items() if request in mine]
            assert (feedback[shown] is None) == (not said)
            if said:
                assert (feedback[shown]["hits"], feedback[shown]["n"]) == (sum(said), len(said))
        ratings = [v for request, v in latest(given_, "rating").items() if request in mine]
        assert (feedback["rating"] is None) == (not ratings)
        assert not ratings or feedback["rating"]["mean"] == pytest.approx(pd.Series(ratings).mean())
        seen = [v for request, v in latest(given_, "hallucination").items() if request in mine]
        assert (labels["hallucination"] is None) == (not seen)
        if seen:
            assert (labels["hallucination"]["hits"], labels["hallucination"]["n"]) == (
                sum(seen),
                len(seen),
            )
        outcomes = Counter(v for r, v in latest(given_, "outcome").items() if r in mine)
        assert {each["outcome"]: each["hits"] for each in feedback["outcomes"] or []} == outcomes
    counted = found["answers"]
    assert counted["rows"] == len(given_)
    assert counted["without_request_id"] == sum(not row["request_id"] for row in given_)
    unknown = [row for row in given_ if row["request_id"] and row["request_id"] not in first]
    assert counted["without_decision"] == len(unknown)


def test_an_answer_belongs_to_the_window_of_its_decision(tmp_path: Path) -> None:
    """If it fails, a complaint of March about January is held against March."""
    asked: list[Row] = [
        {"time": moment(10), "request_id": "a"},
        {"time": moment(70), "request_id": "b"},
    ]
    given_: list[Row] = [
        {"time": moment(9_000), "request_id": "a", "complaint": True},
        {"time": moment(9_001), "request_id": "b", "complaint": False},
    ]
    files = [sealed(tmp_path, asked), sealed(tmp_path, given_, "feedback")]
    found = metrics(files, window=3_600)
    hits = [each["feedback"]["complaints"]["hits"] for each in found["windows"]]
    assert hits == [1, 0]
    later = metrics(files, window=3_600, since=moment(60))
    assert later["total"]["feedback"]["complaints"]["hits"] == 0
    assert later["answers"]["to_decisions_out_of_period"] == 1


def test_without_request_ids_nothing_is_joined_and_that_is_said(tmp_path: Path) -> None:
    """If it fails, feedback that cannot be joined reads as feedback that was not given."""
    files = [
        sealed(tmp_path, [{"time": DAY}]),
        sealed(tmp_path, [{"time": DAY, "request_id": "a", "rating": 1.0}], "feedback"),
    ]
    found = metrics(files)
    assert found["total"]["feedback"] is None
    assert "request_id" in found["reasons"]["feedback"]


def test_graded_labels_are_means(tmp_path: Path) -> None:
    """If it fails, a groundedness of 0.4 is counted as not grounded, or as grounded."""
    asked: list[Row] = [{"time": DAY, "request_id": str(n)} for n in range(100)]
    given_: list[Row] = [
        {"request_id": str(n), "groundedness": value, "hallucination": n == 0}
        for n, value in enumerate([0.4, 1.0, 0.0])
    ]
    found = metrics([sealed(tmp_path, asked), sealed(tmp_path, given_, "outcome")])
    labels = found["total"]["labels"]
    assert labels["groundedness"]["mean"] == pytest.approx(1.4 / 3)
    assert labels["hallucination"]["rate"] == pytest.approx(1 / 3)
    assert labels["hallucination"]["population"] == 100
    assert labels["hallucination"]["finite_population_correction"] is False


@given(n=st.integers(1, 400), data=st.data())
def test_intervals_are_wilsons(n: int, data: st.DataObject) -> None:
    """If it fails, a rate of few answers looks surer than it is."""
    hits = data.draw(st.integers(0, n))
    found = rate(hits, n)
    wanted = binomtest(hits, n).proportion_ci(method="wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    small = rate(hits, n, 20 * n)
    assert small is not None
    assert (small.low, small.high, small.corrected) == (found.low, found.high, False)


@given(n=st.integers(2, 60), more=st.integers(0, 37), data=st.data())
def test_a_large_sample_is_surer_and_all_are_certain(
    n: int, more: int, data: st.DataObject
) -> None:
    """If it fails, labels of half of the answers are judged as if there were endlessly many."""
    hits = data.draw(st.integers(0, n))
    plain, found = rate(hits, n), rate(hits, n, n + more)
    assert plain is not None
    assert found is not None
    assert found.corrected
    assert plain.low <= found.low <= found.value <= found.high <= plain.high
    if not more:
        assert found.low == found.value == found.high
    values = [1.0] * hits + [0.0] * (n - hits)
    sampled = mean(n, sum(values), sum(values), n + more)
    assert sampled is not None
    assert sampled.low is not None
    share = hits / n
    wanted = sqrt(share * (1 - share) / (n - 1) * more / max(n + more - 1, 1))
    assert share - sampled.low == pytest.approx(1.959964 * wanted, abs=1e-6)


def test_corrected_intervals_cover_what_they_say() -> None:
    """If it fails, the correction makes intervals miss the truth more often than 1 time in 20."""
    population, n = 200, 80
    for true in (20, 60, 100):
        covered = 0.0
        for hits in range(max(0, n - (population - true)), min(n, true) + 1):
            chance = comb(true, hits) * comb(population - true, n - hits) / comb(population, n)
            found = rate(hits, n, population)
            assert found is not None
            covered += chance * (found.low <= true / population <= found.high)
        assert 0.93 <= covered <= 0.985
