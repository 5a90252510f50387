"""Audits by a profile, of scores and ratings, and proxies, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.place import SAMPLES, Place

OF = ["--model", "credit-scorer", "--by", "sex"]


def test_a_profile_is_audited_listed_and_shown_again(bank: Place) -> None:
    """If this fails, an audit by a rule cannot be made, found or read from the command line."""
    ran = bank.run("audit", "profile", "four-fifths", *OF, "--prediction", "approved", "--chart")
    assert ran.err == ""
    assert "Four-fifths rule" in ran.out
    assert "29 CFR" not in ran.out.splitlines()[0]
    assert "held against male" in ran.out
    assert "Fisher" in next(line for line in ran.out.splitlines() if line.startswith("  female"))
    assert "only where  all decisions" in ran.out
    assert "Selection rate by sex" in ran.out
    found = bank.run("audit", "show", "aud-1", "--json").json
    assert found["profile"]["name"] == "four-fifths"
    (listed,) = bank.run("audit", "list", "--json").json
    assert (listed["profile"], listed["n"]) == ("four-fifths", 500)
    assert ran.code == (1 if found["verdict"] == "fail" else 0)


def test_a_profile_and_proxies_are_asked_of_a_span_and_a_version(bank: Place) -> None:
    """If this fails, a rule's audit is of all decisions where those of a version were meant."""
    rows = ["--since", "2026-01-01T00:00:00Z", "--version", "2.1.0", "--json"]
    asked = ["audit", "profile", "four-fifths", *OF, "--prediction", "approved"]
    found = bank.run(*asked, *rows).json
    whole = bank.run(*asked, "--json").json
    assert 0 < found["n"] < whole["n"]
    assert found["filter"].startswith("CAST(time AS TIMESTAMPTZ) >= ")
    assert found["filter"].endswith("model_version = '2.1.0'")
    assert bank.run("audit", "proxies", *OF, *rows).json["n"] == found["n"]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (["--outcome", "score", "--prediction", "score", "--label", "repaid"], "WASSERSTEIN"),
        (["--outcome", "rating", "--prediction", "score"], "SMD"),
    ],
)
def test_scores_and_ratings_are_shown_with_pictures(
    asked: list[str], seen: str, bank: Place
) -> None:
    """If this fails, an audit of scores ends in a traceback, or shows rates that it has not."""
    ran = bank.run("audit", "fairness", *OF, *asked, "--chart")
    assert ran.err == ""
    assert seen in ran.out
    assert "held against" in ran.out
    assert "with its 95 % interval" in ran.out
    again = bank.run("audit", "show", "aud-1")
    assert again.code == 0
    assert seen in again.out


def test_a_statement_signed_by_no_auditor_is_refused(bank: Place, tmp_path: Path) -> None:
    """If this fails, whoever has a key can vouch for their own model."""
    said, signed = tmp_path / "said.txt", tmp_path / "signed.txt"
    said.write_text("I looked.\n")
    ran = bank.run("audit", "statement", str(said), "--model", "credit-scorer")
    assert ran.out.startswith("quaestor/audit-statement/v1\nmodel credit-scorer\ndata ")
    again = bank.run("audit", "statement", str(said), "--model", "credit-scorer", "--json")
    assert again.json["note"] == ran.out
    signed.write_text(ran.out)
    refused = bank.run(
        "audit", "profile", "nyc-ll144", "--model", "credit-scorer", "--by", "sex,region",
        "--prediction", "approved", "--auditor-statement", str(signed),
    )  # fmt: skip
    assert refused.code == 3
    assert "role of auditor" in refused.err


def test_proxies_need_no_ledger(place: Place) -> None:
    """If this fails, nobody can look for proxies in a file before there is a model."""
    ran = place.run(
        "audit", "proxies", "--data", str(SAMPLES / "credit_decisions_sample.csv"), "--by", "sex"
    )
    assert ran.code == 0
    assert "CRAMER'S V" in ran.out
    assert "applicant_id" in ran.out
    assert place.run("audit", "proxies", "--by", "sex").code == 2


def test_proxies_of_imported_decisions_are_ranked(bank: Place) -> None:
    """If this fails, whoever imported decisions must export them again to look for proxies."""
    found = bank.run("audit", "proxies", *OF, "--json").json
    assert (found["by"], found["n"]) == ("sex", 500)
    assert found["proxies"][0]["column"] == "score"
    assert bank.run("audit", "list", "--json").json == []


def test_pictures_need_no_colour_and_no_unicode(bank: Place) -> None:
    """If this fails, a dumb terminal shows question marks where a picture should be."""
    bank.run("audit", "profile", "four-fifths", *OF, "--prediction", "approved")
    drawn = bank.run("audit", "show", "aud-1", "--chart").out
    assert "\x1b" not in drawn
    assert "░" in drawn
    plain = bank.run("audit", "show", "aud-1", "--chart", TERM="dumb").out
    assert "Selection rate by sex" in plain
    assert "░" not in plain.split("Selection rate by sex")[1]


def test_an_examination_under_the_ai_act_is_shown_with_its_justification(
    bank: Place, tmp_path: Path
) -> None:
    """If this fails, special-category data is used without a word, or the audit cannot be read."""
    asked = ["audit", "profile", "eu-ai-act-10", *OF, "--prediction", "approved"]
    unsaid = bank.run(*asked, "--label", "repaid")
    assert (unsaid.code, "--special-category" in unsaid.err) == (2, True)
    why = tmp_path / "why.yaml"
    questions = (
        "strictly_necessary", "other_data_will_not_do", "safeguards", "access", "no_transfer",
        "deletion",
    )  # fmt: skip
    why.write_text("".join(f"{name}: Because of {name}.\n" for name in questions))
    ran = bank.run(
        *asked, "--label", "repaid", "--special-category", "sex", "--justification", str(why),
        "--mitigation", "Version 2.1.1 was trained without proxies.", "--chart",
    )  # fmt: skip
    assert ran.err == ""
    assert "Article 10" in ran.out
    assert "trained without proxies" in ran.out
    found = bank.run("audit", "show", "aud-1", "--json").json
    assert found["special_categories"]["justification"]["access"] == "Because of access."
    assert found["groups"][0]["tpr"] is not None
    assert f"{found['groups'][0]['tpr']:.3f}" in ran.out


def test_a_name_cannot_steer_the_terminal(bank: Place, tmp_path: Path) -> None:
    """If this fails, a category in somebody's file could repaint an auditor's screen."""
    file = tmp_path / "people.csv"
    lines = [f"{'F' if i % 2 else chr(27) + '[2JM'},{i % 3 // 2},{i % 10}" for i in range(200)]
    file.write_text("\n".join(["sex,hired,points", *lines]))
    for asked in (
        ["profile", "four-fifths", "--prediction", "hired"],
        ["fairness", "--outcome", "score", "--prediction", "points", "--label", "hired"],
        ["fairness", "--outcome", "rating", "--prediction", "points"],
        ["fairness", "--prediction", "hired"],
    ):
        ran = bank.run("audit", *asked, *OF, "--data", str(file), "--chart")
        assert ran.err == ""
        assert "\x1b" not in ran.out
