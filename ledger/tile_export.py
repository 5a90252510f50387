"""The ledger as static files that any web server publishes (c2sp.org/tlog-tiles).

`checkpoint` is a signed note, `tile/<L>/<N>` are tree tiles, `tile/entries/<N>` bundles of up to
256 entries, each with its length before it in 16 bits. A file once written never changes, so an
export can be repeated into the same folder and adds only what is new; the checkpoint comes last,
so that nobody is ever promised a file that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.book import Book
from ledger.entry import entry_hash
from ledger.errors import Altered, InvalidInput, StoreUnavailable
from ledger.files import write_durably
from ledger.keys import Signer
from ledger.merkle import HASH_SIZE
from ledger.store.base import Snapshot, StoredEntry
from ledger.tiles import WIDTH, Tile, root_at
from ledger.witnessing import hold, signed_checkpoint, vouching

Progress = Callable[[int, int], None]

_READABLE = 0o644
_GROUP = 1000
_VERIFY = "Run `quaestor ledger verify`."


@dataclass(frozen=True)
class Exported:
    """What an export holds now, and how many files it wrote."""

    folder: Path
    size: int
    root: str
    files: int


def export_tiles(
    book: Book,
    signer: Signer,
    folder: Path,
    *,
    progress: Progress = lambda _done, _total: None,
) -> Exported:
    """Write or extend an export.

    Altered if entries, tiles and root of the ledger disagree, or if the folder holds what the
    ledger does not continue; InvalidInput if it holds something else. Raises as `vouching` besides.
    """
    with vouching(book, signer) as snapshot:
        held = _held(snapshot, folder)
        note = signed_checkpoint(snapshot, signer)
        head = snapshot.head
        tiles = {(tile.level, tile.index): tile for tile in snapshot.tiles()}
    if root_at(lambda level, index: tiles[level, index].hashes, head.size) != head.root:
        raise Altered("The tiles are not those of the ledger's root.", _VERIFY)
    try:
        written = sum(_write(folder / tile_path(tile), tile.hashes) for tile in tiles.values())
        for start in range(held - held % WIDTH, head.size, WIDTH):
            leaves = tiles[0, start // WIDTH]
            written += _write_bundle(book, folder, leaves)
            progress(min(start + WIDTH, head.size), head.size)
        write_durably(folder / "checkpoint", note.encode(), mode=_READABLE)
    except OSError as error:
        raise StoreUnavailable(
            f"The export cannot be written: {error.strerror}.", "Make room, or choose a folder."
        ) from error
    return Exported(folder, head.size, head.root.hex(), written)


def tile_path(tile: Tile) -> Path:
    """`tile/<L>/<N>`, with `.p/<W>` for a tile that is not full."""
    width = len(tile.hashes) // HASH_SIZE
    return Path("tile") / str(tile.level) / _numbered(tile.index, width)


def bundle(entries: Sequence[StoredEntry]) -> bytes:
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


def _held(snapshot: Snapshot, folder: Path) -> int:
    """How many entries an earlier export into this folder holds."""
    checkpoint = folder / "checkpoint"
    if checkpoint.is_file():
        note = checkpoint.read_bytes().decode(errors="replace")  # then nobody has signed it
        return hold(snapshot, note, str(checkpoint)).size
    if folder.exists() and any(path.name != "tile" for path in folder.iterdir()):
        raise InvalidInput(f"{folder} holds something else.", "Choose an empty folder.")
    return 0


def _write_bundle(book: Book, folder: Path, leaves: Tile) -> int:
    """Write the entries under a tile of level 0, held against its hashes."""
    width = len(leaves.hashes) // HASH_SIZE
    start = leaves.index * WIDTH
    with book.read() as snapshot:
        entries = snapshot.entries(start, start + width)
    if b"".join(entry_hash(entry.data) for entry in entries) != leaves.hashes:
        raise Altered(f"Entries {start} to {start + width - 1} are not those of the tree.", _VERIFY)
    return _write(folder / "tile" / "entries" / _numbered(leaves.index, width), bundle(entries))


def _write(path: Path, data: bytes) -> int:
    """Write a file unless it is there; return how many files that made."""
    if path.exists():
        if path.read_bytes() != data:
            raise Altered(f"{path} is not what was exported.", "Export into an empty folder.")
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
