"""Labels that stand in outcome logs, given to the decisions that they are about.

They are joined as metrics join them (`policies.metrics.latest`), inside the engine and a part of
the request ids at a time: of all of them together only the place of each labelled decision and its
label are ever held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from policies.metrics.columns import File, Holds, relation
from policies.metrics.latest import EARLIEST, latest

PART = 4_000_000  # rows of either kind of log whose request ids are joined at a time
_OF = '"=of"'
_BITS = 40  # of a row's number within its file

Files: TypeAlias = "Sequence[Path] | Labelled"
"""What an audit reads: files that hold everything, or decisions with labels from elsewhere."""


@dataclass(frozen=True)
class Labelled:
    """Sealed logs of decisions, and those of outcomes of which the column `label` is taken."""

    decisions: tuple[File, ...]
    outcomes: tuple[File, ...]
    label: str

    @property
    def paths(self) -> list[Path]:
        """Every file that is read."""
        return [file.path for file in (*self.decisions, *self.outcomes)]


@dataclass(frozen=True)
class LabelJoin:
    """How labels found their decisions; `logs` are those of outcomes, `rows` what they hold.

    `labelled` decisions got a label. `repeated` ones carry the request id of an earlier decision
    that the answers to it are about; they got none.
    """

    logs: tuple[str, ...]
    rows: int
    without_request_id: int
    without_decision: int
    labelled: int
    repeated: int

    def as_json(self) -> dict[str, Any]:
        """The document's `label_join`."""
        return asdict(self) | {"logs": list(self.logs)}


def join(connection: duckdb.DuckDBPyConnection, given: Labelled) -> tuple[str, LabelJoin]:
    """Join labels to decisions; return SQL of the decisions with the label as a column, as text.

    The logs must have been held against their digests, and have the columns `request_id` and, of
    outcomes, `label`.
    """
    connection.execute("CREATE TEMP TABLE labelled (place BIGINT, label VARCHAR)")
    sums = [0, 0, 0, 0]
    for part in _parts(given):
        _join_part(connection, given, part)
        sums = [sum(pair) for pair in zip(sums, _accounts(connection), strict=True)]
    connection.execute("DROP TABLE hit")
    connection.execute("DROP TABLE answer")
    labelled = connection.execute("SELECT count(*) FROM labelled").fetchall()[0][0]
    rows, without, unmatched, repeated = sums
    logs = tuple(file.log for file in given.outcomes)
    return _decisions(given), LabelJoin(logs, rows, without, unmatched, labelled, repeated)


def _parts(given: Labelled) -> Iterator[str]:
    """Conditions on a request id, each of which a part of the rows meets."""
    most = max(sum(file.rows for file in files) for files in (given.decisions, given.outcomes))
    parts = most // PART + 1
    for part in range(parts):
        yield f"hash(request_id) % {parts} = {part}"


def _join_part(connection: duckdb.DuckDBPyConnection, given: Labelled, part: str) -> None:
    known = {"time": Holds.TIME, "request_id": Holds.TEXT}
    answers = relation(given.outcomes, {**known, given.label: Holds.TEXT})
    of_part = f"(FROM {answers.sql} WHERE {part})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE answer AS {latest(of_part, [given.label])}",
        dict(answers.parameters),
    )
    decisions = relation(given.decisions, known)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE hit AS "  # noqa: S608 - quoted paths and numbers of our own
        f"SELECT request_id, {_place(given)} AS place, {EARLIEST} AS turn "
        f"FROM (FROM {decisions.sql} WHERE {part}) SEMI JOIN answer USING (request_id)",
        dict(decisions.parameters),
    )
    connection.execute(
        f'INSERT INTO labelled SELECT place, "{given.label}" '  # noqa: S608 - as in `latest`
        f"FROM hit JOIN answer USING (request_id) "
        f'WHERE turn = 1 AND "{given.label}" IS NOT NULL'
    )


def _accounts(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Of a part: its answers, those without a request id, those to no decision; repeated ones."""
    found = connection.execute(
        """
        SELECT
            (SELECT coalesce(sum(n), 0)::BIGINT FROM answer),
            (SELECT coalesce(sum(n), 0)::BIGINT FROM answer WHERE request_id IS NULL),
            (SELECT coalesce(sum(n), 0)::BIGINT FROM answer ANTI JOIN hit USING (request_id)
             WHERE request_id IS NOT NULL),
            (SELECT count(*) FROM hit WHERE turn > 1)
        """
    ).fetchall()
    return list(found[0])


def _decisions(given: Labelled) -> str:
    return (
        f"SELECT decision.* EXCLUDE ({_OF}, file_row_number), "  # noqa: S608 - quoted paths
        f'labelled.label AS "{given.label}" '
        f"FROM read_parquet({_listed(given)}, union_by_name = true, filename = '=of', "
        f"file_row_number = true) AS decision LEFT JOIN labelled ON labelled.place = "
        f"{_place(given)}"
    )


def _place(given: Labelled) -> str:
    """SQL of one number for where a decision stands: the position of its file, and its row."""
    return f"(list_position({_listed(given)}, {_OF})::BIGINT << {_BITS}) + file_row_number"


def _listed(given: Labelled) -> str:
    """The paths of decisions as SQL: a view cannot have parameters."""
    paths = [str(file.path).replace("'", "''") for file in given.decisions]
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"
