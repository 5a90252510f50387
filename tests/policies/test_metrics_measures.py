"""Metrics of decisions: what the engine says is what a plain computation on the rows says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from policies.metrics import quantiles
from policies.metrics.columns import File
from tests.policies.metrics import Row, metrics, sealed, utc

# Around the hour that comes twice in Berlin, and around 1970, where division changes its sign.
ANCHORS = (utc("2026-10-25T00:00:00"), utc("2026-03-29T01:00:00"), utc("1970-01-01T00:00:00"))
WIDTHS = (700, 900, 3_600, 86_400)
NUMBERS = ("tokens_in", "tokens_out", "cost", "confidence", "output_chars")


@st.composite
def logs(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Draw some logs of decisions, close together in time, with ties and gaps."""
    anchor = draw(st.sampled_from(ANCHORS))
    offsets = st.integers(-4 * 3_600, 4 * 3_600).map(lambda n: anchor + timedelta(seconds=n))
    edges = st.sampled_from([anchor, anchor - timedelta(microseconds=1), None])
    row = st.fixed_dictionaries(
        {
            "time": st.one_of(offsets, edges),
            "model_version": st.sampled_from(["1", "2", None]),
            "duration_ms": st.one_of(st.none(), st.sampled_from([0.0, 7.0]), st.floats(0, 1e5)),
            "status": st.sampled_from(["ok", "error", "pending", None]),
            "tokens_in": st.one_of(st.none(), st.integers(0, 10_000)),
            "tokens_out": st.one_of(st.none(), st.integers(0, 10_000)),
            "cost": st.one_of(st.none(), st.floats(0, 10)),
            "confidence": st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)),
            "output_chars": st.one_of(st.none(), st.integers(0, 5_000)),
            "escalated": st.sampled_from([True, False, None]),
            "guardrail": st.sampled_from(["none", "blocked", None]),
        }
    )
    return draw(st.lists(st.lists(row, min_size=1, max_size=25), min_size=1, max_size=3))


def expected(frame: pd.DataFrame) -> dict[str, Any]:
    """What pandas says of some rows."""
    finished = frame[frame["status"].isin(["ok", "error"])]
    found: dict[str, Any] = {
        "requests": len(frame),
        "errors": ((finished["status"] == "error").sum(), len(finished)),
        "escalated": ((frame["escalated"] == True).sum(), frame["escalated"].count()),  # noqa: E712 - null is neither
        "latency_ms": None,
        "guardrails": frame["guardrail"].value_counts().to_dict(),
    }
    durations = frame["duration_ms"].dropna().astype(float)
    if len(durations):
        found["latency_ms"] = [durations.quantile(q) for q in quantiles.QUANTILES]
    for name in NUMBERS:
        values = frame[name].dropna().astype(float)
        found[name] = (len(values), values.sum()) if len(values) else None
    tenths = (frame["confidence"].dropna().astype(float) * 10).astype(int).clip(upper=9)
    found["tenths"] = [int((tenths == n).sum()) for n in range(10)]
    return found


def same(cell: dict[str, Any], frame: pd.DataFrame) -> None:
    """Hold a cell of the document against pandas."""
    wanted = expected(frame)
    assert cell["requests"] == wanted["requests"]
    for name in ("errors", "escalated"):
        hits, n = wanted[name]
        assert (cell[name] is None) == (n == 0)
        assert not n or (cell[name]["hits"], cell[name]["n"]) == (hits, n)
    spread = cell["latency_ms"]
    assert (spread is None) == (wanted["latency_ms"] is None)
    if spread:
        assert [spread[name] for name in quantiles.NAMES] == pytest.approx(wanted["latency_ms"])
    for name in NUMBERS:
        assert (cell[name] is None) == (wanted[name] is None)
        if cell[name]:
            n, total = wanted[name]
            mean = cell[name]["per_request" if name == "cost" else "mean"]
            assert (cell[name]["n"], mean) == (n, pytest.approx(total / n))
    assert not cell["confidence"] or cell["confidence"]["tenths"] == wanted["tenths"]
    said = {each["outcome"]: each["hits"] for each in cell["guardrails"] or []}
    assert said == wanted["guardrails"]


def framed(drawn: list[list[dict[str, Any]]]) -> pd.DataFrame:
    """All rows, none of its nulls turned into something else."""
    return pd.DataFrame([row for log in drawn for row in log], dtype=object)


def number(time: datetime | None, width: int) -> int | None:
    """The window in which a time lies."""
    return (
        None
        if time is None
        else (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=width)
    )


