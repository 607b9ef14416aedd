# Everything that is done in this repository, by name. `make help` lists it.

PYTHON ?= python3
# Two test processes: the suite starts model servers of its own, and they want cores too.
WORKERS ?= 2
ARGS ?=

export PYTHON
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-sdks setup-node serve test test-full lint types fmt bench bench-setup vllm lock clean

help: ## What can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the server and its embedded model into .venv
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

setup-sdks:
	@scripts/setup.sh sdks

setup-node:
	@scripts/setup.sh node

serve: setup ## Run the server; options go in ARGS="--port 8787"
	@exec $(BIN)/antechamber serve $(ARGS)

test: setup-dev setup-sdks setup-node ## Run the quick tests (a few minutes); options go in ARGS="-k stream"
	@$(PYTEST) -m "not slow" $(ARGS)

test-full: setup-dev setup-sdks setup-node ## Run every test, the slow ones too
	@$(PYTEST) $(ARGS)

lint: setup-dev ## Check style, format and the walls between rooms
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-cache

types: setup-dev ## Check types
	@$(BIN)/basedpyright

fmt: setup-dev ## Format, and mend what can be mended by machine
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench-setup: setup-dev ## Install the gateways that the benchmark compares with
	@bench/setup.sh

bench: bench-setup ## Measure; never a test. Options go in ARGS="proxy --quick"
	@$(BIN)/python -m bench $(ARGS)

vllm: setup ## Install vLLM for the processor, which the slow tests then run before (2.5 GB)
	@scripts/vllm-setup.sh

lock: ## Compile the pinned requirement files again (needs uv); ARGS=--upgrade for newer versions
	@scripts/lock-requirements.sh $(ARGS)

clean: ## Remove the environments and every cache
	@rm -rf .venv .venv-sdk .venv-bench .venv-vllm tests/node/node_modules build dist
	@rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
