"""What a guarded application, running as a process of its own, has seen so far."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Self

from ledger.errors import CheckFailed

_APPLICATION = Path(__file__).with_name("guarded_application.py")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer the application got and had not got before: when, and which."""

    t: datetime
    serve: bool
    mode: str


class Observer:
    """Runs the guarded application for at most `seconds` and hears its answers.

    A context manager: the process ends with it.
    """

    def __init__(self, switchboard: Path, model: str, seconds: float = 60.0) -> None:
        self._answers: Queue[Answer | None] = Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_APPLICATION), str(switchboard), model, str(seconds)],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        self._reader = Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def wait_for(self, mode: str, *, within: float = 10.0) -> Answer:
        """Return the next answer with this mode. CheckFailed if none comes in `within` seconds."""
        end = time.monotonic() + within
        while (left := end - time.monotonic()) > 0:
            try:
                answer = self._answers.get(timeout=left)
            except Empty:
                break
            if answer is None:
                break
            if answer.mode == mode:
                return answer
        raise CheckFailed(
            f"The guarded application did not see {mode!r} within {within:g} seconds.",
            "Look at the switchboard file and whether the application can read it.",
        )

    def _listen(self, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                told = json.loads(line)
                self._answers.put(
                    Answer(datetime.fromisoformat(told["t"]), told["serve"], told["mode"])
                )
        self._answers.put(None)
