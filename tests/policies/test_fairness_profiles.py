"""Audits by a profile, scores and ratings, entered into a real ledger."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import numpy as np
import orjson
import pytest

from ledger.errors import InvalidInput, QuaestorError, Refused
from ledger.registers.audits import AuditRow
from ledger.verification import verify
from policies.auditing import Audited, decisions_of, read_result
from policies.fairness.profiles.eu_ai_act import parse_justification
from policies.fairness.profiles.shipped import ProfileName, profile
from policies.fairness.profiles.statement import sign_statement
from policies.fairness.request import FairnessRequest
from policies.profiling import ProfileRequest, run_profile
from policies.scoring import run_values
from tests.people import MODEL, ORIGIN, World

JUSTIFICATION = b"""
strictly_necessary: Without ethnicity the rates of its groups cannot be compared.
other_data_will_not_do: Synthetic data would show the bias of whoever made it.
safeguards: Pseudonyms; the file lies encrypted.
access: Two people of model risk, logged.
no_transfer: It is passed on to nobody.
deletion: Deleted once the bias is corrected, at the latest after a year.
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 1,200 people: women are hired at half the rate of men, one in forty is unknown."""
    random = np.random.default_rng(4)
    lines = ["sex,race,hired,points,truth"]
    for i in range(1200):
        sex = "" if i % 40 == 0 else "FM"[i % 2]
        race = random.choice(["A", "B", "C"], p=[0.6, 0.39, 0.01])
        hired = int(random.random() < (0.3 if sex == "F" else 0.6))
        points = random.normal(50 if sex == "F" else 55, 10)
        lines.append(f"{sex},{race},{hired},{points:.2f},{points + random.normal():.2f}")
    file = tmp_path_factory.mktemp("people") / "people.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def audit(world: World, people: Path) -> Callable[..., Audited]:
    """Give a way to audit these people by a profile as an engineer."""
    emil = world.person("emil")

    def run(name: str, **asked: Any) -> Audited:
        given = {"by": ("sex",), "prediction": "hired"} | asked
        request = ProfileRequest(name, **given)
        return run_profile(emil.book, emil.signer, MODEL, request, files=[people])

    return run


@pytest.mark.parametrize("name", get_args(ProfileName))
def test_every_profile_says_from_where_it_was_read(name: str) -> None:
    """If this failed, a profile would claim a rule without naming it."""
    found = profile(name)
    assert found.name == name
    assert found.sources
    assert found.caveats


def test_an_audit_by_a_profile_is_entered_and_kept(
    audit: Callable[..., Audited], world: World
) -> None:
    """If this failed, an audit by a rule could be made and not be on the record."""
    audited = audit("four-fifths")
    assert audited.verdict == "fail"
    with world.person("rosa").book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, audited.audit_id)
    assert row is not None
    assert (row.profile, row.outcome, row.verdict) == ("four-fifths", "binary", "fail")
    document = read_result(world.person("rosa").book, row)
    assert document == orjson.loads(orjson.dumps(audited.as_json()))
    (ratio,) = [d["value"] for d in orjson.loads(row.disparities)]
    assert float(ratio) == pytest.approx(document["disparities"]["impact_ratio"])
    kept = world.person("rosa").book.home.evidence.read(document["profile"]["digest"], "json")
    assert orjson.loads(kept)["sources"] == document["profile"]["sources"]
    assert not verify(world.person("ann").book).problems


def test_ll144_counts_the_unknown_and_is_a_pre_audit(audit: Callable[..., Audited]) -> None:
    """If this failed, an internal calculation could pass for an independent audit."""
    document = audit("nyc-ll144", by=("sex", "race")).document
    assert document["title"].startswith("Internal pre-audit: ")
    assert document["attributes"] == {"sex": "sex", "race_ethnicity": "race"}
    assert [table["unknown"] for table in document["disparities_by"]] == [30, 0, 30]
    assert document["unknown"] == 30
    assert document["missing"] == ["source and explanation of the data"]
    assert "no limit" in " ".join(document["profile"]["caveats"])


def test_ll144_counts_scores_above_the_median_of_everyone(
    audit: Callable[..., Audited], people: Path
) -> None:
    """If this failed, the scoring rate would be that of another rule than 5-301(c)."""
    document = audit("nyc-ll144", by=("sex", "race"), prediction=None, score="points").document
    rows = [line.split(",") for line in people.read_text().splitlines()[1:]]
    median = float(np.median([float(row[3]) for row in rows]))
    assert document["median"] == median
    for group in document["groups"][:2]:
        own = [float(row[3]) > median for row in rows if row[0] == group["group"]]
        assert (group["selected"], group["n"]) == (sum(own), len(own))


def statement_by(world: World, actor: str, people: Path, said: str = "I examined it.") -> bytes:
    """Let somebody sign a statement on these people."""
    person = world.person(actor)
    digest = decisions_of(person.book, MODEL, [people]).digest
    return sign_statement(person.signer, ORIGIN, MODEL, digest, said).encode()


def test_an_auditors_signed_statement_changes_the_title(
    audit: Callable[..., Audited], world: World, people: Path
) -> None:
    """If this failed, an independent auditor's word would count no more than anybody's."""
    content = statement_by(world, "ann", people)
    document = audit("nyc-ll144", by=("sex", "race"), statement=content).document
    assert document["title"].endswith("with the signed statement of auditor ann")
    assert document["statement"] == {
        "digest": sha256(content).hexdigest(),
        "verified": True,
        "auditor": "ann",
        "claimed": None,
        "note": content.decode(),
    }
    evidence = world.person("rosa").book.home.evidence
    assert evidence.read(document["statement"]["digest"], "txt") == content


def test_a_file_that_is_no_statement_is_attached_but_not_verified(
    audit: Callable[..., Audited],
) -> None:
    """If this failed, a letter that nobody can check would pass for a signature."""
    document = audit(
        "nyc-ll144", by=("sex", "race"), statement=b"%PDF-1.7 a scan", auditor="Firm of Auditors"
    ).document
    assert document["title"].startswith("Internal pre-audit; an auditor's statement is attached")
    assert document["statement"]["verified"] is False
    assert document["statement"]["claimed"] == "Firm of Auditors"


@pytest.mark.parametrize(
    ("actor", "damage", "complaint"),
    [
        ("emil", None, "does not hold the role of auditor"),
        ("rosa", None, "does not hold the role of auditor"),
        ("ann", (b"I examined it.", b"I found no bias."), "No signature"),
        ("ann", (f"model {MODEL}".encode(), b"model fraud-screen"), "No signature"),
    ],
)
def test_a_statement_that_does_not_hold_is_refused(
    actor: str,
    damage: tuple[bytes, bytes] | None,
    complaint: str,
    audit: Callable[..., Audited],
    world: World,
    people: Path,
) -> None:
    """If this failed, anybody could be the independent auditor, or put words in one's mouth."""
    content = statement_by(world, actor, people)
    if damage:
        assert damage[0] in content
        content = content.replace(*damage)
    with pytest.raises(Refused, match=complaint):
        audit("nyc-ll144", by=("sex", "race"), statement=content)


