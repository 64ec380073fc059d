#!/bin/bash
# Makes a machine ready for `make test` and `make demo`: system libraries (Debian, Ubuntu) and .venv.
# Done again it costs a second; it does work only where something is missing or pyproject.toml changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
has_library() { [[ "$KNOWN_LIBRARIES" == *"$1"* ]]; }
has_file() { compgen -G "$1" >/dev/null; }
is_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Package, and the library it brings: Qt's X11 plugin needs all of them, napari's canvas OpenGL.
LIBRARIES="
libgl1=libGL.so.1 libegl1=libEGL.so.1 libglib2.0-0=libglib-2.0.so.0 libdbus-1-3=libdbus-1.so.3
libfontconfig1=libfontconfig.so.1 libxkbcommon-x11-0=libxkbcommon-x11.so.0 libsm6=libSM.so.6
libxcb-cursor0=libxcb-cursor.so.0 libxcb-icccm4=libxcb-icccm.so.4
libxcb-image0=libxcb-image.so.0 libxcb-keysyms1=libxcb-keysyms.so.1
libxcb-render-util0=libxcb-render-util.so.0 libxcb-shape0=libxcb-shape.so.0
libxcb-xinerama0=libxcb-xinerama.so.0"

missing_packages() {
  local pair KNOWN_LIBRARIES
  KNOWN_LIBRARIES=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null)
  for pair in $LIBRARIES; do
    has_library "${pair#*=}" || echo "${pair%=*}"
  done
  command -v xvfb-run >/dev/null || echo xvfb
  command -v xauth >/dev/null || echo xauth
  # Software OpenGL: a plain machine and CI have no graphics card.
  has_file '/usr/lib/*/dri/swrast_dri.so' || has_file '/usr/lib/*/libgallium*' || echo libgl1-mesa-dri
  # Without any font, screenshots show boxes.
  has_file '/usr/share/fonts/*/*' || echo fonts-dejavu-core
}

install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "Some system packages are missing; install them if windows fail to open: $*"
    return 0
  fi
  say "Installs system packages: $*"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } </dev/null >&2 \
    || say "apt could not install all of: $*"
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if is_python "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

prepare_system() {
  [ "$(uname)" = Linux ] || return 0
  local packages python
  packages=$(missing_packages)
  python=$(find_python)
  if [ -z "$python" ]; then
    packages="$packages python3 python3-venv"
  elif [ ! -d .venv ] && ! has_venv "$python"; then
    packages="$packages $("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
  fi
  # shellcheck disable=SC2086  # one word per package
  [ -z "${packages// /}" ] || install_packages $packages
}

tell_space() {
  local free
  free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge 10 ] || say "Only $free GB of disk are free here: .venv takes 7 GB, installing it 3 GB more."
}

prepare_venv() {
  local python stamp
  if [ -d .venv ] && ! is_python .venv/bin/python; then
    rm -rf .venv # broken off half-way, or of an older Python
  fi
  if [ ! -d .venv ]; then
    python=$(find_python)
    if [ -z "$python" ]; then
      say "napari-simgraph needs Python 3.11 or later; name one with PYTHON=/path/to/python3 make …"
      exit 1
    fi
    "$python" -m venv .venv
  fi
  stamp=.venv/installed-$(cat pyproject.toml hatch_build.py | cksum | tr ' ' '-')
  if [ ! -e "$stamp" ] || [ ! -e src/napari_simgraph/napari.yaml ]; then
    say "Installs napari-simgraph and what it needs into .venv (some minutes the first time)."
    tell_space
    .venv/bin/python -m pip install -qq --no-compile --no-input --disable-pip-version-check -e '.[dev]'
    rm -f .venv/installed-*
    touch "$stamp"
  fi
}

prepare_system
prepare_venv
