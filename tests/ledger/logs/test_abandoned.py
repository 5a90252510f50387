"""What an import that was killed leaves in the evidence folder, and who clears it away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ledger.evidence import Evidence
from ledger.logs.mapping import ColumnMap
from ledger.logs.sealing import seal

MAP = ColumnMap.model_validate({"columns": {"score": {"source": "score", "type": "number"}}})
SEALING_FOR_EVER = """
import sys
from pathlib import Path
from ledger.evidence import Evidence
from ledger.logs.sealing import seal
from tests.ledger.logs.test_abandoned import MAP

def wait(done, total):
    print("sealing", flush=True)
    sys.stdin.read()

folder = Path(sys.argv[1])
seal([folder / "log.csv"], MAP, Evidence(folder / "evidence"), bytes.hex, wait)
"""


def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path) -> None:
    """If it fails, killed imports fill the disk for ever, or one import destroys another's file."""
    evidence = Evidence(tmp_path / "evidence")
    evidence.folder.mkdir()
    log = tmp_path / "log.csv"
    log.write_text("score\n0.5\n")

    def left() -> int:
        return len(list(evidence.folder.glob(".sealing.*")))

    with subprocess.Popen(
        [sys.executable, "-c", SEALING_FOR_EVER, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"sealing\n"
        assert left() == 2
        seal([log], MAP, evidence, bytes.hex, lambda _done, _all: None)
        assert left() == 2, "another import is at work"
        other.kill()
        other.wait()
        assert left() == 2
    sealed = seal([log], MAP, evidence, bytes.hex, lambda _done, _all: None)
    assert left() == 0
    assert [path.stem for path in evidence.folder.iterdir()] == [sealed.file_digest]
