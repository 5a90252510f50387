# The two commands of a newcomer are `make demo` and `make test`; both do the set-up they need.

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow tamper-lab crash-lab crowd bench check setup setup-tests lock clean

bin := .venv/bin
crowd := tests/faults/test_campaigns.py::test_a_large_crowd_loses_nothing

help: ## list these targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## set up, then tell the story of one model from decision log to signed report
	@$(bin)/quaestor demo

test: setup-tests check ## set up, check, then run the suite
	@$(bin)/pytest -n 3 --dist loadgroup --no-loadscope-reorder -m "not slow"

test-slow: setup-tests ## run what is too large for every day, at full size
	@$(bin)/pytest -m slow

tamper-lab: setup-tests ## attack a ledger in every way known (DAMAGE=10000: or change bytes, ~22 min)
	@$(bin)/python -m tests.lab $(if $(DAMAGE),--damage $(DAMAGE))

crash-lab: setup-tests ## fail every system call of an append and a kill; 500 kills; damage; full size
	@$(bin)/pytest -s -m "slow or not slow" tests/faults --deselect $(crowd)

crowd: setup-tests ## 8 processes x 250 entries at once, readers and a verification besides
	@$(bin)/pytest -s -m slow $(crowd)

bench: setup ## measure speed: record, imports, audits, metrics (BENCH=--quick: seconds each)
	@$(bin)/python -m benchmarks $(BENCH)

check: setup ## format, lint, types, and imports that run downhill
	@$(bin)/ruff format --quiet --check .
	@$(bin)/ruff check --quiet .
	@$(bin)/mypy
	@$(bin)/lint-imports

setup: ## make .venv and look for the system libraries
	@tools/setup.sh

setup-tests:
	@tools/setup.sh tests

lock: setup ## pin the newest dependencies pyproject.toml allows, with hashes
	@tools/lock.sh

clean: ## remove what demo, build and tests leave; .venv stays
	@rm -rf build demo *.egg-info snapshot_report.html .import_linter_cache
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