def test_a_statement_on_other_data_is_refused(
    audit: Callable[..., Audited], world: World, tmp_path: Path
) -> None:
    """If this failed, last year's statement could be used for this year's model."""
    other = tmp_path / "other.csv"
    other.write_text("sex,race,hired\nF,A,1\n")
    content = statement_by(world, "ann", other)
    with pytest.raises(Refused, match="other data"):
        audit("nyc-ll144", by=("sex", "race"), statement=content)


def test_special_category_data_needs_a_justification(audit: Callable[..., Audited]) -> None:
    """If this failed, ethnicity could be used for bias work and nobody would have said why."""
    asked = {"by": ("sex", "race"), "prediction": "hired"}
    with pytest.raises(InvalidInput, match="not said whether"):
        audit("eu-ai-act-10", **asked)
    with pytest.raises(InvalidInput, match="no justification"):
        audit("eu-ai-act-10", **asked, special=("race",))
    with pytest.raises(InvalidInput, match="does not group by health"):
        audit("eu-ai-act-10", **asked, special=("health",))
    reasons = parse_justification(JUSTIFICATION)
    document = audit("eu-ai-act-10", **asked, special=("race",), justification=reasons).document
    recorded = document["special_categories"]
    assert recorded["columns"] == ["race"]
    assert recorded["justification"]["no_transfer"] == "It is passed on to nobody."
    assert document["missing"] == ["measures to detect, prevent and mitigate bias"]
    assert audit("eu-ai-act-10", **asked, special=("none",)).document["special_categories"] == {
        "columns": [],
        "justification": None,
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"strictly_necessary: yes", "other_data_will_not_do"),
        (b"- a list", "the file"),
        (b"\xff", "not YAML"),
        (JUSTIFICATION + b"more: text\n", "more"),
        (JUSTIFICATION.replace(b"It is passed on to nobody.", b"'  '"), "no_transfer"),
    ],
)
def test_a_justification_that_lacks_an_answer_is_refused(content: bytes, complaint: str) -> None:
    """If this failed, an empty form would count as a justification."""
    with pytest.raises(InvalidInput, match=complaint):
        parse_justification(content)


def test_credit_compares_with_the_control_group_that_is_named(
    audit: Callable[..., Audited],
) -> None:
    """If this failed, lending would be judged against whoever happens to be best off."""
    document = audit("credit", references={"sex": "M"}, score="points").document
    women, men = document["groups"]
    assert document["disparities_by"][0]["reference"] == "M"
    assert women["impact_ratio"] == pytest.approx(
        women["selection_rate"] / men["selection_rate"], rel=1e-12
    )
    assert women["standardized_difference"] == pytest.approx(-0.5, abs=0.15)
    assert document["verdict"] == "fail"
    assert any(reason.startswith("Adverse impact ratio of F") for reason in document["reasons"])
    with pytest.raises(InvalidInput, match="control group by sex"):
        audit("credit")
    with pytest.raises(InvalidInput, match="no group 'X'"):
        audit("credit", references={"sex": "X"})


