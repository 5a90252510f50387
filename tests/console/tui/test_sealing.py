"""A map proposed and written at the console, and logs sealed by it for a ledger elsewhere."""

from __future__ import annotations

from pathlib import Path

import yaml
from textual.widgets import SelectionList

from console.tui.dialogs import Notice
from console.tui.form import Form
from console.tui.reading import Reading
from ledger.logs.bundles import opened_bundle
from tests.console.tui.driving import fill, press, settled, shown, until
from tests.console.tui.sample import Sample

LOG = """\
{"time":"2026-03-01T10:00:00Z","request_id":"r-1","person":"ann@example.org","out":{"verdict":"yes"}}
{"time":"2026-03-01T10:01:00Z","request_id":"r-2","person":"bo@example.org","out":{"verdict":"no"}}
"""


async def test_a_map_is_written_and_logs_are_sealed_by_it(morning: Sample, tmp_path: Path) -> None:
    """If it fails, an engineer at the console needs the command line for a map or a bundle."""
    log, written, bundle = (tmp_path / name for name in ("a.jsonl", "a.map.yaml", "a.bundle"))
    log.write_text(LOG)
    app = morning.console("ada")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "m")
        await shown(pilot, Form)
        fill(app, path=str(log))
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(app.screen.query("#decision")), "what was found")
        form = app.screen
        columns = form.query_one("#groups", SelectionList)
        assert "[ ] person" in columns.render_line(1).text
        columns.select("person")
        assert "[x] person" in columns.render_line(1).text
        fill(app, decision="=out.verdict", label="=out.verdict", positive="yes", to=str(log))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, to=str(written))
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        found = yaml.safe_load(written.read_text())
        assert found["columns"]["verdict"]["source"] == "out.verdict"
        said = {name: found[name] for name in ("decision", "label", "positive", "groups")}
        assert said == {
            "decision": "verdict", "label": "verdict", "positive": "yes", "groups": ["person"],
        }  # fmt: skip
        await press(pilot, "escape", "b")
        await shown(pilot, Form)
        fill(app, path=str(log), map=str(written), model="fraud-screen", bundle=str(log))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, bundle=str(bundle))
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        await press(pilot, "enter")
        await until(pilot, bundle.exists, "the bundle")
        await shown(pilot, Reading)
    with opened_bundle(bundle) as (envelope, _):
        statement = envelope.statement
    assert (statement.model, statement.rows, statement.quarantined) == ("fraud-screen", 2, 0)
    assert [(each.name, each.count) for each in statement.redactions] == [("email", 2)]
