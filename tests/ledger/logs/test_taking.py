"""What the column map takes out of conversations that are not kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence import Evidence
from ledger.logs.checking import check_sealed
from ledger.logs.engine import analysis
from ledger.logs.explaining import explain
from ledger.logs.formats import FORMATS, completed
from ledger.logs.mapping import MAPPED, RECORD, ColumnMap
from ledger.logs.protecting import Protection, Safeguards
from ledger.logs.recognising import recognised
from ledger.logs.rules import UNDECIDED, RedactionRules
from ledger.logs.sealing import seal
from ledger.logs.taking import LONGEST, WITHHELD, taken_columns
from tests.ledger.logs.formats.sealed import SAMPLES, rule, written

ANSWER = "response.choices.0.message.content"
NAMED = {
    "litellm": "litellm_loan_agent.jsonl",
    "otlp": "otlp_loan_agent.jsonl",
    "mlflow": "mlflow_loan_agent.json",
    "langsmith": "langsmith_loan_agent.jsonl",
}


def mapped(columns: dict[str, Any], **more: Any) -> ColumnMap:
    """Map a LiteLLM log by these columns and no others."""
    typed = {name: {"type": "string", **column} for name, column in columns.items()}
    return ColumnMap.model_validate({"format": "litellm", "columns": typed, **more})


def said(content: object, **others: Any) -> dict[str, Any]:
    """Write a LiteLLM record in which the model answered something."""
    text = content if isinstance(content, str) else json.dumps(content)
    message = {"role": "assistant", "content": text}
    asked = [{"role": "user", "content": "Assess applicant 7."}]
    return {
        "id": "r1",
        "messages": asked,
        "response": {"choices": [{"message": message}]},
        **others,
    }


def rows(
    folder: Path, log: Path, mapping: ColumnMap, rules: RedactionRules = UNDECIDED
) -> tuple[list[dict[str, Any]], list[str], dict[str, int]]:
    """Seal a log: its rows, why others are bad, and what was redacted. It must verify."""
    evidence = Evidence(folder)
    done = seal(
        [log],
        mapping,
        evidence,
        bytes.hex,
        lambda _done, _all: None,
        safeguards=Safeguards(rules),
    )
    path = folder / f"{done.file_digest}.parquet"
    assert check_sealed(path, done, mapping) == []
    bad = evidence.read(done.quarantine_digest, "jsonl") if done.quarantine_digest else b""
    reasons = [orjson.loads(line)["reason"] for line in bad.splitlines()]
    return pq.read_table(path).to_pylist(), reasons, done.redactions


def one(folder: Path, record: dict[str, Any], mapping: ColumnMap) -> dict[str, Any]:
    """Seal one record as no policy says otherwise: its row, the record parsed."""
    ((row,), bad, _) = rows(folder, written(folder, "a.jsonl", [record]), mapping)
    assert bad == []
    return row | {RECORD: orjson.loads(row[RECORD])}


@pytest.mark.parametrize("name", NAMED)
def test_no_conversation_is_kept_unless_a_policy_says_so(tmp_path: Path, name: str) -> None:
    """If it fails, prompts and answers are on record although nobody decided that."""
    log = SAMPLES / NAMED[name]
    mapping = completed(FORMATS[name], rule(log.stem))
    kept, _, _ = rows(tmp_path, log, mapping, UNDECIDED.keeping())
    short, _, redactions = rows(tmp_path, log, mapping)
    texts = [(row.pop(RECORD), other.pop(RECORD)) for row, other in zip(kept, short, strict=True)]
    assert short == kept
    assert any(row["decision"] for row in short)
    assert any("Assess applicant" in whole for whole, _ in texts)
    assert not any(
        phrase in text for _, text in texts for phrase in ("Assess applicant", "You prepare loan")
    )
    assert redactions["conversation"] > 0


def test_what_is_taken_stands_beside_the_summary(tmp_path: Path) -> None:
    """If it fails, nobody who checks a record finds what a column was derived from."""
    mapping = mapped(
        {
            "decision": {"source": f"{ANSWER} => decision", "values": {"ok": "approve"}},
            "score": {"source": f"{ANSWER} => score", "type": "number"},
            "absent": {"source": f"{ANSWER} => absent"},
            "chars": {"source": ANSWER, "type": "integer", "of": "length"},
            "whole": {"source": "response", "of": "digest"},
            "id": {"source": "id"},
            "answered": {"source": "id", "cases": [{"source": "response", "text": "yes"}]},
        }
    )
    row = one(tmp_path, said({"decision": "ok", "score": 0.50}), mapping)
    taken = row[RECORD].pop(MAPPED)
    assert taken == {
        "absent": "",
        "answered": "yes",
        "chars": "32",
        "decision": "ok",
        "score": "0.5",
        "whole": row["whole"],
    }
    assert (row["decision"], row["score"], row["absent"], row["chars"], row["id"]) == (
        "approve",
        0.5,
        None,
        32,
        "r1",
    )
    assert row[RECORD]["response"]["conversation"] == "digest"


def test_a_conversation_is_not_taken_piece_by_piece(tmp_path: Path) -> None:
    """If it fails, a map brings back the words that the policy leaves out."""
    mapping = mapped(
        {
            "answer": {"source": ANSWER},
            "short": {"source": f"{ANSWER} => note"},
            "messages": {"source": "messages"},
            "either": {"source": ["response", f"{ANSWER} => note"]},
        }
    )
    words = "many words " * 40
    row = one(tmp_path, said({"note": "n" * LONGEST, "more": words}), mapping)
    assert (row["answer"], row["either"], row["short"]) == (WITHHELD, WITHHELD, "n" * LONGEST)
    assert orjson.loads(row["messages"])["conversation"] == "digest"
    assert words not in json.dumps(row[RECORD])


def test_what_is_taken_is_redacted_as_where_it_stood(tmp_path: Path) -> None:
    """If it fails, personal data come into the record by way of a column."""
    mapping = mapped(
        {
            "contact": {"source": f"{ANSWER} => contact"},
            "reached": {"source": f"{ANSWER} => phone"},
            "secret": {"source": f"{ANSWER} => password"},
        }
    )
    answer = {"contact": "bob@example.org", "phone": "0171 1234567", "password": "hunter22"}
    log = written(tmp_path, "a.jsonl", [said(answer)])
    (short,), _, redactions = rows(tmp_path, log, mapping)
    (kept,), _, others = rows(tmp_path, log, mapping, UNDECIDED.keeping())
    names = ("contact", "reached", "secret")
    assert [short[name] for name in names] == [kept[name] for name in names]
    assert "bob" not in short[RECORD]
    assert "1234567" not in short[RECORD]
    assert "hunter22" not in short[RECORD]
    assert redactions == {**others, "conversation": 2}


def test_fields_of_the_map_go_before(tmp_path: Path) -> None:
    """If it fails, what the map removes from a conversation is taken out of it all the same."""
    columns = {"name": {"source": f"{ANSWER} => name"}, "decision": {"source": f"{ANSWER} => d"}}
    mapping = mapped(columns, redact=[f"{ANSWER} => name"], pseudonyms=[f"{ANSWER} => d"])
    row = one(tmp_path, said({"name": "Bob", "d": "approve"}), mapping)
    assert row["name"] == "[redacted:field]"
    assert row["decision"].startswith("hmac:")


def test_a_duration_within_a_conversation(tmp_path: Path) -> None:
    """If it fails, a duration is lost, or measured from another moment."""
    column = {"source": f"{ANSWER} => end", "since": f"{ANSWER} => start", "unit": "s"}
    mapping = mapped({"took": {**column, "type": "number"}, "id": {"source": "id"}})
    assert one(tmp_path, said({"start": 10.25, "end": 12}), mapping)["took"] == 1750.0


@pytest.mark.parametrize("rules", [UNDECIDED, UNDECIDED.keeping()], ids=["digest", "keep"])
@pytest.mark.parametrize("form", ["litellm", "table"])
def test_a_log_cannot_bring_such_a_member_along(
    tmp_path: Path, form: str, rules: RedactionRules
) -> None:
    """If it fails, nobody can tell what sealing took from what a log claims."""
    columns = {"decision": {"source": f"{ANSWER} => decision", "type": "string"}}
    mapping = ColumnMap.model_validate({"format": form, "columns": columns})
    spelled = MAPPED.replace(":", "\\u003a")
    lines: list[object] = [
        said({"decision": "refer"}, **{MAPPED: {"decision": "approve"}}),
        json.dumps(said({"decision": "refer"}))[:-1] + f',"{spelled}":"x"}}',
        said({"decision": "refer"}, **{MAPPED: None}),
        said({"decision": "refer"}, inner={MAPPED: {"decision": "approve"}}),
    ]
    found, bad, _ = rows(tmp_path, written(tmp_path, "a.jsonl", lines), mapping, rules)
    assert len(bad) == 2
    assert all(MAPPED in reason for reason in bad)
    whole = form == "table"  # in which nothing says where a conversation stands
    assert [row["decision"] for row in found] == ["refer"] * 2
    assert all((MAPPED in orjson.loads(row[RECORD])) for row in found[: 1 - whole])


def test_keeping_costs_nothing() -> None:
    """If it fails, whoever keeps conversations pays for those who do not."""
    mapping = completed(FORMATS["litellm"], {})
    with analysis() as engine:
        assert not Protection(engine, mapping, Safeguards(UNDECIDED.keeping())).takes
        assert Protection(engine, mapping).takes
        assert not Protection(engine, completed(FORMATS["table"], rule_of_a_table())).takes


def rule_of_a_table() -> dict[str, Any]:
    """Map one column of a table."""
    return {"columns": {"n": {"source": "n", "type": "integer"}}}


def test_what_would_be_kept_is_shown_before_an_import(tmp_path: Path) -> None:
    """If it fails, an engineer is shown words that are not kept, or misses them when they are."""
    log = SAMPLES / "litellm_loan_agent.jsonl"
    found, mapping = recognised(log), completed(FORMATS["litellm"], rule(log.stem))
    short = explain(found, [found], mapping, (), shown=1).examples[0]
    kept = explain(found, [found], mapping, (), shown=1, rules=UNDECIDED.keeping()).examples[0]
    assert short.columns == kept.columns
    assert ("Assess applicant" in kept.after, "Assess applicant" in short.after) == (True, False)
    own = written(tmp_path, "a.jsonl", [said("x", startTime=1, **{MAPPED: {}}, call_type="c")])
    found = recognised(own, "litellm")
    assert MAPPED in str(explain(found, [found], mapping, ()).examples[0].problem)


@pytest.mark.parametrize(
    ("source", "conversation", "taken"),
    [
        ("a.b", "a", True),
        ("a => b", "a", True),
        ("a => b.c", "a.b", True),
        ("a{k}.0", "a{k}", True),
        ('"a.b".c', "a.b", True),
        ("a", "a", False),
        ("a =>", "a", False),
        ("a", "a.b", False),
        ("ab", "a", False),
        ("b.a", "a", False),
        ("a.3.b.c", "a.*.b", True),
        ("a.3.c", "a.*.b", False),
        ("a{p.7.text} => b", "a{p.*.text}", True),
        ("a{p.7.role} => b", "a{p.*.text}", False),
    ],
)
def test_which_columns_are_taken(source: str, conversation: str, taken: bool) -> None:
    """If it fails, a column comes out empty, or a conversation is kept as one."""
    mapping = ColumnMap.model_validate({"columns": {"x": {"source": source, "type": "string"}}})
    assert bool(taken_columns(mapping, [conversation])) == taken


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["approve", " 7 ", "", "null", '{"a":1}', "4111 1111 1111 1111", "a@b.org"]),
)
ANSWERS = st.dictionaries(
    st.sampled_from("abcd"),
    st.one_of(PLAIN, st.lists(PLAIN, max_size=2), st.dictionaries(st.sampled_from("xy"), PLAIN)),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(ANSWERS, st.text(max_size=20)), min_size=1, max_size=12))
def test_columns_are_the_same_with_and_without_words(
    tmp_path_factory: Any, answers: list[Any]
) -> None:
    """If it fails, some value is lost or changed because conversations are not kept."""
    folder = tmp_path_factory.mktemp("any")
    mapping = mapped(
        {
            "a": {"source": f"{ANSWER} => a"},
            "either": {"source": [f"{ANSWER} => b", "id"], "values": {"approve": "yes"}},
            "inner": {"source": f"{ANSWER} => c.x"},
            "first": {"source": f"{ANSWER} => d.0"},
            "chars": {"source": f"{ANSWER} => a", "type": "integer", "of": "length"},
            "hash": {"source": ANSWER, "of": "digest"},
            "number": {"source": f"{ANSWER} => a", "type": "number"},
        }
    )
    log = written(folder, "a.jsonl", [said(answer) for answer in answers])
    short, bad, _ = rows(folder, log, mapping)
    kept, others, _ = rows(folder, log, mapping, UNDECIDED.keeping())
    assert bad == others
    for row in (*short, *kept):
        del row[RECORD]
    assert short == kept
