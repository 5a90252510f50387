"""Charts and tables of scores: drawn where the figures are, and readable without colour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from policies.fairness.request import FairnessRequest
from policies.scoring import run_values
from reports.content import Measured, ValueGroup
from reports.gathering import gather, report_audits
from reports.legible import legible_except
from reports.pages import render_html
from reports.score_charts import (
    MOST_CURVES,
    calibration_chart,
    distribution_chart,
    interval_chart,
)
from reports.score_pages import value_pages
from tests.people import MODEL, World
from tests.reports.sample import make_report, make_signer

SVG = "{http://www.w3.org/2000/svg}"
LEGIBLE = legible_except(())


def group(name: str, auc: float | None = 0.7, n: int = 500, **more: object) -> ValueGroup:
    """Give a group with an AUC and a calibration curve."""
    interval = None if auc is None else (auc - 0.05, auc + 0.05)
    given = {
        "percentiles": (0.1, 0.3, 0.5, 0.6, 0.9),
        "curve": ((0.1, 0.05), (0.5, 0.5), (0.9, 0.95)),
    } | more
    return ValueGroup("sex", name, n, {"auc": Measured(auc, interval)}, **given)  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    """List all text in a chart."""
    return [(each.text or "").strip() for each in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def diamonds(svg: str) -> list[float]:
    """Where the figures stand, from left to right as drawn."""
    paths = [each.attrib["d"] for each in ET.fromstring(svg).findall(f"{SVG}path")]  # noqa: S314
    return [float(path[1:].split()[0]) for path in paths if path.endswith("Z")]


def test_figures_stand_in_proportion_to_the_axis() -> None:
    """If this fails, the picture tells another story than the figures."""
    svg = interval_chart([group("F", 0.6), group("M", 0.7), group("X", 0.9)], "auc", LEGIBLE)
    low, middle, high = diamonds(svg)
    assert (high - middle) / (middle - low) == pytest.approx(2)
    figures = {round(float(text), 6) for text in texts(svg) if text.replace(".", "").isdigit()}
    assert {0.6, 0.7, 0.9} <= figures
    assert {"F", "M", "X"} <= set(texts(svg))


def test_a_group_without_the_figure_is_left_out() -> None:
    """If this fails, an undefined AUC is drawn as if it were one."""
    svg = interval_chart([group("F", None), group("M")], "auc", LEGIBLE)
    assert len(diamonds(svg)) == 1
    assert "F" not in texts(svg)


def test_a_distribution_has_its_median_within_its_box() -> None:
    """If this fails, a reader sees another half of the people than the middle one."""
    svg = distribution_chart([group("F")], LEGIBLE)
    (box,) = ET.fromstring(svg).findall(f"{SVG}rect")  # noqa: S314
    start, width = float(box.attrib["x"]), float(box.attrib["width"])
    (median,) = diamonds(svg)
    assert (median - start) / width == pytest.approx((0.5 - 0.3) / (0.6 - 0.3))


def test_curves_are_told_apart_by_letters() -> None:
    """If this fails, whoever cannot see colours cannot tell the groups."""
    groups = [group(f"g{i}") for i in range(MOST_CURVES + 2)]
    svg = calibration_chart(groups, LEGIBLE)
    assert {"a: g0", "b: g1", "i: g8"} <= set(texts(svg))
    assert texts(svg).count("a") == 3
    assert not any(text.endswith("g9") for text in texts(svg))
    dashes = [line.attrib["stroke-dasharray"] for line in ET.fromstring(svg).iter(f"{SVG}polyline")]  # noqa: S314
    assert len(set(dashes)) == MOST_CURVES


def test_names_cannot_add_markup() -> None:
    """If this fails, a category could draw on the report."""
    hostile = group("</text><script>alert(1)</script>")
    for svg in (
        interval_chart([hostile], "auc", LEGIBLE),
        distribution_chart([hostile], LEGIBLE),
        calibration_chart([hostile], LEGIBLE),
    ):
        assert "<script" not in svg
        ET.fromstring(svg)  # noqa: S314


def test_a_report_shows_an_audit_of_scores() -> None:
    """If this fails, an audit of scores leaves a hole in the report, or stops it."""
    report = make_report(make_signer())
    latest = report.audits[-1]
    scored = replace(latest, groups=(), values=(group("F"), group("M", small=True)))
    html = render_html(replace(report, audits=(*report.audits[:-1], scored)))
    assert html.count("data:image/svg+xml") >= 3
    assert "0.700 [0.650, 0.750]" in html
    assert "M (small)" in html


def test_too_many_groups_are_said_to_be() -> None:
    """If this fails, groups vanish from a page and nobody says so."""
    groups = [group(f"g{i}", n=i) for i in range(30)]
    (page,) = value_pages(groups, LEGIBLE, 24)
    assert (len(page.rows), page.omitted) == (24, 6)
    assert page.rows[0].name == "g29"


def test_p_values_stand_beside_the_figures_they_are_of() -> None:
    """If it fails, a page shows a p of 1 as 0, or one test's p beside another's figure."""
    tests = {"auc_p": 0.0002, "auc_p_holm": 0.04, "ks": 0.1, "ks_p": 0.9998, "ks_p_holm": 1.0}
    own = group("F")
    measures = {**own.measures, **{name: Measured(value) for name, value in tests.items()}}
    (page,) = value_pages([replace(own, measures=measures)], LEGIBLE, 24)
    assert page.headings[2:] == ("AUC", "AUC p (Holm)", "KS", "KS p (Holm)")
    assert page.rows[0].figures[2:] == ("< .001 (.040)", "0.100", "1.000 (1.000)")


def test_the_kept_result_gives_its_percentiles_in_order(world: World, tmp_path: Path) -> None:
    """If this fails, the box of a distribution is drawn from the wrong percentiles."""
    file = tmp_path / "scores.csv"
    rows = [f"{'FM'[i % 2]},{i},{int(i > 100)}" for i in range(200)]
    file.write_text("\n".join(["sex,score,happened", *rows]))
    emil = world.person("emil")
    request = FairnessRequest("score", ("sex",), "happened", outcome="score")
    run_values(emil.book, emil.signer, MODEL, request, files=[file])
    with emil.book.read() as snapshot:
        gathered = gather(snapshot, MODEL, None, datetime.max.replace(tzinfo=UTC))
    (audit,) = report_audits(emil.book, gathered)
    female = audit.values[0]
    assert female.percentiles == (8, 48, 98, 148, 188)
    assert female.measures["auc"].value == 1
    assert (audit.groups, female.curve) == ((), ())
