"""Metering: from sealed logs to metrics by window and group, in one in-memory DuckDB.

Nothing is entered: whoever looks at metrics changes no record. What they must be able to repeat
goes through an audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb

from ledger.book import Book
from ledger.errors import InvalidInput
from ledger.logs.engine import DISTRUST_STATISTICS
from policies.metrics.answers import join, no_answers
from policies.metrics.columns import ANSWER, DECISION, RESOURCE, File, Holds, Relation, relation
from policies.metrics.counting import (
    Scope,
    TooMany,
    bounds_of,
    count,
    count_resources,
    count_tasks,
    holds_calls,
    left_out,
)
from policies.metrics.document import Document, Found, Writer
from policies.metrics.files import Checked, check_files, sealed_files
from policies.metrics.quantiles import spread
from policies.metrics.request import (
    MOST_CELLS,
    MOST_WINDOWS,
    MetricsRequest,
    suggested_window,
    window_text,
)

_KINDS = ("decision", "feedback", "outcome", "resource")


def measure(
    book: Book,
    model: str,
    request: MetricsRequest,
    *,
    again: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Document:
    """Measure a model's sealed logs: the document of `logs metrics --json`.

    Files are held against their digests first, once (`again`: anew). Raises InvalidInput (nothing
    imported, an unknown column, too many windows or groups), CheckFailed (a sealed log is not what
    was sealed), Refused (no such model).
    """
    request.check()
    ledger_id, files = sealed_files(book, model)
    checked = check_files(book, ledger_id, files, again=again, progress=progress)
    return {"model": model, **measure_files(files, request, checked)}


def measure_files(files: Sequence[File], request: MetricsRequest, checked: Checked) -> Document:
    """Measure files whose digests were checked; else as `measure`."""
    request.check()
    of_kind = {kind: [file for file in files if file.kind == kind] for kind in _KINDS}
    wanted = {**dict.fromkeys(request.named, Holds.TEXT), **DECISION}
    decisions = relation(of_kind["decision"], wanted)
    for column in request.named:
        if column not in decisions.columns:
            raise InvalidInput(
                f"No log of decisions has the column {column!r}.",
                f"Name one of: {', '.join(sorted(decisions.columns))}, or a mapped one.",
            )
    window = _window(of_kind["decision"], request)
    answers = _answers(of_kind, decisions)
    resources = relation(of_kind["resource"], RESOURCE) if of_kind["resource"] else None
    with _engine() as engine:
        rows = sum(file.rows for file in of_kind["decision"])
        latency = "duration_ms" in decisions.columns
        calls = decisions.any_spans and not request.of_spans and holds_calls(engine, decisions)
        scope = Scope(request, window, decisions, calls)
        found = Found(
            count(engine, scope),
            spread(engine, scope, rows) if latency else None,
            join(engine, scope, answers) if answers else no_answers(),
            count_tasks(engine, scope),
            count_resources(engine, resources, scope) if resources else None,
            left_out(engine, scope),
        )
        document = Writer(scope, found, answers).document()
    logs = {kind: [file.log for file in each] for kind, each in of_kind.items()}
    return {**document, "logs": logs, "files": checked.as_json()}


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine in UTC that spills nothing to disk and fetches nothing from anywhere."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
    }
    try:
        with duckdb.connect(":memory:", config=config) as engine:
            engine.execute("SET TimeZone = 'UTC'")
            engine.execute("SET preserve_insertion_order = false")
            engine.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
            engine.execute(DISTRUST_STATISTICS)
            yield engine
    except TooMany as error:
        raise InvalidInput(
            f"These are more windows and groups than can be shown ({MOST_CELLS:,}).",
            "Ask for wider windows, a shorter period or fewer groups.",
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise InvalidInput(
            "There is not enough memory to measure this at once.",
            "Ask for a shorter period or fewer groups, and without --exact.",
        ) from error
    except duckdb.Error as error:
        raise InvalidInput(
            f"The logs cannot be measured: {str(error).splitlines()[0]}",
            "Check them: quaestor ledger verify",
        ) from error


def _answers(of_kind: Mapping[str, list[File]], decisions: Relation) -> Relation | None:
    """Feedback and outcomes that can be joined, if there are any."""
    files = [*of_kind["feedback"], *of_kind["outcome"]]
    found = relation(files, ANSWER) if files else None
    if found is None or "request_id" not in found.columns & decisions.columns:
        return None
    return found


def _window(files: Iterable[File], request: MetricsRequest) -> int:
    """The width asked for, or one that suits the period; InvalidInput for too many windows."""
    entered = bounds_of([moment for file in files for moment in (file.first, file.last)])
    since = request.since or (entered[0] if entered else None)
    until = request.until or (entered[1] if entered else None)
    span = (until - since).total_seconds() if since and until else 0.0
    width = request.window or suggested_window(max(span, 0.0))
    if span / width > MOST_WINDOWS:
        raise InvalidInput(
            f"Windows of {window_text(width)} would be {span / width:,.0f}, "
            f"more than {MOST_WINDOWS:,}.",
            "Ask for wider windows, or for a shorter period with --since and --until.",
        )
    return width
