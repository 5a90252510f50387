"""The code that docs/guarding-an-application.md prints, run as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.switchboard import Board, Mode, publish, render

GUIDE = Path(__file__).parents[2] / "docs" / "guarding-an-application.md"
ASK = '\nprint(may_serve("scorer"), mode("scorer"), may_serve("unheard-of"))\n'


def answers(switchboard: Path, code: str) -> str:
    """Run the printed code and then ask; return what was printed."""
    run = subprocess.run(
        [sys.executable, "-c", code + ASK],
        env={**os.environ, "SWITCHBOARD": str(switchboard)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def asking_and_freshness() -> tuple[str, str]:
    """Return the two Python blocks of the guide."""
    asking, freshness = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return asking, freshness


@pytest.mark.parametrize("mode", Mode)
def test_the_printed_question_gets_the_answer_of_the_table(tmp_path: Path, mode: Mode) -> None:
    """If this fails, an engineer who copies the guide's code is told the wrong thing."""
    path = publish(tmp_path, render(Board({"scorer": mode}, "5f1d", datetime.now(UTC), 1))).path
    said = answers(path, asking_and_freshness()[0])
    assert said == f"{mode is Mode.ON} {mode.value} False"
    table = re.findall(r"^\| (\w+) \| (true|false) \| `(\w+)` \|", GUIDE.read_text(), re.MULTILINE)
    assert (mode.value, str(mode is Mode.ON).lower(), mode.value) in table


def test_the_printed_question_without_a_file_is_answered_no(tmp_path: Path) -> None:
    """If this fails, the guide's code crashes, or serves, where nothing was ever published."""
    assert answers(tmp_path / "absent", asking_and_freshness()[0]) == "False off False"


@pytest.mark.parametrize(("age", "said"), [(1, "True on False"), (5, "False off False")])
def test_the_printed_hook_holds_for_the_stated_time(tmp_path: Path, age: int, said: str) -> None:
    """If this fails, a lost switchboard keeps a model serving, or a fresh one stops it."""
    published_at = datetime.now(UTC) - timedelta(hours=age)
    path = publish(tmp_path, render(Board({"scorer": Mode.ON}, "5f1d", published_at, 1))).path
    assert answers(path, "\n".join(asking_and_freshness())) == said
