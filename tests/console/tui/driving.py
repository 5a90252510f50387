"""Driving a console in a test: keys, and waiting for what is to happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import DataTable, Input, Select, TextArea

from console.tui.app import QuaestorApp

PATIENCE = 90.0


async def until(pilot: Pilot[Any], happened: Callable[[], bool], what: str) -> None:
    """Wait until something is so; fail with `what` when it never is."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited in vain for: {what}"
        await pilot.pause(0.02)


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until the ledger is read and no job runs, then for the screen to be drawn."""
    app = console(pilot)
    await until(pilot, lambda: app.picture is not None and not app.jobs, "a read ledger")
    await pilot.pause()
    # A table measures what came into it when it is next idle, and is drawn too narrow until then.
    await until(pilot, lambda: all(map(_measured, app.screen.query(DataTable))), "tables")
    await pilot.pause()


def _measured(table: DataTable[Any]) -> bool:
    return not table._require_update_dimensions


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one by one, each after the screen came to rest."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def shown(pilot: Pilot[Any], screen: type[Screen[Any]]) -> None:
    """Wait until a screen or dialog of this kind is in front."""
    await until(pilot, lambda: isinstance(pilot.app.screen, screen), screen.__name__)
    await pilot.pause()


def fill(app: App[Any], **values: str) -> None:
    """Write into the fields of the form in front."""
    for name, value in values.items():
        widget = app.screen.query_one(f"#{name}")
        if isinstance(widget, TextArea):
            widget.text = value
        elif isinstance(widget, Select | Input):
            widget.value = value
        else:
            raise TypeError(widget)


def console(pilot: Pilot[Any]) -> QuaestorApp:
    """The console that a pilot drives."""
    assert isinstance(pilot.app, QuaestorApp)
    return pilot.app
