"""A comparison of data as the audit's page shows it."""

from __future__ import annotations

from pathlib import Path

from console.tui.audits.result import sections
from policies.data.compare import DriftRequest, Rows, compare_data
from policies.thresholds import parse_thresholds, shipped_text


def test_what_moved_is_shown(tmp_path: Path) -> None:
    """If this fails, opening a drift audit breaks the screen, or hides what moved."""
    sides = []
    for name, share in (("was", 2), ("is", 10)):
        path = tmp_path / f"{name}.csv"
        cells = ["shop\x1b" if i % share == 0 else "web" for i in range(600)]
        path.write_text("channel,at\n" + "".join(f"{cell},2026-01-01\n" for cell in cells))
        sides.append(Rows([path]))
    limits = parse_thresholds(shipped_text()).drift
    found = compare_data(sides[0], sides[1], DriftRequest(), limits).as_json()
    side = {"files": ["x.csv"], "logs": [], "digest": "", "dataset": None, "period": "2026-01"}
    document = {"measure": "drift", "filter": None, "reference": side, "current": side, **found}
    (text,) = (part.plain for part in sections(document, 100))
    assert "fail" in text
    assert "reference: x.csv 2026-01, 600 rows" in text
    assert "shop[U+001B]" in text
    assert "-40.0 %" in text
    assert "at not compared: times always move on" in text
    assert "\x1b" not in text
