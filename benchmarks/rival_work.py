"""The same work done by another audit log, in whichever Python has it: append, verify, cut, ask.

Run as `python rival_work.py NAME RECORDS FOLDER`; prints one JSON object. It imports nothing of
ours, so that it runs in a throw-away environment. Each log is used as its own page shows: its bulk
call where it has one, its own check of everything, keys of its own making.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass
class Rival:
    """Three things to do with a log: append records, ask whether it is sound, cut its tail."""

    append: Callable[[list[dict[str, str]]], object]
    ask: Callable[[], str]
    cut: Callable[[int], object]


def pymerkle(folder: Path) -> Rival:
    """A Merkle tree in SQLite; it checks an entry against the root that it has itself."""
    library: Any = import_module("pymerkle")
    file = str(folder / "tree.db")

    def append(records: list[dict[str, str]]) -> None:
        with library.SqliteTree(file) as tree:
            tree.append_entries([json.dumps(record).encode() for record in records])

    def ask() -> str:
        with library.SqliteTree(file) as tree:
            size, root = tree.get_size(), tree.get_root()
            proof = tree.prove_inclusion(1, size)
            library.verify_inclusion(tree.get_leaf(1), root, proof)
            return f"the proof holds, {size} entries"

    def cut(lost: int) -> None:
        with sqlite3.connect(file) as connection:
            connection.execute("DROP TRIGGER leaf_no_delete")
            connection.execute("DELETE FROM leaf WHERE id > (SELECT max(id) FROM leaf) - ?", [lost])

    return Rival(append, ask, cut)


def auditchain(folder: Path) -> Rival:
    """A hash chain in SQLite, sealed with a key."""
    library: Any = import_module("auditchain")
    file = folder / "audit.sqlite"

    def opened() -> Any:
        return library.SyncAuditLog(library.SqliteBackend(file), seal_key=b"k" * 32)

    def append(records: list[dict[str, str]]) -> None:
        opened().append_many([("bench", "versioned", r["subject"], r) for r in records])

    def cut(lost: int) -> None:
        last = "(SELECT max(seq) FROM audit_records)"
        with sqlite3.connect(file) as connection:
            connection.execute(f"DELETE FROM audit_records WHERE seq > {last} - ?", [lost])  # noqa: S608

    return Rival(append, lambda: str(opened().verify()), cut)


def witness_log(folder: Path) -> Rival:
    """A signed Merkle log in a JSONL journal."""
    library: Any = import_module("witness_log")
    file = folder / "agent.jsonl"
    seed = bytes(32)

    def append(records: list[dict[str, str]]) -> None:
        with library.JournaledLog.create(str(file), seed) as log:
            for record in records:
                log.append_result(json.dumps(record).encode())
            log.sync()

    def ask() -> str:
        log, _ = library.JournaledLog.resume(str(file))
        with log:
            report = library.verify_dossier_json(
                log.to_dossier_json(), 0.66, log.identity_pubkey_hex()
            )
            found = json.loads(report)
            return f"{found['verdict']}, {log.tree_size()} leaves, failures: {found['failures']}"

    return Rival(append, ask, lambda lost: _lose_lines(file, lost))


def agent_airlock(folder: Path) -> Rival:
    """A hash chain in JSONL, fsynced at every record."""
    library: Any = import_module("agent_airlock.conformance.decision_log")
    file = folder / "decisions.jsonl"

    def append(records: list[dict[str, str]]) -> None:
        log = library.DecisionLog(file)
        for record in records:
            log.append(
                stage="policy",
                tool_name=record["subject"],
                decision="allow",
                reason=f"{record['version']}: {record['notes']}",
            )

    def ask() -> str:
        found = library.DecisionLog(file, verify_on_load=False).verify()
        return f"{'ok' if found.ok else 'broken'}: {found.detail}, {found.record_count} records"

    return Rival(append, ask, lambda lost: _lose_lines(file, lost))


RIVALS = {
    "pymerkle": pymerkle,
    "witness-log": witness_log,
    "auditchain": auditchain,
    "agent-airlock": agent_airlock,
}


def _lose_lines(file: Path, lost: int) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-lost]))


def main(name: str, records: int, folder: Path) -> dict[str, object]:
    """Do all of it once; seconds of appending and of asking, and what it said before and after."""
    try:
        rival = RIVALS[name](folder)
    except ImportError:
        return {}
    made = [
        {"subject": f"model/model-{n % 50}", "version": f"v{n}", "notes": "Retrained on the last."}
        for n in range(records)
    ]
    start = time.perf_counter()
    rival.append(made)
    appended = time.perf_counter()
    before = rival.ask()
    asked = time.perf_counter()
    rival.cut(records // 10)
    try:
        after = rival.ask()
    except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
        after = f"{type(error).__name__}: {error}"
    return {
        "append": appended - start,
        "ask": asked - appended,
        "before": before,
        "after": after,
    }


if __name__ == "__main__":
    name, records, folder = sys.argv[1:]
    sys.stdout.write(json.dumps(main(name, int(records), Path(folder))))
