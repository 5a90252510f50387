"""What the main screens look like, with clock, time zone and ids frozen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from console.tui.switches.kill import KillDialog
from ledger.clock import read_time
from policies.data_sets import Described, Files, register
from policies.remedying import open_finding
from tests.console.tui.driving import press, settled, shown, until
from tests.console.tui.sample import SAMPLE, Sample

Snap = Callable[..., bool]
LARGE, SMALL = (120, 36), (80, 24)


def after(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Come to rest, press keys one by one, come to rest."""

    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, *keys)

    return run


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["large", "small"])
def test_overview(morning: Sample, snap_compare: Snap, size: tuple[int, int]) -> None:
    """The first screen would not say what waits, or not in a terminal of 80 by 24."""
    app = morning.console("cyril")
    assert snap_compare(app, run_before=after(), terminal_size=size)


def test_model(morning: Sample, snap_compare: Snap) -> None:
    """A model's facts, ratings or card would be missing from its page."""
    app = morning.console("mira")
    assert snap_compare(app, run_before=after("2", "enter"), terminal_size=LARGE)


def test_audit(morning: Sample, snap_compare: Snap) -> None:
    """An audit's verdict, bars or intervals would not be readable."""
    app = morning.console("noor")
    assert snap_compare(app, run_before=after("3", "enter"), terminal_size=(120, 44))


def test_incident_in_a_small_terminal(morning: Sample, snap_compare: Snap) -> None:
    """Clock, steps and keys of an incident would not fit where they are needed most."""
    app = morning.console("cyril")
    assert snap_compare(app, run_before=after("4", "enter"), terminal_size=SMALL)


def test_kill_dialog(morning: Sample, snap_compare: Snap) -> None:
    """A commander would not see what a kill stops before confirming it."""

    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "5", "down", "k")
        await shown(pilot, KillDialog)

    assert snap_compare(morning.console("cyril"), run_before=run, terminal_size=LARGE)


def test_switches_in_the_colours_of_the_terminal(morning: Sample, snap_compare: Snap) -> None:
    """A switch's state would be lost under the theme `ansi-dark`."""

    async def run(pilot: Pilot[Any]) -> None:
        pilot.app.theme = "ansi-dark"
        await settled(pilot)
        await press(pilot, "5")

    assert snap_compare(morning.console("ada"), run_before=run, terminal_size=SMALL)


def test_data_set_in_a_small_terminal(sample: Sample, snap_compare: Snap) -> None:
    """Which bytes a data set holds, or the keys that work on it, would not fit."""
    described = Described("Applications", "mira", "Core banking", "internal")
    files = Files([SAMPLE / "credit_decisions_sample.csv"], "1", label="repaid")
    register(sample.book, sample.signers["ada"], "applications", described, files)
    app = sample.console("mira")
    assert snap_compare(app, run_before=after("9", "enter"), terminal_size=SMALL)


def test_findings_in_a_small_terminal(sample: Sample, snap_compare: Snap) -> None:
    """What is overdue would not stand out from what is not, or not by glyph and word."""
    for title, due in (("Later", "2026-05-01T12:00:00Z"), ("Over", "2026-04-01T12:00:00Z")):
        open_finding(
            sample.book,
            sample.signers["noor"],
            title=title,
            severity="high",
            model="credit-scorer",
            source="audit/aud-1",
            due=read_time(due),
        )
    app = sample.console("mira")
    run = after("4", "right_square_bracket")
    assert snap_compare(app, run_before=run, terminal_size=SMALL)


def test_metrics_in_a_small_terminal(morning: Sample, snap_compare: Snap) -> None:
    """Lines over time and windows would not stand above each other in 80 by 24."""

    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "2", "enter", "m")
        lines = pilot.app.screen.query_one("#metric-lines", Static)
        await until(pilot, lambda: "500 decisions" in str(lines.render()), "the metrics")
        await settled(pilot)

    assert snap_compare(morning.console("mira"), run_before=run, terminal_size=SMALL)
