"""The evidence in a report proves itself, with nothing but public keys."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from ledger.errors import CheckFailed
from ledger.registers.audits import AuditRow
from ledger.witnessing import signed_checkpoint
from reports.evidence import check_evidence, make_evidence
from tests.people import MODEL, ORIGIN, World, copy, raising
from tests.reports.work import work


@pytest.fixture(scope="module")
def evidence(template: World, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give the evidence of a model's report."""
    world = work(copy(template, tmp_path_factory.mktemp("evidence")))
    rosa = world.person("rosa")
    with rosa.book.read() as snapshot:
        (audit,) = snapshot.rows.where(AuditRow)
        return make_evidence(
            snapshot,
            report_id="rep-1",
            about=f"model/{MODEL}",
            note=signed_checkpoint(snapshot, rosa.signer),
            origin=ORIGIN,
            entries=snapshot.entries(0, snapshot.head.size),
            results={audit.result: world.home.evidence.read(audit.result, "json")},
        )


def test_it_proves_itself(evidence: bytes) -> None:
    """If it fails, an auditor cannot check a report without us."""
    found = check_evidence(evidence)
    assert (found.report_id, found.about) == ("rep-1", f"model/{MODEL}")
    assert found.signed_by == f"{ORIGIN}/rosa"
    assert found.entries == found.checkpoint.size > 10


Change = Callable[[dict[str, Any]], object]

CHANGES: dict[str, Change] = {
    "an entry's text": lambda d: d["entries"][8].update(
        entry=d["entries"][8]["entry"].replace("credit", "debits")
    ),
    "an entry's place": lambda d: d["entries"][9].update(seq=8),
    "an entry's path": lambda d: d["entries"][9]["path"].pop(),
    "a longer path": lambda d: d["entries"][9]["path"].append(base64.b64encode(bytes(32)).decode()),
    "another's path": lambda d: d["entries"][9].update(path=d["entries"][8]["path"]),
    "the size": lambda d: d.update(checkpoint=d["checkpoint"].replace("\n1", "\n2", 1)),
    "the signature": lambda d: d.update(checkpoint=d["checkpoint"][:-9] + "AAAAAAA=\n"),
    "no signature": lambda d: d.update(checkpoint=d["checkpoint"].partition("\n\n")[0] + "\n\n"),
    "the keys": lambda d: d.update(verifier_keys=[]),
    "a result": lambda d: d.update(results={k: v + " " for k, v in d["results"].items()}),
    "a result that nobody entered": lambda d: d["results"].update(
        {"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a": "{}"}
    ),
    "no checkpoint": lambda d: d.pop("checkpoint"),
    "no entries": lambda d: d.pop("entries"),
    "entries of another kind": lambda d: d.update(entries=[1, 2]),
    "a path of another kind": lambda d: d["entries"][0].update(path=[1]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_changed_is_found(evidence: bytes, what: str) -> None:
    """If it fails, a report's attachment can be edited, or breaks its reader."""
    document = orjson.loads(evidence)
    CHANGES[what](document)
    raising(CheckFailed, lambda: check_evidence(orjson.dumps(document)))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b"{"])
def test_what_is_no_evidence_is_said(data: bytes) -> None:
    """If it fails, a report with a strange attachment ends in a traceback."""
    raising(CheckFailed, lambda: check_evidence(data))
