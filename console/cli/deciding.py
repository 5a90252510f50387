"""`logs show` of one decision: its whole context, and the proof that it was recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from console.cli.display import Document, print_json, progress, show_one
from console.session import Session
from ledger.errors import InvalidInput, Refused, StoreUnavailable

if TYPE_CHECKING:
    from ledger.logs.decisions import Decision

ROW = re.compile(r"(log-[0-9]+):([0-9]+)")
LOG = re.compile(r"log-[0-9]+")
LABELS = frozenset({"hallucination", "groundedness", "relevance", "toxicity", "rated_by"})
"""What a reviewer says of an answer."""
_FIRST = (
    *("decision_id", "kind", "time", "request_id", "model", "prompt"),
    *("decision", "label", "confidence", "guardrail"),
)
_PLACED = ("log", "row", "model", "kind", "time")


def show_decision(
    session: Session, log: str, row: int, proof: Path | None, *, as_json: bool
) -> None:
    """Show row `row` of a log, and the path from it to the log's root.

    With `proof`, write there the proof that it was recorded, which others can check.
    """
    from ledger.logs.decisions import decision_at
    from ledger.row_proofs import prove_row, row_path

    signer = session.signer if proof else None  # unlocked before the ledger is read
    decision = decision_at(session.book, log, row)
    with progress(session, "hashing") as told:
        record, path = row_path(session.book, decision.log, row, progress=told)
    if proof and signer:
        with progress(session, "proving") as told:
            text = prove_row(session.book, signer, log, row, progress=told)
        _write(proof, text)
    _show(session, decision, (record, path), proof, as_json=as_json)


def one_request(session: Session, request: str) -> tuple[str, int]:
    """The log and row of a request id. Refused if it is that of none, or of several."""
    from ledger.logs.decisions import find_request

    found = find_request(session.book, request)
    if not found:
        raise Refused(
            f"No imported decision has the request id {request!r}.",
            "Request ids are those of the mapped column request_id: quaestor logs query",
        )
    if len(found) > 1:
        names = ", ".join(f"{log}:{row}" for log, row in found[:10])
        raise InvalidInput(
            f"{len(found)} decisions have the request id {request!r}: {names}.",
            f"Name one of them: quaestor logs show {found[0][0]}:{found[0][1]}",
        )
    return found[0]


def _show(
    session: Session,
    decision: Decision,
    proved: tuple[bytes, Sequence[bytes]],
    proof: Path | None,
    *,
    as_json: bool,
) -> None:
    import msgspec
    import orjson

    from console.messages import legible
    from ledger.merkle import leaf_hash

    document = decision.as_json()
    record, path = proved
    document["inclusion"] = {"leaf": leaf_hash(record).hex(), "path": [one.hex() for one in path]}
    document["proof"] = str(proof) if proof else None
    if as_json:
        document["record"] = orjson.Fragment(decision.record)
        print_json(document)
        return
    show_one(session, _readable(document, decision), as_json=False)
    typer.echo("\nThe record:")
    for line in msgspec.json.format(decision.record, indent=2).decode().splitlines():
        typer.echo(legible(line))
    if proof:
        session.voice.note(f"The proof is in {proof}; others check it: quaestor ledger check")


def _readable(document: Document, decision: Decision) -> Document:
    """The same for people: what came of it by kind, empty columns left out, the record apart."""
    columns = {name: value for name, value in decision.columns.items() if value is not None}
    log, hashes = decision.log, len(document["inclusion"]["path"])
    inclusion = (
        f"row {decision.row} of {log.rows:,}; a path of length {hashes} proves it to the root"
    )
    head = {name: document[name] for name in _FIRST}
    return {
        **head,
        "explanation": {
            each["feature"]: f"{each['value']:+.4g}" for each in document["attributions"]
        }
        or decision.columns.get("explanation")
        or "the log has none",
        **_answered(decision.answers),
        "audits": document["audits"] or "none looked at it",
        "sealed": document["sealed"],
        "inclusion": f"{inclusion} that entry {log.seq} states",
        "proof": document["proof"],
        "columns": columns,
    }


def _answered(answers: Sequence[Mapping[str, Any]]) -> Document:
    """Feedback, outcomes and reviewers' labels, an answer a line, and where each stands."""
    said: dict[str, list[Document]] = {"feedback": [], "outcome": [], "review": []}
    for answer in answers:
        place = {"in": f"{answer['log']}:{answer['row']}"}
        time = {"time": answer["time"]} if "time" in answer else {}
        told = {name: value for name, value in answer.items() if name not in _PLACED}
        review = {name: value for name, value in told.items() if name in LABELS}
        rest = {name: value for name, value in told.items() if name not in review}
        for kind, values in ((str(answer["kind"]), rest), ("review", review)):
            if values:
                said[kind].append({**time, **values, **place})
    return {kind: found or "none with its request id" for kind, found in said.items()}


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be written: {error.strerror}.", "Choose another file."
        ) from error
