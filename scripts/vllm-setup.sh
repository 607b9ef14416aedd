#!/usr/bin/env bash
# Makes .venv-vllm: vLLM for the processor, and the embedded model as a folder that vLLM loads (in
# .venv-vllm/model). Does nothing when what it was made from has not changed. Needs .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
PLACE=.venv-vllm
MODEL=$PLACE/model

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }
key_of() { { printf '%s\n' "$PWD"; cat -- "$@"; } | sha256 | cut -d ' ' -f 1; }
is_fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

require_platform() {  # the hashes are those of one platform's files
  "$PYTHON" -c 'import platform, sys
sys.exit((sys.platform, platform.machine(), sys.version_info[:2]) != ("linux", "x86_64", (3, 11)))' \
    || die "vLLM is pinned for Python 3.11 on Linux, x86-64; this is $("$PYTHON" -V 2>&1) on $(uname -sm)"
}

environment() {
  local key quiet=(--quiet)
  key=$(key_of requirements/vllm.txt)
  if is_fresh "$PLACE/.packages" "$key" && "$PLACE/bin/python" -c '' 2>/dev/null; then return; fi
  require_platform
  say "Installing vLLM into $PLACE (2.5 GB, a few minutes)"
  if [ -t 1 ]; then quiet=(); fi  # someone is watching: show what is being fetched
  rm -rf "$PLACE"
  "$PYTHON" -m venv "$PLACE"
  # --no-deps: torchvision, torchaudio and torchcodec are left out on purpose. vLLM asks for them, but
  # the builds that there are do not fit torch's for the processor, and break its import.
  "$PLACE/bin/python" -m pip --disable-pip-version-check --no-input install ${quiet[@]+"${quiet[@]}"} \
    --require-hashes --no-deps -r requirements/vllm.txt >&2 \
    || die "If torch's build for the processor was not found: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make vllm"
  printf '%s\n' "$key" >"$PLACE/.packages"
}

model() {
  local source key
  source=$(.venv/bin/python -c 'from antechamber.engines.local.model_files import embedded_model
print(embedded_model() or "")')
  [ -n "$source" ] || die "The embedded model is not installed: make setup"
  key=$(key_of scripts/vllm_model.py "$PLACE/.packages" "$source")
  if is_fresh "$PLACE/.model" "$key" && [ -f "$MODEL/config.json" ]; then return; fi
  say "Converting $(basename "$source") into $MODEL (half a minute)"
  HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$PLACE/bin/python" scripts/vllm_model.py "$source" "$MODEL"
  printf '%s\n' "$key" >"$PLACE/.model"
}

environment
model
say "vLLM is there: make test-full ARGS=tests/live, or docs/how-to/vllm.md"
