# A fresh machine needs Python 3.11 or later, pip and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: report test check bench

report: .venv/ready  ## profile bench/suites/quick.toml on this CPU: a table and a figure
	$(BIN)/lightbench report --suite bench/suites/quick.toml -o report/report.md
	@cat report/report.md

test: .venv/ready  ## the whole test suite
	$(BIN)/python -m pytest

check: .venv/ready  ## lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready  ## lightbench against its peers: counting speed and timing overhead
	$(BIN)/python -m pytest bench --benchmark-only

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@
