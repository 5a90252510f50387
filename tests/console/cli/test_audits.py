"""Audits: their document, the table beside it, and the exit code of a verdict."""

from __future__ import annotations

from tests.console.cli.place import Place

FAIRNESS = ["audit", "fairness", "--model", "credit-scorer", "--prediction", "approved"]


def test_a_failed_audit_is_entered_and_exits_with_1(bank: Place) -> None:
    """If this fails, a pipeline goes on after a failed audit, or its JSON is not as promised."""
    ran = bank.run(*FAIRNESS, "--label", "repaid", "--by", "sex,age_band", "--json")
    assert (ran.code, ran.err) == (1, "")
    found = ran.json
    assert (found["audit_id"], found["model"], found["verdict"]) == (
        "aud-1",
        "credit-scorer",
        "fail",
    )
    assert (found["filter"], found["n"]) == (None, 500)
    assert {group["by"] for group in found["groups"]} == {"sex", "age_band", "sex,age_band"}
    group = found["groups"][0]
    assert group["tp"] + group["fp"] + group["tn"] + group["fn"] == group["n"]
    low, high = group["selection_rate_ci"]
    assert 0 <= low <= group["selection_rate"] <= high <= 1
    assert set(found["disparities"]) >= {
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equalized_odds_ratio",
    }
    assert len(found["data_digest"]) == 64
    assert bank.run("audit", "show", "aud-1", "--json").json == found
    (listed,) = bank.run("audit", "list", "--json").json
    assert (listed["audit_id"], listed["verdict"], listed["n"]) == ("aud-1", "fail", 500)


def test_an_audit_that_did_not_fail_exits_with_0(bank: Place) -> None:
    """If this fails, an inconclusive audit stops a pipeline as if it had failed."""
    ran = bank.run(*FAIRNESS, "--by", "sex", "--where", "score >= 690", "--seed", "7", "--json")
    assert ran.json["verdict"] != "fail"
    assert ran.code == 0
    assert (ran.json["filter"], ran.json["seed"]) == ("score >= 690", 7)
    assert ran.json["groups"][0]["tpr"] is None


def test_the_table_shows_bars_and_intervals(bank: Place) -> None:
    """If this fails, a person sees no groups, or cannot read them without colour."""
    ran = bank.run(*FAIRNESS, "--by", "sex")
    found = bank.run("audit", "show", "aud-1", "--json").json
    line = next(line for line in ran.out.splitlines() if line.startswith("  female"))
    group = next(group for group in found["groups"] if group["group"] == "female")
    measured = group["measures"]["selection_rate"]
    low, high = measured["wilson"]
    assert f"{group['selection_rate']:.3f}" in line
    assert f"{low:.3f} to {high:.3f}" in line
    assert f"{measured['difference']:+.3f}" in line
    assert (group["test"], "Fisher" in line) == ("fisher", True)
    assert {"█", "▒", "┃", "·"} <= set(line)
    assert all(reason in ran.out for reason in found["reasons"])
    assert f"aud-1 of credit-scorer, {found['n']} rows" in ran.out


def test_what_was_asked_stands_beside_the_figures(bank: Place) -> None:
    """If this fails, the figures of a part of the decisions read as those of all."""
    where = "sex <> 'male' OR region = 'north'"
    ran = bank.run(*FAIRNESS, "--label", "repaid", "--by", "sex,region", "--where", where)
    for said in (where, "approved = 1", "repaid", "none", "rates by Wilson", "Fisher's exact test"):
        assert said in ran.out
    assert "0 of" in ran.out.split("unknown")[1]
    assert where in bank.run("audit", "show", "aud-1", "--measure", "fdr").out


def test_a_narrow_terminal_keeps_each_group_on_its_line(bank: Place) -> None:
    """If this fails, 80 columns break every bar of an audit in pieces."""
    bank.run(*FAIRNESS, "--by", "sex")
    with bank.terminal("audit", "show", "aud-1", COLUMNS="80", NO_COLOR="1") as terminal:
        terminal.end()
    line = next(line for line in terminal.shown.splitlines() if "female" in line and "┃" in line)
    assert " to " in line
    assert len(line.rstrip()) <= 80


