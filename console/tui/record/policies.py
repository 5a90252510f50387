"""Policies in force: reading one, and adopting another."""

from __future__ import annotations

from typing import cast

import orjson
import yaml

from console.messages import legible
from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.work import Work, path_of
from ledger.book import Appended, Book
from ledger.kinds import Kind
from ledger.registers.policies import PolicyKind
from policies.adopting import KINDS, adopt, policy_in_force

_FIELDS = (
    Field("policy", "Policy", "choice", choices=choices(KINDS)),
    Field("path", "YAML file", "path", required=False, hint="Empty: the one that is shipped."),
    Field("reason", "Reason", hint="It stands in the record."),
)


def policy_text(book: Book, policy: str) -> str:
    """A policy in force as YAML, from the evidence that its entry names."""
    _, data = policy_in_force(book, cast("PolicyKind", policy))
    return legible(
        yaml.safe_dump(orjson.loads(data), sort_keys=False, allow_unicode=True, width=76)
    )


async def adopt_policy(desk: Desk) -> None:
    """Put thresholds or a playbook in force from the next entry on."""
    adopted = await desk.enter(
        Kind.POLICY_ADOPTED,
        _adopting,
        form=lambda values: Form("Adopt a policy", _FIELDS, values, verb="Adopt"),
        doing="Adopting the policy",
    )
    if adopted is not None:
        desk.tell("In force from the next entry on.", title=f"{adopted.name} adopted")


def _adopting(work: Work) -> Appended:
    values = work.values
    content = path_of(values["path"]).read_bytes() if values["path"] else None
    policy = cast("PolicyKind", values["policy"])
    return adopt(work.book, work.signer, policy, content, values["reason"])
