from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from reports.charts import PLOT, selection_rates, shorten
from reports.content import Group
from reports.legible import legible_except
from tests.reports.sample import GROUPS

SVG = "{http://www.w3.org/2000/svg}"
SEX = GROUPS[:2]


def draw(*groups: Group, highest: float = 0.412) -> ET.Element:
    """Draw a chart and parse it."""
    return ET.fromstring(selection_rates(groups, highest, legible_except(())))  # noqa: S314


def bars(chart: ET.Element) -> list[ET.Element]:
    """Find the bars, in order."""
    return chart.findall(f"{SVG}rect")


def texts(chart: ET.Element) -> list[str]:
    """List all text in the chart."""
    return [" ".join((item.text or "").split()) for item in chart.iter(f"{SVG}text")]


def test_bars_stand_in_proportion() -> None:
    """If it fails, the picture tells another story than the figures."""
    male, female = (float(bar.attrib["width"]) for bar in bars(draw(*SEX)))
    assert male / female == pytest.approx(0.412 / 0.298)


def test_whiskers_end_at_the_interval() -> None:
    """If it fails, the drawn uncertainty is not the audited one."""
    chart = draw(*SEX)
    scale = float(bars(chart)[0].attrib["width"]) / 0.412
    path = next(p.attrib["d"] for p in chart.iter(f"{SVG}path") if "H" in p.attrib["d"])
    low, high = path.split("M")[1].split()[0], path.split("H")[1].split()[0]
    assert float(low) == pytest.approx(PLOT[0] + 0.409 * scale)
    assert float(high) == pytest.approx(PLOT[0] + 0.415 * scale)


def test_the_line_stands_at_four_fifths_of_the_highest_of_all_groups() -> None:
    """If it fails, leaving out the best-off group would move the line that the others must meet."""
    (female,) = bars(draw(SEX[1]))
    chart = draw(SEX[1])
    line = next(p for p in chart.iter(f"{SVG}path") if "stroke-dasharray" in p.attrib)
    scale = float(female.attrib["width"]) / 0.298
    x = float(line.attrib["d"].split()[0].lstrip("M"))
    assert x == pytest.approx(PLOT[0] + 0.8 * 0.412 * scale)
    assert "four fifths of the highest rate: 33.0 %" in texts(chart)


def test_the_line_names_whom_groups_are_held_against() -> None:
    """If it fails, a control group that was named looks like the one with the highest rate."""
    svg = selection_rates(SEX, 0.298, legible_except(()), "the rate of female")
    chart = ET.fromstring(svg)  # noqa: S314
    assert "four fifths of the rate of female: 23.8 %" in texts(chart)
    assert float(bars(chart)[0].attrib["width"]) < PLOT[1] - PLOT[0]


def test_exactly_four_fifths_is_not_below() -> None:
    """If it fails, two thirds of five sixths are hatched for a rounding of doubles."""
    exact = Group("sex", "F", 3, 2 / 3, None, (2 / 3) / (5 / 6))
    assert not any("below" in text for text in texts(draw(exact, highest=5 / 6)))


def test_what_lies_below_is_told_without_colour() -> None:
    """If it fails, a reader without colour, or of a copy, cannot see who is disadvantaged."""
    chart = draw(*SEX)
    male, female = bars(chart)
    assert female.attrib["fill"] == "url(#below)"
    assert male.attrib["fill"] != female.attrib["fill"]
    assert [text for text in texts(chart) if "below" in text] == ["29.8 % · 0.72 ▼ below"]


def test_a_group_without_rate_is_no_bar() -> None:
    """If it fails, an undefined rate is drawn as a rate of zero."""
    assert len(bars(draw(*SEX, Group("sex", "nobody", 0, None)))) == 2


def test_no_groups_at_all() -> None:
    """If it fails, an audit without any rate has no report."""
    assert bars(draw(highest=0.0)) == []


def test_labels_stay_text() -> None:
    """If it fails, whoever names a group can put markup into the signed report."""
    chart = draw(Group("sex", '</text><script>"&', 9, 0.5))
    assert not list(chart.iter(f"{SVG}script"))
    assert '</text><script>"&' in texts(chart)


def test_shorten_counts_wide_characters_twice() -> None:
    """If it fails, long names run into the bars."""
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
    assert shorten("模型模型", 4) == "模…"
