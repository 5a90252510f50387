"""Every attack of the lab is detected and rightly located, or comes to nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from ledger.verification import verify
from tests.lab import attacks
from tests.lab.attack import Attack, Caught, Expected, Unmoved, name_of, perform
from tests.lab.attacks import ATTACKS
from tests.lab.attacks.entries import edit_a_body
from tests.lab.reading import read_all
from tests.lab.scene import Lab, Scene, make_scene


@pytest.mark.parametrize("attack", ATTACKS, ids=name_of)
def test_it_is_detected_and_located(attack: Attack, lab: Lab, tmp_path: Path) -> None:
    """If it fails, what the attack's docstring hopes for comes true, or is looked for elsewhere."""
    assert perform(attack, lab, tmp_path).wrong == ""


def test_a_scene_that_nobody_attacks_is_verified(lab: Lab, tmp_path: Path) -> None:
    """If it fails, verification cries wolf, and no attack proves anything."""
    scene = make_scene(lab, tmp_path)
    found = verify(scene.person("ann").book)
    assert (found.verdict, found.problems) == ("verified", ())
    assert read_all(scene.world.stranger()).differs(lab.reading) == []


def test_the_lab_can_tell_failure_from_success(lab: Lab, tmp_path: Path) -> None:
    """If it fails, the lab says `ok` whatever verification says."""

    def nothing(_scene: Scene) -> Expected:
        return Caught("signature", 1)

    def misplaced(scene: Scene) -> Expected:
        return Caught("signature", edit_a_body(scene).seq, "model/other")

    def harmful(scene: Scene) -> Expected:
        edit_a_body(scene)
        return Unmoved("hoped")

    def unread(scene: Scene) -> Expected:
        scene.person("ann").book.home.evidence.keep(b"more", "json")
        return Unmoved("hoped")

    def broken(_scene: Scene) -> Expected:
        raise ValueError("a defect")

    said = {
        attack.__name__: perform(attack, lab, tmp_path / attack.__name__).wrong
        for attack in (nothing, misplaced, harmful, unread, broken)
    }
    assert said["nothing"] == "the verdict is verified"
    assert said["misplaced"].startswith("found: signature at ")
    assert said["harmful"].startswith("the verdict is altered")
    assert said["unread"] == "not as before: files"
    assert said["broken"] == "ValueError('a defect')"


def test_every_attack_is_listed_once() -> None:
    """If it fails, an attack is written that nobody performs."""
    written = set()
    for module in pkgutil.iter_modules(attacks.__path__, f"{attacks.__name__}."):
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
        written |= {
            function
            for _, function in members
            if function.__module__ == module.name
            and inspect.signature(function).return_annotation in {"Caught", "Unmoved"}
            and not function.__name__.startswith("_")
        }
    assert written == set(ATTACKS)
    assert len(ATTACKS) == len(set(map(name_of, ATTACKS))) >= 30
    assert all(attack.__doc__ for attack in ATTACKS)
