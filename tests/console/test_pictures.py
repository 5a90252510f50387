"""Audits of scores, ratings and profiles in characters: what is drawn is what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from console.messages import legible
from console.pictures import NARROWEST, Span, pictures, spans
from console.tui.audits.result import PARTS, sections
from policies.adopting import shipped_policies
from policies.auditing import Decisions
from policies.fairness.grouped import ValueRequest
from policies.fairness.profiles.shipped import profile
from policies.fairness.rating_audit import audit_ratings
from policies.fairness.score_audit import audit_scores
from policies.profiling import ProfileRequest, audit_by_profile
from policies.thresholds import Thresholds

THRESHOLDS = Thresholds.model_validate_json(shipped_policies()["thresholds"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 400 scored people with an event; one group has a hostile name."""
    names = ("F", "\x1b[31mM")
    lines = [f"{names[i % 2]},{(i * 37 % 100) / 100},{int(i * 37 % 100 > 50)}" for i in range(400)]
    path = tmp_path_factory.mktemp("people") / "people.csv"
    path.write_text("\n".join(["sex,score,happened", *lines]))
    return path


@pytest.fixture(params=["score", "rating"])
def document(request: pytest.FixtureRequest, file: Path) -> dict[str, Any]:
    """Give an audit's document as the record keeps it."""
    asked = ValueRequest("score", ("sex",), "happened")
    if request.param == "score":
        found = audit_scores([file], asked, THRESHOLDS, "0" * 64, 1).as_json()
    else:
        found = audit_ratings([file], asked, THRESHOLDS, "0" * 64).as_json()
    return {"audit_id": "aud-1", "model": "m", **found}


def column(line: str, marker: str) -> list[int]:
    """Where a marker stands in a line."""
    return [i for i, char in enumerate(line) if char == marker]


def test_values_stand_in_proportion() -> None:
    """If this fails, the picture tells another story than the figures."""
    drawn = spans(
        [Span("a", 0.2, 0.1, 0.3), Span("b", 0.4, 0.3, 0.5), Span("c", 1.0, 0.9, 1.0)], 100
    )
    a, b, c = (line for line in drawn.splitlines() if "┃" in line)
    edge = drawn.splitlines()[0].index("┌") + 1
    (first,), (second,), (third,) = (column(line, "┃") for line in (a, b, c))
    assert (second - edge) / (first - edge) == pytest.approx(2, abs=0.15)
    assert (third - edge) / (first - edge) == pytest.approx(5, abs=0.3)
    # The interval lies around its value.
    assert min(column(b, "━")) < second < max(column(b, "━"))


def test_one_group_an_undefined_one_and_equal_ones_are_drawn() -> None:
    """If this fails, an audit of one group, or of nothing, ends in a traceback."""
    assert "only" in spans([Span("only", 0.5, None, None)], 80)
    assert "none" in spans([Span("none", None, None, None), Span("b", 0.1, 0.0, 0.2)], 80)
    assert spans([Span("a", 0.0, 0.0, 0.0), Span("b", 0.0, 0.0, 0.0)], 80, None)
    assert spans([], 80)


@pytest.mark.parametrize("width", [10, 60, 300])
def test_pictures_fit_the_terminal_and_hide_nothing_in_colour(
    width: int, document: dict[str, Any]
) -> None:
    """If this fails, a picture wraps into noise, or says something by hue or escape alone."""
    for plain in (False, True):
        for drawn in pictures(document, width, plain=plain):
            lines = drawn.splitlines()[1:]
            assert max(map(len, lines)) <= max(width, NARROWEST) + 1
            assert "\x1b" not in drawn
            if plain:
                assert "\n".join(lines).isascii()


def test_the_console_shows_every_part(document: dict[str, Any]) -> None:
    """If this fails, an audit of scores cannot be read in the console, or stops it."""
    found = [text.plain for text in sections(document, 100)]
    assert len(found) == PARTS
    assert all(legible(reason) in found[-1] for reason in document["reasons"])
    assert "95 % interval" in found[1]
    assert "\x1b" not in "".join(found)


@pytest.mark.parametrize("width", [78, 118])
def test_a_profile_has_every_figure_on_the_screen(file: Path, width: int) -> None:
    """If this fails, a rule's audit is a picture without rows, tests and intervals to read."""
    request = ProfileRequest("credit", ("sex",), "happened", score="score", references={"sex": "F"})
    rule = profile("credit")
    decisions = Decisions([file], [], "0" * 64)
    document = {
        **audit_by_profile(decisions, request, rule, THRESHOLDS),
        "title": rule.title,
        "profile": rule.model_dump(mode="json"),
        "audit_id": "aud-1",
        "model": "m",
    }
    shown = [text.plain for text in sections(document, width)]
    assert len(shown) == PARTS
    group = next(each for each in document["groups"] if not each["is_reference"])
    for figure in ("selection_rate", "impact_ratio", "difference", "standardized_difference"):
        low, high = group[f"{figure}_ci"]
        assert f"{abs(group[figure]):.3f}" in shown[2]
        assert f"{low:.3f} to {high:.3f}" in shown[2]
    assert "Fisher" in shown[2]
    assert max(map(len, shown[2].splitlines())) <= width
    assert "\x1b" not in "".join(shown)
    assert rule.caveats[0].strip()[:40] in shown[3]
