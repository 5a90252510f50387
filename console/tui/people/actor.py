"""One actor in full: roles, who enrolled them, keys past and present."""

from __future__ import annotations

import base64

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.picture import Picture
from console.tui.times import LocalTime
from ledger.keys import fingerprint
from ledger.registers.actors import NEVER, ActorRow, KeyRow


def actor_text(picture: Picture, row: ActorRow, local: LocalTime) -> Text:
    """Who they are here, what they may do, and which keys were trusted for which entries."""
    text = marks.state_mark(row.status).text
    text.append(f"  {legible(picture.person(row.actor))}, {row.kind}\n")
    text.append(f"Roles: {', '.join(row.role_list) or 'none'}\n")
    text.append(f"Enrolled {local.minute(row.enrolled_at)} by {', '.join(row.enrollers)}\n")
    text.append(f"May sign reports: {'yes' if row.certificate else 'no, not certified'}\n")
    text.append("\nKeys\n", style="bold")
    for key in picture.rows.where(KeyRow, actor=row.actor):
        until = "on" if key.until_seq == NEVER else f"to {key.until_seq:,}"
        text.append(f"{fingerprint(base64.b64decode(key.public_key))}\n")
        text.append(f"  from entry {key.from_seq:,} {until}\n", style=marks.QUIET)
        if key.untrusted_since != NEVER:
            text.append(f"  ✗ revoked since entry {key.untrusted_since:,}\n", style=marks.BAD)
    return text