def test_every_way_of_asking_has_its_option(bank: Place) -> None:
    """If this fails, part of what an audit can be asked cannot be asked from a shell."""
    ran = bank.run(
        *("audit", "fairness", "--model", "credit-scorer", "--prediction", "score"),
        *("--cutoff", "640", "--by", "sex", "--control", "region", "--reference", "sex=male"),
        *("--weight", "income", "--since", "2026-01-01T00:00:00Z", "--version", "2.1.0"),
        *("--where", "debt_ratio < 0.5", "--json"),
    )
    found = ran.json
    assert ran.code == 0, ran.err
    assert (found["cutoff"], found["reference"], found["weight"]) == ("640", "sex=male", "income")
    assert (found["control"], found["pooled"]) == (["region"], [])
    assert found["filter"].startswith("(debt_ratio < 0.5) AND CAST(time AS TIMESTAMPTZ) >= ")
    assert {table["reference"] for table in found["disparities_by"]} == {"male"}
    again = bank.run(
        *("audit", "fairness", "--model", "credit-scorer", "--prediction", "score"),
        *("--cutoff", "640", "--by", "sex", "--control", "region", "--reference", "sex=male"),
        *("--weight", "income", "--where", found["filter"], "--json"),
    )
    assert again.json["groups"] == found["groups"], "its filter does not say which rows it was of"


def test_classes_are_told_apart_in_text_and_json(bank: Place) -> None:
    """If this fails, figures of one class read as those of another."""
    asked = ["audit", "fairness", "--model", "credit-scorer", "--prediction", "channel"]
    ran = bank.run(*asked, "--outcome", "multiclass", "--by", "sex")
    found = bank.run("audit", "show", "aud-1", "--json").json
    for name in found["classes"]:
        assert f"by sex, for class {name}" in ran.out
    assert {group["class"] for group in found["groups"]} == {*found["classes"], "macro"}


def test_one_measure_can_be_read_in_full(bank: Place) -> None:
    """If this fails, a rate is shown without what it counts, its intervals and its tests."""
    bank.run(*FAIRNESS, "--label", "repaid", "--by", "sex")
    shown = bank.run("audit", "show", "aud-1", "--measure", "for").out
    found = bank.run("audit", "show", "aud-1", "--json").json
    for group in found["groups"]:
        measure = group["measures"]["for"]
        line = next(each for each in shown.splitlines() if each.startswith(f"  {group['group']}"))
        assert f"{measure['numerator']}/{measure['denominator']}" in line
        for name in ("value_ci", "wilson", "ratio_ci", "difference_ci"):
            low, high = measure[name]
            assert f"{low:.3f} to {high:.3f}" in line
    wrong = bank.run("audit", "show", "aud-1", "--measure", "joy")
    assert (wrong.code, "treatment_ratio" in wrong.err) == (2, True)


def test_the_list_says_what_was_asked_again_and_otherwise(bank: Place) -> None:
    """If this fails, the list invites to pick the audit that came out best."""
    for where in ((), ("--where", "region = 'north'"), ()):
        ran = bank.run(*FAIRNESS, "--by", "sex", *where)
    assert "One of 3 audits of credit-scorer, 1 of them with another filter" in ran.out
    listed = bank.run("audit", "list", "--json").json
    assert [(each["superseded_by"], each["other_filters"]) for each in listed] == [
        *(("aud-3", 1), (None, 2), (None, 1))
    ]
    assert "superseded by aud-3" in bank.run("audit", "show", "aud-1").out


def test_wrong_columns_are_explained(bank: Place) -> None:
    """If this fails, a mistyped column is a traceback."""
    ran = bank.run(*FAIRNESS, "--by", "gender", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert "gender" in ran.error["message"]
    assert "sex" in ran.error["hint"]
    assert bank.run("audit", "show", "aud-9", "--json").error["code"] == "refused"
