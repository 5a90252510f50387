"""What is to be done once the console was left, beyond nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Elsewhere:
    """The console is to be opened at another ledger; without `actor`, as whom it was."""

    home: Path
    store: str = ""
    actor: str | None = None


@dataclass(frozen=True)
class Story:
    """The demo is to be told into a folder."""

    folder: Path


Next = Elsewhere | Story
