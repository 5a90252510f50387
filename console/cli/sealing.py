"""`logs seal`: from log files to a signed bundle, on a machine that has no ledger."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.column_maps import (
    Columns,
    FormatOption,
    KindOption,
    MapFile,
    Timezone,
    map_of,
    stated_rule,
)
from console.cli.display import progress, show_one
from console.cli.importing import (
    MaxBad,
    Paths,
    arrived_files,
    readable,
    recognised_files,
    shares,
)
from console.cli.options import Json, existing_file, read_file, session_of
from console.exits import ExitCode
from console.session import Session
from ledger.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from ledger.keys import Signer


def seal_files(
    context: typer.Context,
    paths: Paths,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="BUNDLE", dir_okay=False, help="Write it there."),
    ],
    key: Annotated[
        Path | None,
        existing_file("The program's key (OpenSSH, Ed25519, mode 0600); else the seat's.", "--key"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Whose decisions these are; else the import says it."),
    ] = None,
    kind: KindOption = "decision",
    map_file: MapFile = None,
    column: Columns = None,
    timezone: Timezone = None,
    max_bad: MaxBad = 0,
    form: FormatOption = None,
    keep_conversations: Annotated[
        bool,
        typer.Option(
            "--keep-conversations",
            help="Keep prompts and answers whole, which the ledger's policy must allow; else their "
            "roles, lengths and digests.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Redact, seal and sign log files as one bundle; no ledger is needed here.

    For a CI runner or a training cluster: `logs import BUNDLE` enters it where the ledger is. The
    program signs with the key of its seat (QUAESTOR_SEAT) or with --key FILE, as whom --as says or
    the file is called. Personal data and credentials of every class are removed, and so are the
    personal fields of a format, unless the map states `personal: []`. Of bad rows the bundle holds
    line, reason and digest, not their text; it is written even if they are too many.
    """
    from ledger.logs.bundling import require_keyless, seal_bundle
    from ledger.logs.recognising import stated

    session = session_of(context)
    rule = stated_rule(map_file, column or [], timezone)
    with arrived_files(session, paths, explained=True) as arrived:
        found = recognised_files(session, arrived, form)
        mapping = map_of(found, rule, form, kind, keyless=True)
        require_keyless(mapping)
        if removed := [each for each in mapping.redact if each not in (rule.get("redact") or ())]:
            session.voice.note(
                f"personal data, removed as there is no vault here: {', '.join(removed)}; a map "
                "that states `personal: []` leaves it"
            )
        signer = _signer(session, key)
        container, _ = stated(form)
        with progress(session, "sealing", of_bytes=True) as told:
            envelope = seal_bundle(
                signer, [one.log for one in found], mapping, output,
                model=model, kind=kind, container=container,
                keep_conversations=keep_conversations, progress=told,
            )  # fmt: skip
    document = envelope.statement.model_dump()
    for name in ("redactions", "missing", "guardrails"):
        document[name] = {item["name"]: item["count"] for item in document[name]}
    document["missing_share"] = shares(document["missing"], envelope.statement.rows)
    document |= {"bundle": envelope.digest, "path": str(output)}
    show_one(session, document if json else readable(document), as_json=json)
    quarantined = envelope.statement.quarantined
    if quarantined > max_bad:
        session.voice.warn(
            f"{quarantined:,} rows were bad, more than --max-bad {max_bad}; the others are sealed "
            f"in {output}"
        )
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _signer(session: Session, path: Path | None) -> Signer:
    """The key that signs: a file's, without a passphrase or under the one that is given."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from ledger.keys import Signer, unlock_key
    from ledger.seat import require_actor

    if path is None:
        return session.signer
    actor = session.settings.actor or path.name
    require_actor(actor)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(f"{path} can be read by others.", f"Run: chmod 600 {path}")
    data = read_file(path)
    try:
        key = unlock_key(data, None)
    except Refused:  # it has a passphrase
        key = unlock_key(data, session.acting_as(actor).passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput(f"{path} is not an Ed25519 key.", "Make one: quaestor key new")
    return Signer(actor, key)
