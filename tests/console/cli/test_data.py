"""`data` and `audit drift`: registers, profiles and comparisons as people and programs get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.place import SAMPLES, Place

SAMPLE = str(SAMPLES / "credit_decisions_sample.csv")
REGISTER = [
    "data",
    "register",
    "applications",
    SAMPLE,
    "--owner",
    "ada",
    "--source",
    "Core banking",
]
REGISTER += ["--licence", "internal", "--personal", "special-category", "--label", "repaid"]
WINDOWS = ["--reference", "2025-09..2025-12", "--current", "2026-01.."]


@pytest.fixture
def trained(bank: Place) -> Place:
    """Give the bank with a registered data set that the model was trained on."""
    for arguments in (
        [*REGISTER, "--note", "Labelled by Jo Meyer", "--json"],
        ["data", "trained", "credit-scorer", "2.1.0", "applications", "--json"],
    ):
        ran = bank.run(*arguments)
        assert ran.code == 0, ran.err
    return bank


def test_a_data_set_is_shown_with_its_models_and_a_model_with_its_data(trained: Place) -> None:
    """If this fails, nobody can say what a model was trained on, or what a data set went into."""
    shown = trained.run("data", "show", "applications", "--json").json
    assert (shown["owner"], shown["personal_data"]) == ("ada", "special-category")
    (version,) = shown["versions"]
    assert (version["rows"], version["note"]) == (500, "Labelled by Jo Meyer")
    (model,) = shown["models"]
    assert (model["model"], model["version"], model["use"]) == (
        "credit-scorer",
        "2.1.0",
        "training",
    )
    (data,) = trained.run("model", "show", "credit-scorer", "--json").json["data"]
    assert (data["dataset"], data["digest"]) == ("applications", shown["digest"])
    (listed,) = trained.run("data", "list", "--json").json
    assert (listed["id"], listed["models"]) == ("applications", ["credit-scorer 2.1.0"])
    text = trained.run("data", "show", "applications").out
    assert "credit-scorer 2.1.0: training on version 1" in text
    assert "2.1.0: training on applications" in trained.run("model", "show", "credit-scorer").out


def test_the_profile_that_was_kept_is_the_files(trained: Place) -> None:
    """If this fails, the record keeps another profile than people see."""
    kept = trained.run("data", "show", "applications", "--profile", "--json").json
    fresh = trained.run("data", "profile", SAMPLE, "--label", "repaid", "--json").json
    assert kept == fresh
    (adopted,) = (
        each["content"]
        for each in trained.run("policy", "list", "--json").json
        if each["policy"] == "thresholds"
    )
    assert kept["thresholds_adopted"] == adopted
    assert "500 rows, 14 columns" in trained.run("data", "show", "applications", "--profile").out


def test_new_versions_and_retirement(trained: Place, tmp_path: Path) -> None:
    """If this fails, a data set cannot change, or can be used on after it was retired."""
    data = tmp_path / "blob.bin"
    data.write_bytes(b"pictures")
    ran = trained.run("data", "version", "applications", "2", str(data), "--no-profile", "--json")
    assert (ran.code, ran.json["kind"]) == (0, "dataset.versioned")
    arguments = ["data", "trained", "credit-scorer", "2.1.0", "applications"]
    assert trained.run(*arguments, "--of", "1", "--use", "testing").code == 0
    assert trained.run(*arguments, "--of", "3").code == 3
    assert trained.run("data", "show", "applications", "--profile", "--json").code == 2
    retire = ["data", "retire", "applications", "--reason", "Old"]
    assert trained.run(*retire).code == 2
    assert trained.run(*retire, "--confirm", "applications").code == 0
    again = trained.run("data", "version", "applications", "3", SAMPLE, "--json")
    assert (again.code, again.error["code"]) == (3, "refused")


def test_a_profile_needs_no_ledger(tmp_path: Path) -> None:
    """If this fails, data can be looked at only after a ledger was founded."""
    place = Place(tmp_path / "nowhere")
    data = tmp_path / "odd.csv"
    data.write_text(
        "age,y\n" + "".join(f"{-999 if i % 50 == 0 else 30 + i % 9},{i % 2}\n" for i in range(200))
    )
    ran = place.run("data", "profile", str(data), "--label", "y", "--json")
    assert (ran.code, ran.json["thresholds_adopted"]) == (0, None)
    assert {(c["check"], c["column"]) for c in ran.json["concerns"]} >= {("sentinel", "age")}
    failed = place.run("data", "profile", str(data), "--fail-on", "medium")
    assert failed.code == 1
    assert "is -999 in 4 rows" in failed.out
    assert "Limits: the shipped proposal" in failed.out
    ran = place.run("data", "compare", str(data), str(data), "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "pass")
    assert place.run("data", "profile", str(data), "--label", "z").code == 2


def test_files_that_differ_fail_and_say_where(place: Place, tmp_path: Path) -> None:
    """If this fails, a pipeline trains on data that moved, or nobody sees what did."""
    sides = [tmp_path / "train.csv", tmp_path / "live.csv"]
    for path, share in zip(sides, (2, 10), strict=True):
        path.write_text(
            "channel,approved\n"
            + "".join(f"{'shop' if i % share == 0 else 'web'},{i % 3}\n" for i in range(900))
        )
    arguments = ["data", "compare", *map(str, sides), "--output", "approved"]
    ran = place.run(*arguments, "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "fail")
    features = {each["column"]: each for each in ran.json["features"]}
    assert (features["channel"]["verdict"], features["approved"]["role"]) == ("fail", "output")
    text = place.run(*arguments).out
    assert "Where the mass moved" in text
    assert "-40.0 %" in text
    assert "live.csv (900 rows) against train.csv (900 rows)" in text


def test_a_drift_audit_is_entered_listed_and_shown(bank: Place) -> None:
    """If this fails, drift is seen once and then forgotten."""
    arguments = ["audit", "drift", "--model", "credit-scorer", *WINDOWS, "--output", "approved"]
    ran = bank.run(*arguments, "--json")
    assert ran.code == (1 if ran.json["verdict"] == "fail" else 0)
    assert (ran.json["audit_id"], ran.json["measure"]) == ("aud-1", "drift")
    assert bank.run("audit", "show", "aud-1", "--json").json == ran.json
    (listed,) = bank.run("audit", "list", "--json").json
    assert (listed["measure"], listed["verdict"]) == ("drift", ran.json["verdict"])
    shown = bank.run("audit", "show", "aud-1").out
    assert "aud-1 of credit-scorer: decisions 2026-01.. (211 rows)" in shown
    compared = bank.run("data", "compare", "--model", "credit-scorer", *WINDOWS, "--json").json
    columns = ("column", "psi", "ks", "verdict")
    assert [[each[name] for name in columns] for each in compared["features"]] == [
        [each[name] for name in columns] for each in ran.json["features"]
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "compare"],
        ["data", "compare", SAMPLE],
        ["data", "compare", SAMPLE, SAMPLE, SAMPLE],
        ["data", "compare", "--model", "credit-scorer", "--current", "2026-01.."],
        [
            "audit",
            "drift",
            "--model",
            "credit-scorer",
            "--reference",
            "2025",
            "--current",
            "2026-01",
        ],
        ["audit", "drift", "--model", "credit-scorer", "--current", "2026-01"],
        ["data", "register", "x", SAMPLE, "--owner", "ada", "--source", "", "--licence", ""],
    ],
    ids=lambda arguments: " ".join(Path(each).name for each in arguments),
)
def test_wrong_usage_is_explained(bank: Place, arguments: list[str]) -> None:
    """If this fails, half a question gets an answer, or a traceback."""
    ran = bank.run(*arguments, "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert ran.error["hint"]
