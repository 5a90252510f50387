"""Perform every attack, or change bytes at random, and print what came of it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from rich.console import Console
from rich.table import Table

from tests.lab.attack import Outcome, perform, place
from tests.lab.attacks import ATTACKS
from tests.lab.scene import Lab, opened_lab


def main(arguments: Sequence[str]) -> int:
    """Return 0 if everything came out as it must, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--damage", type=int, default=0, metavar="FLIPS")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    with opened_lab(thorough=not asked.damage) as lab:
        if asked.damage:
            from tests.lab.damage import report

            return report(lab, asked.seed, asked.damage)
        return _attacks(lab)


def _attacks(lab: Lab) -> int:
    outcomes = []
    for attack in ATTACKS:
        folder = Path(mkdtemp(dir=lab.folder))
        outcomes.append(perform(attack, lab, folder))
        rmtree(folder)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(_table(outcomes))
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    console.print(f"{len(outcomes)} attacks, {len(wrong)} not as they must come out.")
    return 1 if wrong else 0


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(
        "attack", "expected problem", "verdict", "found", "first bad entry", "ms", "", box=None
    )
    for outcome in outcomes:
        first = outcome.first
        table.add_row(
            outcome.name,
            shortened(outcome.expected),
            outcome.verdict,
            shortened(place(first.check, first.seq, first.subject)) if first else "",
            "" if first is None or first.seq is None else str(first.seq),
            f"{outcome.seconds * 1000:.0f}",
            f"WRONG: {outcome.wrong}" if outcome.wrong else "ok",
        )
    return table


def shortened(text: str) -> str:
    """Without the middle of long identifiers."""
    return re.sub(r"[\w+/=]{48,}", lambda found: f"{found[0][:20]}…", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
