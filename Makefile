.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= configs/all.yaml

.PHONY: help setup run test lint format docs bench clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.installed ## Make the virtual environment with the tested versions

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

run: setup ## Refresh the sample datasets on the embedded sandbox (CONFIG=… for another config)
	$(BIN)/python -m bulkimport $(CONFIG)

test: setup ## Run the tests, in parallel and in random order
	$(BIN)/python -m pytest

lint: setup ## Check types, lint rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Write the generated parts of README.md anew
	$(BIN)/python -m tests.support.reference

bench: setup ## Measure speed and memory, as ratios within one run
	$(BIN)/python -m pytest -m bench -n 0 -p no:randomly -s --timeout 1800 tests/bench

clean: ## Remove the virtual environment and caches; .bulkimport stays, it may hold backups
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
