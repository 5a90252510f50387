"""The README's commands, run as they are printed; what it links to and promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from console.cli.main import NOUNS, SHORTCUTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FAILS = {
    "quaestor audit fairness --model loan-agent": 1,
    "quaestor audit fairness --model credit-scorer --label repaid --prediction approved": 1,
    "quaestor audit fairness --model credit-scorer --label repaid --prediction score --cutoff": 1,
    "quaestor audit profile four-fifths": 1,
    "quaestor audit evaluate --model support-assistant --version 0.9.1": 1,
}


@dataclass(frozen=True)
class Ran:
    """A command of the README: as printed, how it ended, and what it wrote."""

    command: str
    code: int
    out: str
    errors: str


def commands() -> list[str]:
    """All commands of all shell blocks in order, continued lines joined."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ") for line in lines if line.strip()]


def run_all(folder: Path) -> list[Ran]:
    """Run the commands in one shell, as somebody who types them in the repository's folder."""
    typed = [command for command in commands() if not command.startswith("make ")]
    for name in ("sample_data", "verify_record.py"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    ran = folder / "ran"
    ran.mkdir()
    script = "\n".join(
        f"{{ {command}\n}} >{ran}/{i}.out 2>{ran}/{i}.err; echo $? >{ran}/{i}.code"
        for i, command in enumerate(typed)
    )
    environ = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
    subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**environ, "PATH": "/usr/bin:/bin", "HOME": str(folder / "user")},
        check=False,
        timeout=600,
    )
    return [
        Ran(
            command,
            int((ran / f"{i}.code").read_text()),
            (ran / f"{i}.out").read_text(),
            (ran / f"{i}.err").read_text(),
        )
        for i, command in enumerate(typed)
    ]


def test_every_command_works_as_printed(tmp_path: Path) -> None:
    """If this fails, somebody who follows the README is let down at the command shown."""
    ran = run_all(tmp_path)
    for one in ran:
        expected = next((code for start, code in FAILS.items() if one.command.startswith(start)), 0)
        assert one.code == expected, f"{one.command}\n{one.out}{one.errors}"

    def said(start: str, last: int = -1) -> str:
        return [one.out for one in ran if one.command.startswith(start)][last]

    planted = yaml.safe_load((ROOT / "sample_data" / "planted.yaml").read_text())
    by_both = planted["credit_decisions_sample.csv"]["audits"][2]
    assert f"{float(by_both['impact_ratio']):.3f}" in said("quaestor audit fairness")
    assert "fail" in said("quaestor audit fairness")
    assert "valid" in said("quaestor report verify")
    assert "switch.resumed" in said("quaestor --seat trial/seats/bo approval approve")
    assert "valid" in said("quaestor --seat trial/seats/theo report verify")
    assert "VERIFIED: " in said("python verify_record.py")
    verified = said("quaestor --seat trial/seats/theo ledger verify")
    assert re.search(r"Verified: \d+ of \d+ entries, vouched for by ada", verified)
    assert not (tmp_path / "user").exists()  # the trial stays in its folder


def test_make_has_what_the_readme_calls() -> None:
    """If this fails, one of the two commands that a newcomer types does not exist."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = [command.split()[1] for command in commands() if command.startswith("make ")]
    assert called == ["demo", "test"]
    assert set(called) <= set(targets)


def test_links_lead_somewhere() -> None:
    """If this fails, the README points to a page or picture that is not there."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(linked) > 8
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_commands_named_in_the_text_exist() -> None:
    """If this fails, the README's prose names a command that the program does not have."""
    named = {
        name for span in re.findall(r"`quaestor ([a-z]+)", README) for name in span.split()
    } | set(re.findall(r"^quaestor (?:--seat \S+ )?([a-z]+)", README, re.MULTILINE))
    assert named <= {*NOUNS, *SHORTCUTS}
    assert {"doctor", "init", "audit", "report"} <= named
