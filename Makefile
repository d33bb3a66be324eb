# What a user runs. Each target makes .venv by itself; nothing but Python 3.11, make and a package index is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH := .venv-bench
DUCKDB_1 := .venv-duckdb1
DAYS ?= 0
# One process more than processors: tests also wait, for other processes and for the disk.
# The tests of one file share syncs and installations, so one process runs them in their order. Long files come first.
PROCESSES := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PARALLEL := --numprocesses $(PROCESSES) --maxprocesses 6 --dist loadfile --no-loadscope-reorder --durations 10
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-fast test-browser check format messages dictionary bench mutate chaos clean

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(INSTALLED) ## sync the sandbox's districts into the bundled PostgreSQL and say what was published (DAYS=1: a day later)
	@$(BIN)/roster-pipeline demo --days $(DAYS)

dev: $(INSTALLED) ## serve the Clever page, the Dagster UI, its daemon and the Clever sandbox until Ctrl-C (DAYS=1: a day later)
	@$(BIN)/roster-pipeline dev --days $(DAYS)

test: $(INSTALLED) $(DUCKDB_1)/.installed ## run every test, or those that PYTEST chooses (PYTEST="-k text_of_a_name")
	@$(BIN)/python -m pytest $(PARALLEL) $(PYTEST)

test-fast: $(INSTALLED) ## run the tests that need no PostgreSQL (under a minute)
	@$(BIN)/python -m pytest $(PARALLEL) roster_pipeline_tests/unit roster_pipeline_tests/sql $(PYTEST)

test-browser: $(INSTALLED) ## visit the Clever page in Chromium and keep pictures in .screenshots (Debian: apt-get install chromium)
	@$(BIN)/python -m pytest --durations 10 roster_pipeline_tests/browser $(PYTEST)

check: $(INSTALLED) ## lint, format, types, import contracts, SQL in Python, pinned dependencies
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m roster_pipeline_tests.support.sql_in_python
	@$(BIN)/python -m pip check --disable-pip-version-check
	@! $(BIN)/python -m pip freeze --exclude-editable | grep -vixFf constraints.txt

format: $(INSTALLED) ## put imports and layout right
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

messages: $(INSTALLED) ## collect the sentences of the package into messages/*.pot for translators
	@$(BIN)/python -m roster_pipeline_tests.support.message_catalogue

dictionary: $(INSTALLED) ## write docs/data-dictionary.md and docs/data-contract.odcs.yaml from roster_pipeline/model/dictionary.toml
	@$(BIN)/python -m roster_pipeline_tests.support.data_dictionary

bench: $(INSTALLED) $(BENCH)/.installed ## measure every figure beside what it is compared with (some minutes; BENCH_ARGS="--students 2000")
	@$(BIN)/python -m roster_pipeline_tests.benchmarks --dlt-python $(BENCH)/bin/python $(BENCH_ARGS)

mutate: $(INSTALLED) ## change one condition at a time in every SQL rule and count the changes that no case notices (MUTATE_ARGS="--only rosters", "--properties 20 --seed 7")
	@$(BIN)/python -m roster_pipeline_tests.mutation $(MUTATE_ARGS)

chaos: $(INSTALLED) ## kill syncs, feed them faults and hostile text, count what is lost (about an hour; CHAOS_ARGS="--seed 7 --kills 20")
	@$(BIN)/python -m roster_pipeline_tests.chaos $(CHAOS_ARGS)

clean: ## remove what was installed and every embedded file (.venv, .roster)
	@rm -rf $(VENV) $(BENCH) $(DUCKDB_1) .roster

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a minute or so) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# dlt is what the benchmark compares with, and nothing of the product: it lives apart, so that no pin of ours moves.
$(BENCH)/.installed:
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check 'dlt[duckdb,parquet]==1.31.0'
	@touch $@

# The oldest DuckDB that has to read the analysts' file; Python 3.13 has none before 1.1.3.
$(DUCKDB_1)/.installed:
	@$(PYTHON) -m venv $(DUCKDB_1)
	@$(DUCKDB_1)/bin/python -m pip install --quiet --disable-pip-version-check 'duckdb==1.0.0; python_version < "3.13"' 'duckdb==1.1.3; python_version >= "3.13"'
	@touch $@