@pytest.mark.parametrize(
    ("name", "asked", "complaint"),
    [
        ("four-fifths", {"score": "points"}, "no use for: score"),
        ("credit", {"exclusion": "x"}, "no use for: exclusion"),
        ("four-fifths", {"prediction": None}, "what was decided"),
        ("four-fifths", {"by": ("sex", "sex")}, "different columns"),
        ("four-fifths", {"positive": "hurray"}, "never holds"),
        ("four-fifths", {"by": ("points",)}, "more than 500 groups"),
        ("nyc-ll144", {}, "needs two columns"),
        ("six-sigma", {}, "no profile"),
    ],
)
def test_what_a_profile_cannot_use_is_explained(
    name: str, asked: dict[str, Any], complaint: str, audit: Callable[..., Audited]
) -> None:
    """If this failed, an option would be ignored in silence, or end in a traceback."""
    with pytest.raises(InvalidInput, match=complaint):
        audit(name, **asked)


@pytest.mark.parametrize(("outcome", "label"), [("score", "hired"), ("rating", "truth")])
def test_scores_and_ratings_are_entered(
    outcome: str, label: str, world: World, people: Path
) -> None:
    """If this failed, an audit of scores could be made and not be on the record."""
    emil = world.person("emil")
    request = FairnessRequest(
        "points", ("sex",), label, outcome=outcome, reference="sex=M", where="sex <> ''"
    )
    audited = run_values(emil.book, emil.signer, MODEL, request, files=[people])
    with emil.book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, audited.audit_id)
    assert row is not None
    assert (row.outcome, row.label, row.n) == (outcome, label, 1170)
    assert orjson.loads(row.options) == [{"name": "reference", "value": "sex=M"}]
    assert read_result(emil.book, row) == orjson.loads(orjson.dumps(audited.as_json()))
    with pytest.raises(QuaestorError, match="no use for --cutoff"):
        run_values(
            emil.book,
            emil.signer,
            MODEL,
            FairnessRequest("points", ("sex",), outcome=outcome, cutoff="3"),
            files=[people],
        )


@pytest.mark.parametrize(("outcome", "label"), [("score", "hired"), ("rating", "truth")])
def test_scores_and_ratings_are_compared_within_strata(
    outcome: str, label: str, world: World, people: Path
) -> None:
    """If this failed, a difference that a control attribute explains would be a finding."""
    emil = world.person("emil")

    def run(**asked: Any) -> dict[str, Any]:
        request = FairnessRequest("points", ("sex",), label, outcome=outcome, **asked)
        return run_values(emil.book, emil.signer, MODEL, request, files=[people]).document

    found = run(control=("race",))
    assert found["control"] == ["race"]
    titles = ["sex", *(f"sex, where race={race}" for race in "ABC")]
    assert [table["title"] for table in found["disparities_by"]] == titles
    name = "auc" if outcome == "score" else "mean_error"
    for race in "ABC":
        alone = run(where=f"race = '{race}'")
        inside = [group for group in found["groups"] if group["stratum"] == f"race={race}"]
        for one, other in zip(inside, alone["groups"], strict=True):
            assert (one["group"], one["n"], one[name]) == (
                other["group"],
                other["n"],
                other[name],
            )
    assert found["disparities"] == run()["disparities"]
    assert any(
        reason.startswith("Judged within each stratum of race") for reason in found["reasons"]
    )
    assert all(
        "where race=" in reason for reason in found["reasons"] if " minus that of " in reason
    )
    with pytest.raises(InvalidInput, match="more than 50 strata"):
        run(control=("points",))


@pytest.mark.parametrize("name", ["four-fifths", "nyc-ll144"])
def test_groups_that_are_all_small_or_unknown_are_still_shown(
    name: str, world: World, tmp_path: Path
) -> None:
    """If this failed, a table of sixty small groups would vanish from an audit."""
    file = tmp_path / "many.csv"
    rows = [f",group {i % 60},{i % 2}" for i in range(600)]
    file.write_text("\n".join(["sex,race,hired", *rows]))
    emil = world.person("emil")
    request = ProfileRequest(
        name,
        ("sex", "race"),
        "hired",
        exclusion="Too few." if name == "nyc-ll144" else None,
    )
    document = run_profile(emil.book, emil.signer, MODEL, request, files=[file]).document
    assert [group["by"] for group in document["groups"]] == ["race"] * 60
    assert document["verdict"] == "inconclusive"
    assert "By sex, no row is of a known category." in document["reasons"]
    assert document["unknown"] == 600