@settings(max_examples=25, deadline=None)
@given(drawn=logs(), width=st.sampled_from(WIDTHS), zone=st.sampled_from(["UTC", "Europe/Berlin"]))
def test_everything_is_what_pandas_says(
    drawn: list[list[dict[str, Any]]], width: int, zone: str
) -> None:
    """If it fails, a figure is not that of the rows: of all, of a group or of a window."""
    with TemporaryDirectory() as folder:
        files = [sealed(Path(folder), rows) for rows in drawn]
        found = metrics(files, window=width, by=("model_version",), zone=zone)
    frame = framed(drawn)
    frame["w"] = [number(time, width) for time in frame["time"]]
    same(found["total"], frame)
    assert found["without_time"] == frame["time"].isna().sum()
    versions = frame["model_version"].where(frame["model_version"].notna(), None)
    for group in found["groups"]:
        name = group["group"]["model_version"]
        same(group, frame[versions.isna() if name is None else versions == name])
    windows = sorted(set(frame["w"].dropna()))
    whole = [each for each in found["windows"] if each["group"] is None]
    assert len(whole) == (windows[-1] - windows[0] + 1 if windows else 0)
    starts = [datetime.fromisoformat(each["start"]) for each in whole]
    assert all(number(start, width) == windows[0] + n for n, start in enumerate(starts))
    assert len({each["local"] for each in whole}) == len(whole)  # an hour that comes twice, too
    for each in found["windows"]:
        here = frame[frame["w"] == number(datetime.fromisoformat(each["start"]), width)]
        if each["group"] is not None:
            name = each["group"]["model_version"]
            kept = here["model_version"]
            here = here[kept.isna() if name is None else kept == name]
        assert each["requests"] == len(here)
        if len(here):
            same(each, here)


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(-1e7, 1e7, allow_subnormal=False), min_size=1, max_size=200))
def test_buckets_are_as_close_as_is_stated(values: list[float]) -> None:
    """If it fails, quantiles of many rows are worse than the document says."""
    rows: list[Row] = [
        {"time": utc("2026-01-01"), "duration_ms": value, "model_version": str(place % 3)}
        for place, value in enumerate(values)
    ]
    asked: dict[str, Any] = {"window": 60, "by": ("model_version",)}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        file = sealed(Path(folder), rows)
        patch.setattr(quantiles, "EXACT_ROWS", 0)
        close = metrics([file], **asked)
        exact = metrics([file], **asked, exact=True)
    assert (close["quantiles"]["method"], exact["quantiles"]["method"]) == ("buckets", "exact")
    # Between a value below zero and one above, errors of both count, not of what lies between.
    ordered = pd.Series(values)
    for mine, sure in zip(
        [close["total"], *close["groups"]], [exact["total"], *exact["groups"]], strict=True
    ):
        assert mine["latency_ms"]["n"] == sure["latency_ms"]["n"]
    for name, q in zip(quantiles.NAMES, quantiles.QUANTILES, strict=True):
        ends = [abs(ordered.quantile(q, interpolation=side)) for side in ("lower", "higher")]
        bound = close["quantiles"]["relative_error"] * max(ends)
        value, sure_value = close["total"]["latency_ms"][name], exact["total"]["latency_ms"][name]
        assert value == pytest.approx(sure_value, abs=bound + 1e-12)


def test_a_period_cuts_windows_and_keeps_empty_ones(tmp_path: Path) -> None:
    """If it fails, a quiet hour is missing from the picture, or half a window looks whole."""
    rows: list[Row] = [
        {"time": utc("2026-01-01T00:10:00")},
        {"time": utc("2026-01-01T03:59:59")},
        {"time": utc("2026-01-01T04:30:00")},
        {"time": None},
    ]
    found = metrics(
        [sealed(tmp_path, rows)],
        window=3_600,
        since=utc("2026-01-01T00:30:00"),
        until=utc("2026-01-01T04:30:00"),
    )
    counts = [each["requests"] for each in found["windows"]]
    assert counts == [0, 0, 0, 1, 0]
    assert [each["partial"] for each in found["windows"]] == [True, False, False, False, True]
    assert found["windows"][0]["latency_ms"] is None
    assert (found["total"]["requests"], found["without_time"]) == (1, 0)
    assert found["total"]["per_second"] == pytest.approx(1 / (4 * 3_600))
    everything = metrics([sealed(tmp_path, rows)], window=3_600)
    assert (everything["total"]["requests"], everything["without_time"]) == (4, 1)
    assert everything["total"]["per_second"] == pytest.approx(3 / (5 * 3_600))


