"""Sealing logs as a signed bundle, for a ledger that lies elsewhere."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from console.tui.desk import Desk
from console.tui.form import Field, Form
from console.tui.models.log import CameTo, came_to_text
from console.tui.models.looking import FIELDS, Looked, look, looked_text
from console.tui.reading import Reading
from console.tui.work import Tell, Values, Work, path_of
from ledger.errors import InvalidInput
from ledger.logs.bundles import Envelope
from ledger.logs.bundling import require_keyless, seal_bundle
from ledger.logs.recognising import stated
from ledger.logs.rules import UNDECIDED

_BUNDLE = (
    Field("model", "Model", required=False,
          hint="Whose decisions these are; empty: whoever imports the bundle says it."),
    Field("whole", "Conversations", "choice", "no",
          choices=[("no", "as roles, lengths and digests"),
                   ("yes", "whole, which the ledger's policy must allow")]),
    Field("bundle", "Bundle to", "path", hint="A new file; `logs import` takes it where the "
          "ledger is."),
)  # fmt: skip


async def seal_logs(desk: Desk) -> None:
    """Ask for files, show what they are, seal and sign them; nothing is entered."""
    fields = [each for each in FIELDS if each.name != "max_bad"]
    with ExitStack() as spooled:

        def looking(values: Values, _tell: Tell) -> tuple[Values, Looked]:
            if path_of(values["bundle"]).exists():
                raise InvalidInput(f"{values['bundle']} is there already.", "Name a new file.")
            looked = look({**values, "max_bad": "0"}, spooled, UNDECIDED, keyless=True)
            require_keyless(looked.mapping)
            return values, looked

        values: Values | None = None
        while True:
            asked = await desk.find_out(
                looking,
                form=lambda filled: Form(
                    "Seal logs as a bundle", [*fields, *_BUNDLE], filled, verb="Look at them",
                    note="Personal data and credentials of every class are removed.",
                ),
                values=values,
                doing="Reading the first records",
            )  # fmt: skip
            if asked is None:
                return
            values, looked = asked
            shown = Reading(
                f"Seal {looked.name}", partial(looked_text, looked), then="seals and signs it"
            )
            if await desk.push_screen_wait(shown):
                break
        sealed = await desk.sign(
            partial(_sealed, looked), values=values, doing=f"Sealing {looked.name}"
        )
    if sealed is not None:
        said = sealed.statement
        came = came_to_text(
            CameTo(
                said.rows,
                said.quarantined,
                *(
                    {each.name: each.count for each in counts}
                    for counts in (said.redactions, said.missing, said.guardrails)
                ),
            )
        )
        await desk.push_screen_wait(Reading(f"Sealed: {values['bundle']}", lambda _width: came))


def _sealed(looked: Looked, work: Work) -> Envelope:
    return seal_bundle(
        work.signer,
        [one.log for one in looked.found],
        looked.mapping,
        path_of(work.values["bundle"]),
        model=work.values["model"] or None,
        kind=looked.kind,
        container=stated(looked.form)[0],
        keep_conversations=work.values["whole"] == "yes",
        progress=work.tell,
    )
