"""The sample cards and the column map."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import sample_data

FOLDER = Path(sample_data.__file__).parent
CARDS = sorted((FOLDER / "cards").glob("*.yaml"))
PROSE = {
    "purpose",
    "intended_use",
    "out_of_scope_use",
    "end_users",
    "decisions_alone",
    "decisions_with_person",
    "harm_if_wrong",
    "tolerated_error",
    "outcome_target",
    "training_data",
    "architecture",
    "metrics",
    "limitations",
    "fairness_considerations",
    "failure_noticed",
    "fallback",
    "escalation_path",
    "challenge_path",
}
FACTS = {"id", "name", "owner", "version", "outcome_owner", "materiality", "testing_level"}


def load(path: Path) -> dict[str, Any]:
    """Read one YAML document."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def test_there_are_four_models() -> None:
    """The inventory of the demo would lack one of its models."""
    assert [p.stem for p in CARDS] == [
        "credit-scorer",
        "fraud-screen",
        "loan-agent",
        "support-assistant",
    ]


@pytest.mark.parametrize("path", CARDS, ids=lambda p: p.stem)
def test_a_card_fills_every_field(path: Path) -> None:
    """A report on a sample model would show an empty section, or the register refuse the card."""
    card = load(path)
    assert set(card) == PROSE | FACTS | {"legal_class"}
    assert card["id"] == path.stem
    legal = card["legal_class"]
    assert set(legal) == {"category", "point", "role", "reason"}
    assert legal["category"] in {
        "high-risk",
        "limited",
        "minimal",
        "prohibited",
        "not-classified",
    }
    assert legal["role"] in {"provider", "deployer"}
    assert {card["materiality"], card["testing_level"]} <= {"low", "medium", "high"}
    texts = [*(v for k, v in card.items() if k != "legal_class"), *legal.values()]
    assert all(isinstance(text, str) and text == text.strip() and text for text in texts)
    for field in PROSE:
        assert len(card[field].split()) >= 12, field
        assert card[field].endswith("."), field


def test_the_card_describes_the_version_that_is_biased() -> None:
    """The incident of the demo would concern another version than the registered one."""
    versions = load(FOLDER / "planted.yaml")["credit_decisions.csv"]["rows_by_filter"]
    assert f"model_version = '{load(CARDS[0])['version']}'" in versions


def test_the_column_map_reads_columns_that_exist() -> None:
    """An import with the sample map would lose a column or find none."""
    mapping = load(FOLDER / "credit_decisions.map.yaml")
    with (FOLDER / "credit_decisions_sample.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    sources = [column["source"] for column in mapping["columns"].values()]
    assert len(sources) == len(set(sources))
    assert set(header) - set(sources) == {"applicant_id", "note"}
    assert set(sources) <= set(header)
    for target, column in mapping["columns"].items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", target)
        assert set(column) == {"source", "type", "required"}
        assert column["type"] in {"string", "integer", "number", "boolean", "timestamp"}