@settings(max_examples=20, deadline=None)
@given(logs())
def test_what_was_not_chosen_counts_nowhere(drawn: list[list[dict[str, Any]]]) -> None:
    """If it fails, the tokens of an agent's span are those of its calls once more."""
    only = (("status", ("ok", "neither")), ("model_version", ("1", "2")))
    with TemporaryDirectory() as folder:
        files = [sealed(Path(folder), rows) for rows in drawn]
        found = metrics(files, window=3_600, only=only)
    frame = framed(drawn)
    chosen = frame[(frame["status"] == "ok") & frame["model_version"].notna()]
    assert found["total"]["requests"] == len(chosen)
    if len(chosen):
        same(found["total"], chosen)
    assert sum(each["requests"] for each in found["windows"]) == chosen["time"].count()
    assert found["only"] == {"status": ["ok", "neither"], "model_version": ["1", "2"]}


def test_of_traces_the_calls_of_models_count(tmp_path: Path) -> None:
    """If it fails, tokens, cost and requests of an agent count several times, or unsaid not."""
    day = utc("2026-01-01")
    spans: list[Row] = [
        {"operation": operation, "parent_id": parent, "time": day, "tokens_in": tokens,
         "duration_ms": duration, "request_id": request, "task": "loan"}
        for operation, parent, tokens, duration, request in (
            ("invoke_agent", None, 300, 900.0, "r1"),
            ("chat", "a", 100, 200.0, "r1"),
            ("chat", "a", 200, 400.0, "r2"),
            ("tool", "a", None, 50.0, "t1"),
            (None, "a", None, 10.0, "h1"),
        )
    ]  # fmt: skip
    said: list[Row] = [{"request_id": each, "rating": 4.0} for each in ("r1", "t1")]
    logs = [
        sealed(tmp_path, spans),
        sealed(tmp_path, [{"time": day, "tokens_in": 7, "operation": "quote"}]),
        sealed(tmp_path, said, "feedback"),
    ]
    found = metrics(logs)
    total = found["total"]
    assert (total["requests"], total["tokens_in"]["sum"]) == (3, 307)
    assert (total["latency_ms"]["n"], total["latency_ms"]["p50"]) == (2, 300.0)
    assert (found["counted"], found["tasks"]["requests"]) == ("calls", 2)
    assert found["left_out"] == [
        {"operation": operation, "records": 1} for operation in ("invoke_agent", "tool", None)
    ]
    assert total["feedback"]["coverage"]["hits"] == 1
    assert found["answers"]["without_decision"] == 1
    every = metrics(logs, every=True)
    assert (every["total"]["requests"], every["total"]["tokens_in"]["sum"]) == (6, 607)
    assert (every["counted"], every["left_out"]) == ("records", [])
    assert metrics(logs, only=(("operation", ("tool",)),))["total"]["requests"] == 1
    later = metrics(logs, since=day + timedelta(days=1), until=day + timedelta(days=2))
    assert (later["total"]["requests"], later["left_out"]) == (0, [])
    agents = metrics([sealed(tmp_path, [each for each in spans if each["operation"] != "chat"])])
    assert (agents["counted"], agents["total"]["requests"]) == ("records", 3)


def test_what_no_log_tells_is_null_with_the_reason(tmp_path: Path) -> None:
    """If it fails, a model whose log has no costs is said to cost nothing."""
    file = sealed(tmp_path, [{"time": utc("2026-01-01"), "status": "200", "cost": None}])
    texts = sealed(tmp_path, [{"time": utc("2026-01-01"), "escalation": "x"}])
    found = metrics([file, texts])
    total, reasons = found["total"], found["reasons"]
    for name in ("latency_ms", "errors", "cost", "confidence", "feedback", "labels"):
        assert total[name] is None
    assert reasons["latency_ms"] == "no log of decisions has the column duration_ms"
    assert reasons["errors"] == "the column status says neither ok nor error"
    assert reasons["cost"] == "the column cost is empty in all rows"
    assert reasons["resources"] == "no log of resources was imported"
    assert found["tasks"] is None
    assert {name for name, value in total.items() if value is None} <= reasons.keys()


