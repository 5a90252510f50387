"""The program's own files changed, so that it lets through what the record forbids."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import policies
from tests.lab.attack import Attack, Unmoved
from tests.lab.scene import Scene

ROOT = Path(policies.__file__).parents[1]
TRYING = """
import sys
from pathlib import Path
import policies
from ledger.errors import Refused
from policies.shipped import role_matrix
from tests.people import World
assert Path(policies.__file__).parents[1] == Path(sys.argv[2])
assert {"role": "auditor", "kinds": ["*"]} in role_matrix()["roles"]
try:
    World(Path(sys.argv[1])).person("ann").note("6.6")
except Refused:
    sys.exit(3)
"""


def change_the_role_matrix_file(scene: Scene) -> Unmoved:
    """Auditors may enter anything, for whoever starts the program with the edited file."""
    edited = scene.folder / "program"
    copytree(ROOT / "policies", edited / "policies", ignore=ignore_patterns("__pycache__"))
    file = edited / "policies" / "roles.yaml"
    text = file.read_text(encoding="utf-8")
    wider = text.replace("- role: auditor\n    kinds: []", '- role: auditor\n    kinds: ["*"]')
    assert wider != text
    file.write_text(wider, encoding="utf-8")
    tried = subprocess.run(
        [sys.executable, "-c", TRYING, str(scene.world.folder), str(edited)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(edited), str(ROOT)])},
        cwd=edited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 3, tried.stderr
    return Unmoved("refused")


ATTACKS: tuple[Attack, ...] = (change_the_role_matrix_file,)
