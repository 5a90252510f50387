#!/usr/bin/env bash
# Write requirements.lock: every dependency of pyproject.toml with its hashes, for Python 3.11 to
# 3.13 on every system, and without the address of any index. uv does it, from a throw-away folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python -m venv "$scratch"
"$scratch/bin/python" -m pip --disable-pip-version-check install --quiet uv
"$scratch/bin/uv" --quiet pip compile --universal --python-version 3.11 --generate-hashes \
    --extra dev --no-header --no-annotate --upgrade pyproject.toml -o requirements.lock
