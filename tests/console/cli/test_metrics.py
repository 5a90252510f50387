"""`logs metrics`, and logs of every kind from file to figure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console.cli.metric_charts import charts
from tests.console.cli.place import SAMPLES, Place

LOGS = SAMPLES / "logs"
MODEL = "credit-scorer"


@pytest.fixture(scope="module")
def metered(founded: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a ledger with the loan agent's logs of every kind. Not to be written to."""
    folder = tmp_path_factory.mktemp("metered") / "place"
    place = Place(Path(shutil.copytree(founded.folder, folder)))
    card = str(SAMPLES / "cards" / "credit-scorer.yaml")
    assert place.run("model", "register", MODEL, "--card", card, "--owner", "ada").code == 0
    for name, *more in (
        ("langfuse_loan_agent.jsonl", "--map", str(LOGS / "langfuse_loan_agent.map.yaml")),
        ("loan_agent_feedback.csv", "--kind", "feedback"),
        ("loan_agent_outcomes.jsonl", "--kind", "outcome"),
        ("loan_agent_resources.csv", "--kind", "resource"),
    ):
        done = place.run("logs", "import", str(LOGS / name), "--model", MODEL, *more)
        assert done.code == 0, done.err
    return place


def test_every_kind_of_log_comes_out_as_figures(metered: Place) -> None:
    """If it fails, a kind of log can be imported and is never heard of again."""
    asked = ("logs", "metrics", "--model", MODEL, "--window", "6h", "--json")
    found = metered.run(*asked, "--by", "version,prompt_version", "--tz", "Europe/Berlin").json
    assert found["by"] == ["model_version", "prompt_version"]
    total = found["total"]
    assert total["requests"] == 48
    assert {each["outcome"]: each["hits"] for each in total["guardrails"]} == {
        "none": 42,
        "blocked": 3,
    }
    assert total["feedback"]["rating"]["n"] == 27
    assert {each["outcome"] for each in total["feedback"]["outcomes"]} == {"paid", "missed"}
    assert total["labels"]["hallucination"]["population"] == 48
    assert [each["resource"] for each in found["resources"]] == ["gpu-pool", "vector-index"]
    assert found["reasons"].keys() == {"escalated", "labels.relevance", "labels.toxicity"}
    assert [each["local"] for each in found["windows"] if each["group"] is None] == [
        f"2026-11-0{day}T{hour}:00:00+01:00"
        for day, hour in ((3, "07"), (3, 13), (3, 19), (4, "01"))
    ]
    assert {kind: len(logs) for kind, logs in found["logs"].items()} == {
        "decision": 1, "feedback": 1, "outcome": 1, "resource": 1,
    }  # fmt: skip


def test_a_person_reads_the_same_in_a_pipe(metered: Place) -> None:
    """If it fails, the table hides what the document says, or a file holds a terminal's codes."""
    shown = metered.run("logs", "metrics", "--model", MODEL, "--by", "prompt_version", "--chart")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].split()[:2] == ["PROMPT_VERSION", "REQUESTS"]
    assert lines[1].split()[:2] == ["all", "48"]
    assert "not known: no log of decisions has the column escalated" in shown.out
    assert "4 are what was sealed" in shown.out
    assert "2026-11-03 08:00:00+00:00" in shown.out
    assert "Latency, p95 in ms" in shown.out
    assert "\033" not in shown.out


def test_charts_show_gaps_and_every_group(metered: Place) -> None:
    """If it fails, a line runs through hours in which nothing was asked."""
    document = metered.run("logs", "metrics", "--model", MODEL, "--window", "1h", "--json").json
    drawn = list(charts(document, 80))
    assert [chart.split("\n")[0] for chart in drawn] == [
        "Requests a second",
        "Latency, p95 in ms",
        "Errors in %",
        "Cost",
        "Confidence, mean",
    ]
    assert all(len(line) <= 80 for chart in drawn for line in chart.split("\n"))
    windows = document["windows"]
    for window in windows[1:-1]:
        window.update(dict.fromkeys(("latency_ms", "errors", "cost", "confidence")))
        window["requests"] = 0
    gapped = next(iter(charts(document, 80))).split("\n")
    assert sum(line.count("•") for line in gapped) == 2
    asked = ("logs", "metrics", "--model", MODEL, "--by", "prompt_version", "--json")
    assert all(chart.isascii() for chart in charts(document, 80, plain=True))
    by_prompt = list(charts(metered.run(*asked).json, 80))
    assert by_prompt[0].endswith("o 1.4   x 1.3")


