# A fresh machine needs Python 3.11 or later, pip and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: report test test-npu check bench

report: .venv/ready  ## measure bench/suites/quick.toml on this CPU: a report of one page
	$(BIN)/lightbench report --suite bench/suites/quick.toml -o report/report.md -o report/report.html
	@sed -n '/^## In short/,/^## Environment/{/^##/d;p}' report/report.md
	@echo "All of it: report/report.html, report/report.md; records: report/report.jsonl"

test: .venv/ready  ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not alone"
	$(BIN)/python -m pytest -m alone

test-npu:  ## torch_npu's own binary on a simulated CANN, in .venv-npu; also needs Linux and g++
	@PYTHON=$(PYTHON) tests/npu/run.sh

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
