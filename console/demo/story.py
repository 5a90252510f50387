"""The story that `quaestor demo` tells: one model, from its decision log to a signed report.

Each step calls what the command line and the console call, and tells what came of it.
"""

from __future__ import annotations

import select
import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from time import perf_counter

from rich.console import Console

from console.demo import finding, proving, stopping
from console.demo.cast import FOUNDER, ORGANISATION, ORIGIN, OTHERS, Cast, gather
from console.demo.narrator import NOTED, Narrator, done, short
from console.demo.observer import Observer
from console.demo.place import Place, prepare
from ledger.errors import InvalidInput
from ledger.home import Home
from sample_data.make import NEW_VERSION

PAUSE = 15.0


def run_demo(folder: Path, *, tui: bool) -> None:
    """Tell the story in a new folder; with `tui`, end in the console as its admin.

    Raises Refused for a folder that holds anything, and InvalidInput without the OpenFeature SDK,
    which the guarded application asks through; nothing is written then.
    """
    _require_openfeature()
    place = prepare(folder)
    narrator = Narrator(Console(highlight=False), perf_counter)
    narrator.open(
        "Quaestor: the story of one model",
        f"{ORGANISATION} decides on consumer loans with a model. Nobody there knows yet that since "
        f"version {NEW_VERSION} it takes points off the score of women. People, bank and data are "
        "invented; the keys, processes, measurements and proofs are real.",
    )
    cast = _people(place, narrator)
    finding.inventory(cast, narrator)
    finding.decisions(place.decisions, cast, narrator)
    audit = finding.audits(cast, narrator)
    with Observer(Home(place.home).switchboard, finding.MODEL) as application:
        incident = stopping.incident(cast, audit, narrator)
        stopping.stop(cast, application, incident, narrator)
        stopping.resume(cast, application, incident, narrator)
    pdf = proving.report(cast, place, narrator)
    proving.verification(cast, pdf, narrator)
    proving.tampering(cast, place, audit, narrator)
    _afterwards(place, narrator)
    if tui:
        open_console(place, narrator)


def _people(place: Place, narrator: Narrator) -> Cast:
    with narrator.step("A ledger, and seven people with keys of their own") as say:
        place.write_env(FOUNDER.actor)
        cast = gather(place)
        fingerprint = cast.ada.book.facts.ca_fingerprint
        say(done("founded"), f"Ada founds {ORIGIN}; entry 0 says who may do what")
        say(NOTED, f"fingerprint of its report CA: {short(fingerprint)}")
        say(done("enrolled"), "Noor as second admin, by Ada alone while she was the only one")
        others = ", ".join(f"{person.actor} ({person.role})" for person in OTHERS)
        say(done("enrolled"), f"{others}; each requested by Ada and approved by Noor")
    return cast


def _afterwards(place: Place, narrator: Narrator) -> None:
    name = quote(str(place.name))
    narrator.paragraph(
        f"That took {narrator.took:.1f} s. All of it lies in {name}, nothing outside."
    )
    narrator.commands(
        "Now you:",
        [
            (f". {name}/env.sh", "act as ada, an admin of this ledger"),
            ("quaestor", "open the console"),
            ("quaestor approval list", "what mira left for you"),
            ("quaestor kill credit-scorer", "stop the model yourself"),
            ("as theo quaestor ledger verify", "act as somebody else"),
            ("quaestor report list", "see where the signed report lies"),
            (f"rm -r {name}", "remove the demo"),
        ],
    )


def open_console(place: Place, narrator: Narrator) -> None:
    """Open the console as the admin, at Enter or after a while, so that the page can be read."""
    from console.tui.app import run_console

    narrator.paragraph(
        f"Enter opens the console, or wait {PAUSE:.0f} seconds; Ctrl-C: not now. Ctrl-Q leaves it."
    )
    try:
        if select.select([sys.stdin], [], [], PAUSE)[0]:
            sys.stdin.readline()
    except KeyboardInterrupt:
        return
    run_console(place.settings(FOUNDER.actor))


def _require_openfeature() -> None:
    """The application of the story is guarded as any other: through the public SDK."""
    if find_spec("openfeature") is None or find_spec("openfeature.contrib") is None:
        raise InvalidInput(
            "The application in the story asks through the OpenFeature SDK, which is missing.",
            "Install it: pip install openfeature-sdk openfeature-provider-flagd",
        )
