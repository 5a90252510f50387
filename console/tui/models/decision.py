"""One decision: the record, what the ledger knows around it, and a proof for others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.reading import Reading
from console.tui.record.proving import NEW_FILE, write_new
from console.tui.work import Tell, Values, Work
from ledger.errors import InvalidInput
from ledger.row_proofs import prove_row

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.logs.decisions import Decision

_NAME = 20
_PLACE = re.compile(r"(log-[0-9]+)[: ]([0-9]+)")
_NAMED = 10


async def show_decision(desk: Desk, log: str = "") -> None:
    """Ask which decision, show it with its context, and write its proof if that is wanted."""
    which = Field(
        "which", "Which", value=f"{log}:" if log else "",
        hint="A log and a row counted from 0, such as log-1:17; or a request id.",
    )  # fmt: skip

    def finding(values: Values, _tell: Tell) -> Decision:
        from ledger.logs.decisions import decision_at

        return decision_at(desk.book, *_place(desk, values["which"]))

    decision = await desk.find_out(
        finding,
        form=lambda values: Form("One decision", [which], values, verb="Show"),
        doing="Finding the decision",
    )
    if decision is None:
        return
    text = decision_text(decision, desk)
    wanted = Reading(decision.name, lambda _width: text, then="proves it to others")
    if await desk.push_screen_wait(wanted):
        await _prove(desk, decision)


def _place(desk: Desk, which: str) -> tuple[str, int]:
    """Log and row; of a request id that of the only decision that has it."""
    from ledger.logs.decisions import find_request

    if place := _PLACE.fullmatch(which):
        return place[1], int(place[2])
    found = find_request(desk.book, which)
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{log}:{row}" for log, row in found[:_NAMED])
    raise InvalidInput(
        f"{len(found)} decisions have the request id {which!r}{f': {names}' if names else '.'}",
        "Name a log and a row, such as log-1:17.",
    )


async def _prove(desk: Desk, decision: Decision) -> None:
    path = Field("path", "Write to", "path", hint=NEW_FILE)

    def proving(work: Work) -> Path:
        text = prove_row(work.book, work.signer, decision.log.log, decision.row, progress=work.tell)
        return write_new(work, text)

    written = await desk.sign(
        proving,
        form=lambda values: Form(f"Prove {decision.name}", [path], values, verb="Prove"),
        doing="Hashing the log",
    )
    if written is not None:
        hint = f"Anybody checks it offline: quaestor ledger check {written} --vkey KEY"
        await desk.push_screen_wait(Notice(f"The proof is in {written}.", hint, title="Proved"))


def decision_text(decision: Decision, desk: Desk) -> Text:
    """Model and version then, what was decided, why as far as is known, and what came of it."""
    document, local = decision.as_json(), desk.local
    model, sealed = document["model"], document["sealed"]
    text = Text(f"{legible(model['name'])} ({model['model']}), owner {model['owner']}\n")
    unknown = "before any was entered" if document["time"] else "not known: it states no time"
    then = model["version_then"] or unknown
    text.append(f"Version then {legible(str(then))}, by the log {_said(model['version_logged'])}\n")
    text.append(f"Time {_said(document['time'])} · request {_said(document['request_id'])}\n")
    _rows(text, "What was decided", {
        name: document[name] for name in ("decision", "label", "confidence", "guardrail")
    })  # fmt: skip
    _rows(text, "What moved the answer", {
        each["feature"]: f"{each['value']:+.4g}" for each in document["attributions"]
    })  # fmt: skip
    record = json.loads(decision.record, parse_int=str, parse_float=str)
    _rows(text, "The record", record if isinstance(record, dict) else {"": record})
    for answer in document["answers"]:
        _rows(text, f"Answered by {answer.get('log', '')}:{answer.get('row', '')}", answer)
    if document["audits"]:
        text.append("\nAudits that looked at it\n", style="bold")
    for audit in document["audits"]:
        text.append(f"{audit['audit']}  ").append(marks.verdict_mark(audit["verdict"]).text)
        where = legible(audit["filter"] or "all decisions")
        text.append(f"  {local.minute(audit['time'])}, {where}\n")
    by = f", sealed by {sealed['sealed_by']}" if sealed["sealed_by"] else ""
    text.append(
        f"\nRow {sealed['row']:,} of {sealed['rows']:,} in {sealed['log']}, entry "
        f"{sealed['seq']:,}, {local.minute(sealed['time'])} by {sealed['actor']}{by}"
        f"\nRow tree root {sealed['root']}",
        style=marks.QUIET,
    )
    return text


def _rows(text: Text, title: str, rows: Mapping[str, Any]) -> None:
    """Names and values under a title, if there are any; what is null is left out."""
    known = {name: value for name, value in rows.items() if value is not None}
    if known:
        text.append(f"\n{title}\n", style="bold")
    for name, value in known.items():
        text.append(f"{legible(str(name)):<{_NAME}} ", style=marks.QUIET)
        text.append(f"{_said(value)}\n")


def _said(value: Any) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, dict | list):
        return legible(json.dumps(value, ensure_ascii=False))
    return legible(str(value))
