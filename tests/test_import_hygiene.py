"""What each room needs in order to run, seen from a fresh process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ABOVE = ("textual", "typer", "rich", "pandas", "fairlearn", "weasyprint", "yaml", "pyhanko")
ROOMS_ABOVE = ("policies", "reports", "console")
LEDGER = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "ledger").rglob("*.py")
)

BLOCKED = f"""
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABOVE + ROOMS_ABOVE!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed here", name=name)

sys.meta_path.insert(0, Absent())
"""

WORK = """
import base64
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.book import Book
from ledger.entry import Draft
from ledger.founding import Foundation, found
from ledger.home import Home
from ledger.keys import Signer
from ledger.logs.importing import import_logs
from ledger.logs.proposing import propose
from ledger.registers.house import RoleMatrix
from ledger.registers.models import LegalClass, ModelCard, Registered, draft_registration
from ledger.seat import Seat
from ledger.verification import verify

folder = Path(sys.argv[1])
seat = Seat(folder / "seat")
seat.create()
ada = Signer("ada", Ed25519PrivateKey.generate())
book = Book(Home(folder / "home"), seat)
matrix = RoleMatrix.model_validate(
    {"roles": [{"role": "admin", "kinds": ["model.*", "log.sealed"]}], "two_person": []}
)
foundation = Foundation(
    "ab" * 32, "bank.example", "Bank", True, "Ada", "", "", matrix, "x", ""
)
found(book, ada, foundation, {})
model = Registered(
    name="Credit", owner="ada", version="1", status="production", switch="on",
    legal_class=LegalClass(), materiality="high", testing_level="low", card=ModelCard(),
)
book.append(ada, [draft_registration("credit", model)])
log = folder / "log.csv"
log.write_text("id,decision\\n1,yes\\n2,no\\n")
imported = import_logs(book, ada, "credit", [log], propose(log))
assert imported.rows == 2, imported
result = verify(book)
assert result.verdict == "verified", result.problems
"""


def run(code: str, *arguments: str) -> str:
    """Run code in a fresh process; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_the_ledger_needs_nothing_from_above() -> None:
    """If it failed, the record could not be read where no terminal, PDF or YAML library is."""
    imports = "\n".join(f"import {name}" for name in LEDGER)
    report = f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {set(ABOVE)!r}))"
    assert run(f"{BLOCKED}\n{imports}\n{report}").strip() == "[]"


def test_import_and_verification_work_where_the_libraries_above_are_absent(tmp_path: Path) -> None:
    """If it failed, a server without Pango, Textual or fairlearn could not import or verify."""
    run(BLOCKED + WORK, str(tmp_path))


@pytest.mark.parametrize(
    "pure", ["entry", "merkle", "tiles", "proofs", "checkpoint", "keys", "errors"]
)
def test_the_pure_record_reads_no_database(pure: str) -> None:
    """If it failed, others could not take these files to check a record without a database."""
    heavy = {"duckdb", "sqlalchemy", "sqlmodel", "pydantic", "pyarrow"}
    report = f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {heavy!r}))"
    assert run(f"import sys, ledger.{pure}\n{report}").strip() == "[]"


def test_help_loads_no_heavy_library() -> None:
    """If it failed, `quaestor --help` and shell completion would take seconds."""
    heavy = {"duckdb", "textual", "pandas", "pyarrow", "weasyprint", "fairlearn", "pyhanko"}
    code = f"""
import sys
sys.argv = ["quaestor", "--help"]
from console.cli.main import run
try:
    run()
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", sorted({{name.partition(".")[0] for name in sys.modules}} & {heavy!r}))
"""
    assert run(code).strip().endswith("loaded: []")