def test_a_column_of_another_kind_is_passed_over_and_said(tmp_path: Path) -> None:
    """If it fails, times without a zone are counted as UTC, or texts as zero."""
    file = sealed(tmp_path, [{"guardrail": "none", "decision": "x"}])
    table = pq.read_table(file.path)
    spoilt = table.append_column("time", [["2026-01-01 10:00"]]).append_column("cost", [["cheap"]])
    pq.write_table(spoilt, file.path)
    found = metrics([file])
    assert found["reasons"]["cost"] == "log-0 has string in the column cost, not numbers"
    assert found["reasons"]["per_second"] == "log-0 has string in the column time, not times"
    assert (found["without_time"], found["windows"]) == (1, [])


def test_late_rows_are_those_before_what_was_there(tmp_path: Path) -> None:
    """If it fails, nobody sees that a window changed after it was looked at."""
    early = sealed(tmp_path, [{"time": utc("2026-01-01T10:00:00")}])
    rows: list[Row] = [{"time": utc(f"2026-01-01T{hour}:00:00")} for hour in ("09", "10", "11")]
    late = sealed(tmp_path, rows)
    after = File(**(vars(late) | {"watermark": early.last}))
    found = metrics([early, after], window=3_600)
    assert found["late"] == 1
    assert [each["late"] for each in found["windows"]] == [1, 0, 0]
    assert [each["requests"] for each in found["windows"]] == [1, 2, 1]


def test_tasks_and_resources_are_added_up(tmp_path: Path) -> None:
    """If it fails, the dearest task is not seen, or a resource is counted out of the period."""
    day = utc("2026-01-01T10:00:00")
    rows: list[Row] = [
        {"time": day, "task": task, "cost": cost}
        for task, cost in [("a", 1.0), ("a", 2.0), ("b", 0.5), ("c", None), (None, 9.0)]
    ]
    used: list[Row] = [
        {"time": day, "resource": "gpu", "amount": 1.5, "unit": "h", "cost": 3.0},
        {"time": day, "resource": "gpu", "amount": 0.5, "unit": "h", "cost": 1.0},
        {"time": day - timedelta(days=9), "resource": "gpu", "amount": 99.0, "unit": "h"},
    ]
    files = [sealed(tmp_path, rows), sealed(tmp_path, used, "resource")]
    found = metrics(files, since=day - timedelta(days=1))
    tasks = found["tasks"]
    assert (tasks["distinct"], tasks["requests"], tasks["cost"]) == (3, 4, 3.5)
    assert tasks["cost_per_task"] == pytest.approx(3.5 / 3)
    assert [each["task"] for each in tasks["dearest"]] == ["a", "b", "c"]
    assert tasks["dearest"][0]["cost_per_request"] == 1.5
    assert found["resources"] == [
        {"resource": "gpu", "unit": "h", "rows": 2, "amount": 2.0, "cost": 4.0}
    ]


def test_columns_may_be_called_anything(tmp_path: Path) -> None:
    """If it fails, a log with a column `late` or `of` cannot be measured, or not grouped by it."""
    names = ("of", "late", "w", "g0", "g1", "n", "bucket", "turn", "inside")
    row = {"time": utc("2026-01-01"), "duration_ms": 1.0, "request_id": "a"}
    rows: list[Row] = [{**row, **{name: f"{name}{n}" for name in names}} for n in range(2)]
    answers: list[Row] = [{"request_id": "a", "rating": 4.0, "of": "x", "late": "y"}]
    files = [sealed(tmp_path, rows), sealed(tmp_path, answers, "feedback")]
    for exact in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quantiles, "EXACT_ROWS", 0)
            found = metrics(files, by=names, exact=exact)
        groups = [each["group"]["late"] for each in found["groups"]]
        assert groups == ["late0", "late1"]
        assert [each["latency_ms"]["n"] for each in found["groups"]] == [1, 1]


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    """If it fails, a slip fills the screen for minutes, or groups by a column that is not there."""
    rows: list[Row] = [
        {"time": utc("2025-01-01"), "user_id": "a"},
        {"time": utc("2026-01-01"), "user_id": "b"},
    ]
    file = sealed(tmp_path, rows)
    for asked in ({"window": 60}, {"by": ("sex",)}, {"by": ("user_id", "user_id")}, {"zone": "x"}):
        with pytest.raises(InvalidInput) as refused:
            metrics([file], **asked)
        assert refused.value.hint
    times = utc("2026-01-01"), utc("2026-01-02")
    users: list[Row] = [{"time": times[n % 2], "user_id": str(n)} for n in range(6_000)]
    with pytest.raises(InvalidInput, match="more windows and groups"):
        metrics([sealed(tmp_path, users)], by=("user_id",), window=3_600)
