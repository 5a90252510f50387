"""The ledger as static files that any web server publishes (c2sp.org/tlog-tiles).

`checkpoint` is a signed note, `tile/<L>/<N>` are tree tiles, `tile/entries/<N>` bundles of up to
256 entries, each with its length before it in 16 bits. Files that are full never change, so an
export can be repeated into the same folder and adds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.book import Book
from ledger.errors import Altered, StoreUnavailable
from ledger.files import write_durably
from ledger.keys import Signer
from ledger.merkle import HASH_SIZE
from ledger.store.base import StoredEntry
from ledger.tiles import WIDTH, Tile, root_at
from ledger.witnessing import signed_checkpoint

_READABLE = 0o644
_GROUP = 1000


@dataclass(frozen=True)
class Exported:
    """What an export holds now, and how many files it wrote."""

    folder: Path
    size: int
    root: str
    files: int


def export_tiles(book: Book, signer: Signer, folder: Path) -> Exported:
    """Write or extend an export. Altered if the tiles are not those of the checkpoint's root."""
    with book.read() as snapshot:
        note = signed_checkpoint(snapshot, signer)
        head = snapshot.head
        tiles = {(tile.level, tile.index): tile for tile in snapshot.tiles()}
    if root_at(lambda level, index: tiles[level, index].hashes, head.size) != head.root:
        raise Altered("The tiles are not those of the ledger's root.", "Run `ledger verify`.")
    written = 0
    try:
        for tile in tiles.values():
            written += _write(folder / tile_path(tile), tile.hashes)
        for index in range((head.size + WIDTH - 1) // WIDTH):
            written += _write_bundle(book, folder, index, head.size)
        written += _write(folder / "checkpoint", note.encode(), changing=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The export cannot be written: {error.strerror}.", "Make room, or choose a folder."
        ) from error
    return Exported(folder, head.size, head.root.hex(), written)


def tile_path(tile: Tile) -> Path:
    """`tile/<L>/<N>`, with `.p/<W>` for a tile that is not full."""
    width = len(tile.hashes) // HASH_SIZE
    return Path("tile") / str(tile.level) / _numbered(tile.index, width)


def bundle(entries: list[StoredEntry]) -> bytes:
    """Entries one after another, each with its length in 16 bits before it."""
    return b"".join(len(entry.data).to_bytes(2, "big") + entry.data for entry in entries)


def read_bundle(data: bytes) -> Iterator[bytes]:
    """The entries of a bundle. Altered when it does not end where its last entry does."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if len(entry) != length:
            raise Altered("An entry bundle is cut short.", "Export it again.")
        yield entry
        at += 2 + length


def _write_bundle(book: Book, folder: Path, index: int, size: int) -> int:
    start, stop = index * WIDTH, min(size, (index + 1) * WIDTH)
    path = folder / "tile" / "entries" / _numbered(index, stop - start)
    if path.exists():
        return 0
    with book.read() as snapshot:
        entries = snapshot.entries(start, stop)
    return _write(path, bundle(entries))


def _write(path: Path, data: bytes, *, changing: bool = False) -> int:
    """Write a file unless it is there; return how many files that made."""
    if path.exists() and not changing:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, data, mode=_READABLE)
    return 1


def _numbered(index: int, width: int) -> Path:
    """`x001/x234/067` for tile 1234067; partial ones end in `.p/<W>`."""
    groups = [f"{index % _GROUP:03d}"]
    while index := index // _GROUP:
        groups.insert(0, f"x{index % _GROUP:03d}")
    path = Path(*groups)
    return path if width == WIDTH else path.with_name(f"{path.name}.p") / str(width)
