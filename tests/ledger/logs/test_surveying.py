"""Where a decision stands in a platform's log, found without anybody saying it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.logs.formats import FORMATS, completed, protected
from ledger.logs.mapping import ColumnMap, Type
from ledger.logs.proposing import propose
from ledger.logs.recognising import recognised
from ledger.logs.surveying import (
    Place,
    sampled,
    stands_at,
    survey,
    unmarked,
    values_of,
    with_column,
    with_likely,
    zoneless,
)
from tests.ledger.logs.formats.sealed import SAMPLES, rule, sealed, written

LOGS = {
    "otlp_loan_agent": ".jsonl",
    "mlflow_loan_agent": ".json",
    "langfuse_loan_agent": ".jsonl",
    "langsmith_loan_agent": ".jsonl",
    "litellm_loan_agent": ".jsonl",
    "litellm_spend_loan_agent": ".jsonl",
    "openai_batch_loan_agent": ".jsonl",
    "ocsf_loan_agent": ".jsonl",
}


def surveyed(path: Path) -> tuple[ColumnMap, list[bytes], list[Place]]:
    """The map of a log's format, its records, and the places that no column takes."""
    found = recognised(path)
    records = sampled(found.log, found.container, found.format)
    mapping = propose(path)
    return mapping, records, survey(records, mapping, found.format)


@pytest.mark.parametrize("name", LOGS)
def test_the_proposal_finds_what_a_person_mapped(name: str) -> None:
    """If it fails, a log's decisions, scores and groups are not in the map that is proposed."""
    mapping, records, places = surveyed(SAMPLES / f"{name}{LOGS[name]}")
    proposed = with_likely(mapping, places)
    by_hand = completed(FORMATS[mapping.format], rule(name))
    sought = {"decision", "score", "sex", "age_band", "index_version", "features_version"}
    if name == "openai_batch_loan_agent":  # the groups stand in the input file
        sought = {"decision", "score"}
    for column in sought:
        assert values_of(records, proposed.columns[column])
        assert values_of(records, proposed.columns[column]) == values_of(
            records, by_hand.columns[column]
        )
    versions = (proposed.columns.get(name) for name in ("index_version", "features_version"))
    assert {column.type for column in versions if column} <= {Type.STRING}
    again = ColumnMap.model_validate(proposed.model_dump(mode="json"))
    assert again.digest() == proposed.digest()


def test_a_proposed_column_is_what_the_sealed_log_has(tmp_path: Path) -> None:
    """If it fails, a place that the survey sees is not one that the mapped columns read."""
    path = SAMPLES / "otlp_loan_agent.jsonl"
    mapping, _, places = surveyed(path)
    proposed = with_likely(mapping, places).brief()
    log = sealed(tmp_path, "otlp", path, rule={"columns": proposed["columns"]})
    by_hand = sealed(tmp_path, "otlp", path, rule=rule("otlp_loan_agent"))
    for name in ("decision", "score", "sex", "features_version"):
        assert log.column(name) == by_hand.column(name)


def test_old_and_new_encodings_become_one_column(tmp_path: Path) -> None:
    """If it fails, half of the decisions of a mixed file are missing from the proposal."""
    answer = [json.dumps({"decision": decision}) for decision in ("refer", "grant")]
    messages = json.dumps([{"parts": [{"content": answer[0]}]}])
    spans = [
        {"spanId": "a", "attributes": [{"key": key, "value": {"stringValue": value}}]}
        for key, value in (("gen_ai.output.messages", messages), ("gen_ai.completion", answer[1]))
    ]
    scopes = [{"scopeSpans": [{"spans": spans}]}]
    path = written(tmp_path, "a.jsonl", [{"resourceSpans": scopes}])
    mapping, records, places = surveyed(path)
    column = with_likely(mapping, places).columns["decision"]
    assert len(column.sources) == 2
    assert values_of(records, column) == ["grant", "refer"]


def test_what_may_be_cut_off_is_not_proposed() -> None:
    """If it fails, decisions are read from previews, which hold the first 1,000 characters."""
    _, _, places = surveyed(SAMPLES / "mlflow_loan_agent.json")
    assert places
    assert not [place for place in places if "preview" in place.source or "trace" in place.source]


