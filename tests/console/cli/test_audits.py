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
    low, high = group["selection_rate_ci"]
    assert f"{group['selection_rate']:.3f}" in line
    assert f"{low:.3f} to {high:.3f}" in line
    assert {"█", "▒", "┃", "·"} <= set(line)
    assert all(reason in ran.out for reason in found["reasons"])
    assert f"aud-1 of credit-scorer, {found['n']} rows" in ran.out


def test_a_narrow_terminal_keeps_each_group_on_its_line(bank: Place) -> None:
    """If this fails, 80 columns break every bar of an audit in pieces."""
    bank.run(*FAIRNESS, "--by", "sex")
    with bank.terminal("audit", "show", "aud-1", COLUMNS="80", NO_COLOR="1") as terminal:
        terminal.end()
    line = next(line for line in terminal.shown.splitlines() if "female" in line and "┃" in line)
    assert " to " in line
    assert len(line.rstrip()) <= 80


def test_wrong_columns_are_explained(bank: Place) -> None:
    """If this fails, a mistyped column is a traceback."""
    ran = bank.run(*FAIRNESS, "--by", "gender", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert "gender" in ran.error["message"]
    assert "sex" in ran.error["hint"]
    assert bank.run("audit", "show", "aud-9", "--json").error["code"] == "refused"
