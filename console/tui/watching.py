"""Watching the ledger: a file's time is looked at often, the store is read only when it changed.

The reading thread posts a message; the handlers here own the state and publish `changed`, upon
which screens redraw.
"""

from __future__ import annotations

from textual import on, work
from textual.app import App
from textual.message import Message
from textual.signal import Signal

from console.tui.picture import Marks, Picture, change_marks, read_picture
from ledger.book import Book
from ledger.errors import QuaestorError, StoreUnavailable

LOOK_EVERY = 0.4


class PictureRead(Message):
    """The registers were copied out."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture


class ReadingFailed(Message):
    """The ledger could not be read."""

    def __init__(self, error: QuaestorError) -> None:
        super().__init__()
        self.error = error


class Watch(App[None]):
    """A ledger and the latest picture of it, or the trouble that hinders reading it."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book
        self.picture: Picture | None = None
        self.trouble: QuaestorError | None = None
        self.changed: Signal[None] = Signal(self, "changed")
        self._marks: Marks | None = None
        self._reading = False

    def on_mount(self) -> None:
        """Start watching; the first reading begins after the first paint."""
        self.set_interval(LOOK_EVERY, self.look)
        self.call_after_refresh(self.look)

    def look(self) -> None:
        """Read the ledger again if its head or switchboard changed on disk."""
        marks = change_marks(self.book.home)
        if marks != self._marks and not self._reading:
            self._marks = marks
            self._reading = True
            self._read()

    @work(thread=True)
    def _read(self) -> None:
        try:
            self.post_message(PictureRead(read_picture(self.book)))
        except QuaestorError as error:
            self.post_message(ReadingFailed(error))

    @on(PictureRead)
    def _picture_read(self, message: PictureRead) -> None:
        self._reading = False
        self.picture, self.trouble = message.picture, None
        self.changed.publish(None)

    @on(ReadingFailed)
    def _reading_failed(self, message: ReadingFailed) -> None:
        self._reading = False
        self.trouble = message.error
        if isinstance(message.error, StoreUnavailable):
            self._marks = None  # so that the next look tries again
        self.changed.publish(None)