def test_ids_and_prose_are_no_places() -> None:
    """If it fails, what is asked for is hidden among hundreds of ids, times and sentences."""
    for name, ending in LOGS.items():
        _, _, places = surveyed(SAMPLES / f"{name}{ending}")
        assert 0 < len(places) <= 17
        assert places[0].name == "decision"
        assert places[0].values == ("approve", "decline", "refer")


def test_a_place_that_somebody_names() -> None:
    """If it fails, a path with a slip in it becomes a column of nothing."""
    mapping, records, _ = surveyed(SAMPLES / "ocsf_loan_agent.jsonl")
    assert stands_at(records, "unmapped.sxe") is None
    assert stands_at(records, "unmapped..sex") is None
    place = stands_at(records, "unmapped.sex")
    assert place is not None
    assert (place.rows, place.values) == (48, ("female", "male"))
    more, name = with_column(mapping, [place])
    assert (name, more.columns[name].source) == ("sex", "unmapped.sex")
    again, other = with_column(more, [place])
    assert other == "sex_2"
    assert again.columns["sex"] == more.columns["sex"]


def test_whose_data_it_is() -> None:
    """If it fails, hashes of keys and addresses of LiteLLM stay for ever, and nobody is told."""
    proposed, records, _ = surveyed(SAMPLES / "litellm_loan_agent.jsonl")
    form = FORMATS["litellm"]
    assert unmarked(records, proposed, form) == []
    mapping = completed(form, {})
    left = unmarked(records, mapping, form)
    assert {"end_user", "metadata.user_api_key_hash", "metadata.user_api_key_user_email"} <= {*left}
    marked = protected(form, {})
    assert marked.subjects[0] == "end_user"
    assert {*marked.personal, *marked.subjects} == {*form.personal}
    assert unmarked(records, marked, form) == []
    assert protected(form, {"personal": []}) == completed(form, {})
    chosen = protected(form, {"pseudonyms": ["end_user"], "redact": ["user_agent"]})
    assert {"end_user", "user_agent"}.isdisjoint({*chosen.personal, *chosen.subjects})
    away = protected(form, {}, keyless=True)
    assert (away.subject, away.personal, {*away.redact}) == (None, (), {*form.personal})
    removed = unmarked(records, mapping, form, frozenset({"email", "ip"}))
    assert {*left} - {*removed} == {
        "metadata.user_api_key_user_email",
        "metadata.requester_ip_address",
    }
    nobody = [b'{"end_user": "", "metadata": {"user_api_key_hash": null}}', b"{"]
    assert unmarked(nobody, mapping, form) == []


def test_times_that_state_no_zone(tmp_path: Path) -> None:
    """If it fails, nobody is asked for the zone, and every row is bad."""
    mapping, records, _ = surveyed(SAMPLES / "langsmith_loan_agent.jsonl")
    assert zoneless(records, mapping) == []
    told = json.loads((SAMPLES / "langsmith_loan_agent.jsonl").read_text().splitlines()[0])
    told["start_time"] = told["start_time"].removesuffix("Z")
    mapping, records, _ = surveyed(written(tmp_path, "r.jsonl", [told]))
    assert zoneless(records, mapping) == ["time"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.just("long" * 200), inner, max_size=3)
        | inner.map(json.dumps)
        | st.lists(st.fixed_dictionaries({"key": st.text(max_size=3), "value": inner}), max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=5), ANY, max_size=4), max_size=3))
def test_any_record_can_be_surveyed(documents: list[dict[str, Any]]) -> None:
    """If it fails, a strange record ends `logs map` with a traceback, or a place is no source."""
    records = [json.dumps(document).encode() for document in documents]
    mapping = completed(FORMATS["otlp"], {})
    for place in survey(records, mapping, FORMATS["otlp"]):
        with_column(mapping, [place])
        ColumnMap.model_validate({"columns": {"a": {"source": place.source, "type": "string"}}})
