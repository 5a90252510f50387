"""Watching the ledger: a file's time is looked at often, the store is read only when it changed.

Where many machines share a ledger, the database announces every change as well: a folder that they
share may show the file late. The reading and the listening thread post messages; the handlers here
own the state and publish `changed`, upon which screens redraw.
"""

from __future__ import annotations

from time import sleep

from textual import on, work
from textual.app import App
from textual.message import Message
from textual.signal import Signal
from textual.worker import get_current_worker

from console.tui.leaving import Next
from console.tui.picture import Marks, Picture, change_marks, read_picture
from ledger.book import Book
from ledger.errors import QuaestorError, StoreUnavailable

LOOK_EVERY = 0.4
LISTEN_AGAIN = 2.0
UNSURE = -1


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


class Announced(Message):
    """The store says that the ledger has this size now; UNSURE: that it may have changed."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class Watch(App[Next]):
    """A ledger and the latest picture of it, or the trouble that hinders reading it."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book
        self.picture: Picture | None = None
        self.trouble: QuaestorError | None = None
        self.changed: Signal[None] = Signal(self, "changed")
        self._marks: Marks | None = None
        self._reading = False
        self._heard = UNSURE

    def on_mount(self) -> None:
        """Start watching; the first reading begins after the first paint."""
        self.set_interval(LOOK_EVERY, self.look)
        self.call_after_refresh(self.look)
        self._listen()

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

    @work(thread=True)
    def _listen(self) -> None:
        """Hear what the store announces, if it announces anything; again after a lost connection.

        What was entered in between is learnt by reading.
        """
        left = get_current_worker()
        while not left.is_cancelled:
            try:
                for size in self.book.store.changes(lambda: left.is_cancelled):
                    self.post_message(Announced(size))
            except QuaestorError:
                self.post_message(Announced(UNSURE))
                sleep(LISTEN_AGAIN)
            else:
                return

    @on(Announced)
    def _announced(self, message: Announced) -> None:
        self._heard = message.size
        if self.picture is not None and self.picture.head.size != message.size:
            self._marks = None  # so that this look, or the next after a running reading, reads
            self.look()

    @on(PictureRead)
    def _picture_read(self, message: PictureRead) -> None:
        self._reading = False
        self.picture, self.trouble = message.picture, None
        heard, self._heard = self._heard, UNSURE
        if heard > message.picture.head.size:  # announced while this was being read
            self._marks = None
        self.changed.publish(None)

    @on(ReadingFailed)
    def _reading_failed(self, message: ReadingFailed) -> None:
        self._reading = False
        self.trouble = message.error
        if isinstance(message.error, StoreUnavailable):
            self._marks = None  # so that the next look tries again
        self.changed.publish(None)
