"""The document of metrics: all decisions, each group, and each window with none left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.clock import write_time
from policies.metrics.answers import Answers, Joined
from policies.metrics.columns import Relation
from policies.metrics.counting import Group, Place, Scope, Sums, Tasks, TooMany
from policies.metrics.measures import Measured, reasons
from policies.metrics.quantiles import EXACT, RELATIVE_ERROR, Latency, Level
from policies.metrics.request import MOST_CELLS, MOST_WINDOWS, at, shown, window_text

Document = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What the engine says, and the spans that it left out, by operation."""

    sums: Mapping[Place, Sums]
    latency: Latency | None
    joined: Joined
    tasks: Tasks
    resources: Sequence[Mapping[str, Any]] | None
    left_out: Sequence[Mapping[str, Any]]


@dataclass
class _Added:
    """Several places taken together."""

    sums: Sums = field(default_factory=Sums)
    answers: Answers = field(default_factory=Answers)
    untimed: int = 0


class Writer:
    """Writes the document of what was found in a scope. Raises TooMany for too many windows."""

    def __init__(self, scope: Scope, found: Found, answers: Relation | None) -> None:
        self._scope = scope
        self._found = found
        self._answers = answers
        self._groups = sorted({group for _, group in found.sums}, key=_in_order)
        self._windows = self._shown_windows()
        graded = (name for each in found.joined.by_place.values() for name in +each.graded)
        self._graded = frozenset(graded)

    def document(self) -> Document:
        """Everything but the logs and how they were checked."""
        found, request = self._found, self._scope.request
        everything = self._added(found.sums)
        total = self._cell((None, ()), everything, self._seconds(), (False, False))
        latency = found.latency
        exact = latency is None or latency.method == EXACT
        why = reasons(self._scope.decisions, self._answers, total)
        if found.tasks.reason:
            why["tasks"] = found.tasks.reason
        if found.resources is None:
            why["resources"] = "no log of resources was imported"
        return {
            "window": window_text(self._scope.window),
            "window_seconds": self._scope.window,
            "zone": request.zone,
            "since": _written(request.since),
            "until": _written(request.until),
            "by": list(request.by),
            "only": {column: list(texts) for column, texts in request.only},
            "counted": "calls" if self._scope.calls else "records",
            "left_out": found.left_out,
            "quantiles": {
                "method": latency.method if latency else None,
                "relative_error": 0.0 if exact else RELATIVE_ERROR,
            },
            "without_time": everything.untimed,
            "late": everything.sums.late,
            "answers": found.joined.as_json(),
            "total": total,
            "groups": list(self._of_groups()),
            "windows": list(self._of_windows()),
            "tasks": found.tasks.as_json(),
            "resources": found.resources,
            "reasons": why,
        }

    def _of_groups(self) -> Iterator[Document]:
        places: dict[Group, list[Place]] = {group: [] for group in self._groups}
        for place in self._found.sums:
            places[place[1]].append(place)
        for group in self._groups if self._scope.request.by else []:
            added = self._added(places[group])
            cell = self._cell((None, group), added, self._seconds(), (False, True))
            yield {"group": self._named(group), **cell}

    def _of_windows(self) -> Iterator[Document]:
        """Every window, empty ones too: of all decisions, then of each group."""
        width = self._scope.window
        for window in self._windows:
            start, end = at(window * width), at((window + 1) * width)
            seconds = self._covered(start, end)
            here = {
                "start": write_time(start),
                "end": write_time(end),
                "local": shown(start, self._scope.request.zone),
                "partial": seconds < width,
            }
            added = self._added((window, group) for group in self._groups)
            cell = self._cell((window, ()), added, seconds, (True, False))
            yield {**here, "group": None, **cell}
            for group in self._groups if self._scope.request.by else []:
                added = self._added([(window, group)])
                cell = self._cell((window, group), added, seconds, (True, True))
                yield {**here, "group": self._named(group), **cell}

    def _shown_windows(self) -> range:
        """From the first window of the period, or with a decision, to the last."""
        request, width = self._scope.request, self._scope.window
        told = sorted({window for window, _ in self._found.sums if window is not None})
        if not told and not (request.since and request.until):
            return range(0)
        micros = width * 1_000_000
        first = _micros(request.since) // micros if request.since else told[0]
        last = -(-_micros(request.until) // micros) if request.until else told[-1] + 1
        cells = (last - first) * (len(self._groups) + 1 if request.by else 1)
        if last - first > MOST_WINDOWS or cells > MOST_CELLS:
            raise TooMany(cells)
        return range(first, last)

    def _covered(self, start: datetime, end: datetime) -> float:
        """Seconds of a stretch that lie in the period."""
        since, until = self._scope.request.since, self._scope.request.until
        start = max(start, since) if since else start
        end = min(end, until) if until else end
        return (end - start).total_seconds()

    def _seconds(self) -> float | None:
        """Seconds of all windows that lie in the period; None without any."""
        if not self._windows:
            return None
        width = self._scope.window
        return self._covered(at(self._windows[0] * width), at((self._windows[-1] + 1) * width))

    def _added(self, places: Iterable[Place]) -> _Added:
        added = _Added()
        for place in places:
            sums = self._found.sums.get(place)
            if sums is None:
                continue
            added.sums.add(sums)
            added.untimed += sums.requests if place[0] is None else 0
            answers = self._found.joined.by_place.get(place)
            if answers is not None:
                added.answers.add(answers)
        added.answers.requests = added.sums.requests
        return added

    def _cell(self, place: Place, added: _Added, seconds: float | None, level: Level) -> Document:
        latency = self._found.latency
        measured = Measured(
            sums=added.sums,
            spread=latency.by_level[level].get(place) if latency else None,
            answers=added.answers,
            untimed=added.untimed,
            seconds=seconds,
        )
        return measured.as_json(self._answers, self._graded)

    def _named(self, group: Group) -> dict[str, str | None]:
        return dict(zip(self._scope.request.by, group, strict=True))


def _in_order(group: Group) -> tuple[tuple[bool, str], ...]:
    """By name, with what has none last."""
    return tuple((name is None, name or "") for name in group)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _written(moment: datetime | None) -> str | None:
    return write_time(moment) if moment else None
