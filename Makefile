# A fresh machine needs Python 3.11 or later, pip and make; everything else is installed into .venv.
#   make test PYTHON=python3.13       another interpreter than python3
#   make test TORCH_INDEX=ADDRESS     where pip also looks for PyTorch: an index, or a folder of wheels
# Either makes .venv anew if that was made otherwise; named once, it stays.
BIN := .venv/bin
# With it each of a thousand processes compiles PyTorch anew: 3 s of 6.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test quick test-npu test-lowest test-newest mutants check bench .venv/ready

report: .venv/ready  ## measure bench/suites/quick.toml on this CPU: a report of one page
	$(BIN)/lightbench report --suite bench/suites/quick.toml -o report/report.md -o report/report.html
	@sed -n '/^## In short/,/^## Environment/{/^##/d;p}' report/report.md
	@echo "All of it: report/report.html, report/report.md; records: report/report.jsonl"

test: .venv/ready  ## the whole test suite; the tests of time run also where others fail
	trap 'exit 130' INT; failed=0; \
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not alone" || failed=1; \
	$(BIN)/python -m pytest -m alone || failed=1; \
	exit $$failed

quick: .venv/ready  ## a minute of it, while you write: what the lower half of the package is tested by, but what takes seconds
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not alone" $(addprefix tests/,costs engines \
		environment formats process records shape stats timing views test_files.py test_suite.py test_units.py)

test-npu:  ## torch_npu's own binary on a simulated CANN, in .venv-npu; also needs Linux and g++
	@tests/npu/run.sh

# TORCH=torch varies PyTorch too.
test-lowest test-newest: test-%:  ## what depends on packages, with the oldest ones allowed or with the newest
	@tests/versions.sh $* $(TORCH)

# ONLY=lightbench/timing: a folder or a file; SAMPLE=200 SEED=1: as many of its faults, drawn at random.
mutants: .venv/ready  ## small faults in what decides, one at a time: how many do the tests notice, and which not?
	nice $(BIN)/python tests/mutants.py $(ONLY) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

check: .venv/ready  ## lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready  ## lightbench against its peers: counting speed and timing overhead
	$(BIN)/python -m pytest bench --benchmark-only

.venv/ready:
	@ALONE="executorch torchao" tests/environment.sh .venv --constraint constraints.txt --editable ".[dev]"
