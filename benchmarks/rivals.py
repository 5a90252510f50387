"""Other audit logs, where installed, on the same work, and what each says once its tail is cut.

They are no dependencies: `--rivals PYTHON` names the Python of a throw-away environment that has
some of pymerkle, witness-log, auditchain and agent-airlock; `--rivals install` makes one and
removes it afterwards.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import rival_work
from benchmarks.ledgers import MODELS, fresh_ledger, versions
from benchmarks.timing import Scale, rate, say, stopwatch, table
from ledger.verification import verify

_INSTALL = "install"


def run(scale: Scale) -> None:
    """Append `scale.part` records to each log, ask it, cut its last tenth, ask again."""
    records = scale.part
    ours = _ours(records)
    rows, words = [_row("quaestor", records, ours, ours)], [("quaestor", ours)]
    with _python(scale.rivals) as python:
        for name in rival_work.RIVALS:
            found = _measured(python, name, records)
            words.append((name, found))
            rows.append(_row(name, records, found, ours))
    table(
        f"{records:,} records, appended and then checked",
        ("log", "append", "our rate x", "check", "our rate x"),
        rows,
    )
    say("  (pymerkle has no check of all entries: it proves one; ours also replays every rule)")
    say(f"\nAsked again after the last {records // 10:,} were cut off:")
    for name, found in words:
        say(f"  {name:<14} {found['after'] if found else 'not installed'}")


def _ours(records: int) -> dict[str, Any]:
    """Our own ledger: one part; its tail is cut by putting an older copy of the home back."""
    with fresh_ledger() as (book, signer):
        lost = records // 10
        older = book.home.folder.parent / "older"
        with stopwatch() as first:
            book.append(signer, versions(MODELS + 1, records - lost))
        shutil.copytree(book.home.folder, older)
        with stopwatch() as second:
            book.append(signer, versions(MODELS + 1 + records - lost, lost))
        with stopwatch() as asking:
            before = verify(book).sentence
        shutil.rmtree(book.home.folder)
        older.rename(book.home.folder)
        after = verify(book).sentence
    seconds = first.seconds + second.seconds
    return {"append": seconds, "ask": asking.seconds, "before": before, "after": after}


def _measured(python: str, name: str, records: int) -> dict[str, Any]:
    """What another log did; empty if it is not installed there."""
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        done = subprocess.run(
            [python, rival_work.__file__, name, str(records), folder],
            capture_output=True,
            check=True,
            text=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _row(
    name: str, records: int, found: dict[str, Any], ours: dict[str, Any]
) -> tuple[str, str, str, str, str]:
    if not found:
        return (name, "not installed", "", "", "")
    append, ask = found["append"], found["ask"]
    return (
        name,
        rate(records, append),
        f"{ours['append'] / append:.1f}x",
        rate(records, ask),
        f"{ours['ask'] / ask:.1f}x",
    )


@contextmanager
def _python(wanted: str) -> Iterator[str]:
    """The Python to look for the others in; a throw-away one if that is wanted."""
    if wanted != _INSTALL:
        yield wanted or sys.executable
        return
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for name in rival_work.RIVALS:
            subprocess.run([*pip, name], check=False, capture_output=True)
        yield python
