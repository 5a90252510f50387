"""Every attack the lab knows. Each docstring says what the attacker hopes for."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.attack import Attack
from tests.lab.attacks import (
    database,
    entries,
    forgers,
    forms,
    home_files,
    journal,
    programs,
    registers,
    sealed_logs,
    seats,
    whole_homes,
)

ATTACKS: Sequence[Attack] = (
    *entries.ATTACKS,
    *journal.ATTACKS,
    *registers.ATTACKS,
    *forgers.ATTACKS,
    *sealed_logs.ATTACKS,
    *home_files.ATTACKS,
    *database.ATTACKS,
    *forms.ATTACKS,
    *seats.ATTACKS,
    *whole_homes.ATTACKS,
    *programs.ATTACKS,
)
