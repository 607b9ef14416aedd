#!/usr/bin/env bash
# Installs what `make bench` compares with into .venv-bench: LiteLLM's proxy, Portkey's gateway, nginx.
# What cannot be installed here is left out of the comparison.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
PLACE=.venv-bench

say() { printf '%s\n' "$*" >&2; }
has() { type -P "$1" >/dev/null; }  # a program; functions below have names of programs

litellm() {
  if cmp -s bench/litellm.txt "$PLACE/litellm/.made-from"; then return; fi
  say "Installing LiteLLM into $PLACE/litellm"
  rm -rf "$PLACE/litellm"
  "$PYTHON" -m venv "$PLACE/litellm"
  "$PLACE/litellm/bin/python" -m pip --disable-pip-version-check --no-input install --quiet -r bench/litellm.txt
  cp bench/litellm.txt "$PLACE/litellm/.made-from"
}

portkey() {
  if ! has node || ! has npm; then say "No Node.js here: Portkey's gateway is left out"; return; fi
  if cmp -s bench/portkey/package-lock.json "$PLACE/portkey/.made-from"; then return; fi
  say "Installing Portkey's gateway into $PLACE/portkey"
  rm -rf "$PLACE/portkey"
  mkdir -p "$PLACE/portkey"
  cp bench/portkey/package.json bench/portkey/package-lock.json "$PLACE/portkey/"
  npm --prefix "$PLACE/portkey" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp bench/portkey/package-lock.json "$PLACE/portkey/.made-from"
}

nginx() {  # unpacked, not installed: a system's package would start a service
  if has nginx || [ -x "$PLACE/nginx/usr/sbin/nginx" ]; then return; fi
  if ! has apt-get || ! has dpkg; then say "No nginx here: the limit is left out"; return; fi
  say "Unpacking nginx into $PLACE/nginx"
  mkdir -p "$PLACE/nginx"
  (cd "$PLACE/nginx" && apt-get download -qq nginx && dpkg -x nginx_*.deb . && rm nginx_*.deb) \
    || say "nginx cannot be fetched: the limit is left out"
}

load_generator() {
  if has wrk && has taskset; then return; fi
  say "wrk and taskset are needed as well. On Debian and Ubuntu: sudo apt-get install wrk util-linux"
  exit 1
}

mkdir -p "$PLACE"
litellm
portkey
nginx
load_generator