def test_a_terminal_gets_charts(metered: Place) -> None:
    """If it fails, nobody ever sees a chart."""
    with metered.terminal("logs", "metrics", "--model", MODEL, "--chart") as terminal:
        terminal.see("Latency, p95 in ms")
        terminal.see("Confidence, mean")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("code", "more"),
    [
        (2, ("--window", "fortnight")),
        (2, ("--since", "2026-11-03")),
        (2, ("--tz", "Europe/Berlin", "--since", "2026-10-25T02:30")),
        (2, ("--by", "shoe_size")),
        (2, ("--since", "2026-11-04T00:00Z", "--until", "2026-11-03T00:00Z")),
        (2, ("--window", "1s", "--since", "2026-11-01T00:00Z")),
    ],
)
def test_a_slip_is_explained(metered: Place, code: int, more: tuple[str, ...]) -> None:
    """If it fails, a slip is a traceback, or metrics of something else."""
    done = metered.run("logs", "metrics", "--model", MODEL, *more, "--json")
    assert (done.code, done.out) == (code, "")
    assert done.error["hint"]


def test_what_a_query_writes_can_be_audited(metered: Place, tmp_path: Path) -> None:
    """If it fails, who joins logs in a way of their own cannot audit what comes of it."""
    place = Place(Path(shutil.copytree(metered.folder, tmp_path / "place")))
    query = """
        SELECT d.*, CASE o.outcome WHEN 'paid' THEN 'approve' ELSE 'decline' END AS came_true
        FROM decisions d JOIN decisions o USING (request_id)
        WHERE d.kind = 'decision' AND o.kind = 'outcome'
    """
    file = tmp_path / "labelled.parquet"
    assert place.run("logs", "query", query, "--model", MODEL, "--output", str(file)).code == 0
    audited = place.run(
        "audit", "fairness", "--model", MODEL, "--data", str(file), "--label", "came_true",
        "--prediction", "decision", "--positive", "approve", "--by", "sex", "--json",
        by="eva",
    )  # fmt: skip
    assert audited.json["n"] == 42, audited.err


def test_an_audit_finds_labels_in_outcome_logs(metered: Place, tmp_path: Path) -> None:
    """If it fails, an audit cannot be held to what came true, or does not say what lacks it."""
    place = Place(Path(shutil.copytree(metered.folder, tmp_path / "place")))
    columns = tmp_path / "outcomes.map.yaml"
    columns.write_text(
        """
        columns:
          request_id: {source: request, type: string}
          time: {source: observed_at, type: timestamp}
          became: {source: result, type: string, values: {paid: approve, missed: decline}}
        """,
        encoding="utf-8",
    )
    done = place.run(
        "logs", "import", str(LOGS / "loan_agent_outcomes.jsonl"), "--model", MODEL,
        "--kind", "outcome", "--map", str(columns),
    )  # fmt: skip
    assert done.code == 0, done.err
    asked = [
        "audit", "fairness", "--model", MODEL, "--prediction", "decision", "--positive", "approve",
        "--by", "sex", "--label",
    ]  # fmt: skip
    found = place.run(*asked, "became", "--json", by="eva").json
    assert found["n"] == found["label_join"]["labelled"] == 42
    assert found["excluded"]["label_missing"] == 48 - 42
    assert found["label_join"]["logs"] == ["log-5"]
    shown = place.run("audit", "show", "aud-1").out
    assert "42 decisions have one, 6 of those asked for were left out" in shown
    refused = place.run(*asked, "becomes", by="eva")
    assert (refused.code, refused.out) == (2, "")
    assert "becomes" in refused.err


def test_a_map_is_proposed_for_the_kind(metered: Place) -> None:
    """If it fails, `logs map` proposes columns that no metric knows."""
    found = metered.run(
        "logs", "map", str(LOGS / "loan_agent_feedback.csv"), "--kind", "feedback", "--json"
    ).json
    assert found["columns"]["satisfied"] == found["columns"]["satisfied"] | {
        "source": "helpful",
        "type": "boolean",
    }
    refused = metered.run(
        "logs", "import", str(LOGS / "loan_agent_resources.csv"), "--model", MODEL,
        "--kind", "feedback", "--explain",
    )  # fmt: skip
    assert refused.code == 2
    assert "request_id" in refused.err
