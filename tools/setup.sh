#!/usr/bin/env bash
# Make .venv ready, and with it what pip cannot install. What is done is not done again, and
# after a failure (no network, say) the same command goes on where it stopped.
#
#   tools/setup.sh          what the program needs
#   tools/setup.sh tests    what its tests need besides: pdfsig, tmux, strace
#
# PYTHON names another interpreter than the first of python3, python3.13, 3.12, 3.11 that fits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
    say "$@"
    exit 1
}

# Run a command; show what it said only if it failed.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    ((status == 0)) || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

fits() {
    case $(version "$1") in
    3.11 | 3.12 | 3.13) return 0 ;;
    *) return 1 ;;
    esac
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python"
}

has_library() {
    local suffix=so.0
    [[ $(uname) != Darwin ]] || suffix=dylib
    "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1.$suffix" 2>/dev/null
}

has_font() { [[ -n $(fc-list "$1" file 2>/dev/null) ]]; }

has_program() { command -v "$1" >/dev/null; }

# How other systems install the same; the reader is told, not overtaken.
other_system() {
    if has_program dnf; then
        echo "sudo dnf install pango harfbuzz google-noto-sans-fonts poppler-utils tmux strace"
    elif has_program pacman; then
        echo "sudo pacman -S pango harfbuzz noto-fonts poppler tmux strace"
    elif has_program brew; then
        echo "brew install pango harfbuzz poppler tmux font-noto-sans"
    else
        echo "install Pango, HarfBuzz with its subset library, Noto Sans, poppler-utils, tmux and strace"
    fi
}

install_packages() {
    has_program apt-get || stop "missing: $*. Do this, then run the same again: $(other_system)"
    local root=() install=(apt-get install -y --no-install-recommends "$@")
    if ((EUID != 0)); then
        has_program sudo || stop "missing: $*. As root run: apt-get update && ${install[*]}"
        root=(sudo)
    fi
    say "missing: $*; installing with ${root[*]:+sudo }apt-get"
    quietly "${root[@]}" apt-get update || say "package lists not refreshed, going on with the old"
    quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
        stop "apt-get failed. When the cause is mended run the same again, or: ${install[*]}"
}

if [[ -z ${PYTHON:-} ]] && fits .venv/bin/python; then
    python=.venv/bin/python
else
    python=$(find_python)
fi

missing=()
has_library libpango-1.0 || missing+=(libpango-1.0-0)
has_library libpangoft2-1.0 || missing+=(libpangoft2-1.0-0)
has_library libharfbuzz-subset || missing+=(libharfbuzz-subset0)
has_font "Noto Sans" || missing+=(fonts-noto-core)
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$(version "$python")-venv")
if [[ ${1:-} == tests ]]; then
    has_program pdfsig || missing+=(poppler-utils)
    has_program tmux || missing+=(tmux)
    [[ $(uname) != Linux ]] || has_program strace || missing+=(strace)
fi
((${#missing[@]} == 0)) || install_packages "${missing[@]}"

if [[ $(version .venv/bin/python) != "$(version "$python")" ]]; then
    say "making .venv with Python $(version "$python")"
    quietly "$python" -m venv --clear .venv
fi

# Written last, so that an installation that broke off is taken up again.
stamp=.venv/installed
pins=$(cat requirements.lock pyproject.toml | cksum)
if [[ $(cat "$stamp" 2>/dev/null) != "$pins" ]]; then
    say "installing the pinned dependencies (a minute or two)"
    pip=(.venv/bin/python -m pip --disable-pip-version-check install --quiet)
    quietly "${pip[@]}" --require-hashes -r requirements.lock ||
        stop "pip failed. What it downloaded is kept: run the same again when the network is back"
    quietly "${pip[@]}" --no-deps --no-build-isolation -e .
    printf '%s\n' "$pins" >"$stamp"
fi
