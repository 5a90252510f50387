"""`logs metrics`: what a model's sealed logs say of its service."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.display import Document, print_json, progress, screen_of
from console.cli.metric_tables import show_metrics
from console.cli.options import Json, session_of
from console.session import Session

_WIDTH = 80  # of charts that no terminal shows


def metrics(
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose decisions.")],
    window: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Of the windows: 15m, 1h, 1d; else as suits."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only decisions from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only decisions before this time.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="COL[,COL...]", help="Groups as well: version,prompt_version."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL=VALUE[,VALUE...]",
            help="Only decisions in which one of these stands there: status=ok. Repeatable.",
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Count every span of a trace; else those that are a call of a model."
        ),
    ] = False,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="Show times so, and take --since and --until so: Europe/Berlin."
        ),
    ] = None,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Exact quantiles, however many rows there are."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compute the digest of every file anew, remembered or not."),
    ] = False,
    chart: Annotated[bool, typer.Option("--chart", help="Draw the windows as well.")] = False,
    json: Json = False,
) -> None:
    """Measure throughput, latency, errors, tokens, cost, confidence, feedback and labels.

    Straight from the sealed logs, whose files are held against their digests first; a file that
    did not change since is not read again for that. Windows begin at multiples of their length
    since 1970 in UTC; one without a decision is shown as a gap. What no log tells is null, and the
    reason is stated. Of traces, whose spans lie in one another, only calls of a model count, and
    what was left out is stated; `--all` counts every record. Nothing is entered.
    """
    from policies.metrics.metering import measure
    from policies.metrics.request import (
        MetricsRequest,
        parse_columns,
        parse_moment,
        parse_only,
        parse_window,
    )

    session = session_of(context)
    request = MetricsRequest(
        window=parse_window(window) if window else None,
        since=parse_moment(since, tz),
        until=parse_moment(until, tz),
        by=parse_columns(by),
        zone=tz or "UTC",
        exact=exact,
        only=parse_only(only or ()),
        every=every,
    )
    with progress(session, "checking digests", of_bytes=True) as told:
        document = measure(session.book, model, request, again=check, progress=told)
    if json:
        print_json(document)
        return
    show_metrics(session, document)
    if chart:
        _draw(session, document)


def _draw(session: Session, document: Document) -> None:
    """Draw charts within the width of the terminal."""
    from console.cli.metric_charts import charts

    width = screen_of(session).width or _WIDTH
    for chart in charts(document, width, plain=session.settings.dumb):
        typer.echo(f"\n{chart}")
