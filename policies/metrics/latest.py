"""Which answer belongs to which decision: the rule by which both are joined, as SQL.

Answers find their decision by request id. Of several answers to one request the latest value of
each column counts; of several decisions with one request id the earliest one is answered.
"""

from __future__ import annotations

from collections.abc import Iterable

from policies.metrics.columns import PLACE

_PLACE = ", ".join(PLACE)
EARLIEST = f"row_number() OVER (PARTITION BY request_id ORDER BY time NULLS LAST, {_PLACE})"
"""SQL that numbers the decisions of each request id; the first is the one that is answered."""


def latest(answers: str, columns: Iterable[str]) -> str:
    """SQL of (request_id, n, columns): of each column the latest value that a request was given.

    `answers` is SQL of a relation with `request_id`, `time`, PLACE and the columns; `n` counts the
    answers to the request.
    """
    values = [f'arg_max("{name}", turn) AS "{name}"' for name in columns]
    return (
        "WITH ordered AS (SELECT *, row_number() OVER "  # noqa: S608 - names keep to the grammar of targets
        f"(ORDER BY time NULLS FIRST, {_PLACE}) AS turn FROM {answers}) "
        f"SELECT {', '.join(['request_id', 'count(*) AS n', *values])} FROM ordered "
        "GROUP BY request_id"
    )
