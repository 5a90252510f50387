"""Files in the making: dot-files beside the evidence, held by whoever writes them.

A dot-file that nobody holds is a dead import's; the next import removes it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger.errors import StoreUnavailable

PREFIX = ".sealing."


@contextmanager
def scratch(folder: Path) -> Iterator[BinaryIO]:
    """Open a new dot-file in `folder`; it is gone afterwards unless it was renamed.

    Raises StoreUnavailable for whatever the disk refuses meanwhile.
    """
    path = folder
    try:
        path, file = _held(folder)
        with file:
            yield file
    except OSError as error:
        raise StoreUnavailable(
            f"The log could not be sealed in {folder}: {error.strerror or error}.",
            "Make room or correct the permissions, then import it again; nothing was entered.",
        ) from error
    finally:
        if path != folder:
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what imports that died have left behind."""
    for path in folder.glob(f"{PREFIX}*"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except OSError:
            continue  # somebody writes it, or has just removed it


def _held(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}"
        file = path.open("x+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # not swept away before it was held
            return path, file
        file.close()
