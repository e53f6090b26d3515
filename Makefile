.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

setup: $(READY)  ## make .venv with the pinned packages

demo: setup  ## play the whole story through real servers, then show what held
	$(BIN)/python -m tests.demo

up: setup  ## start NATS, the services and the gateway here, until Ctrl-C
	$(BIN)/guestlist up

test: setup  ## run the tests (at most 5 minutes)
	$(BIN)/pytest -n 3 --dist loadfile -m 'not extra and not client'

extra: setup  ## the tests of the checks, the pages and old code, and what takes longer
	$(BIN)/pytest -n 3 -m extra

clients: setup  ## real apps, unmodified (needs node and npm)
	$(BIN)/pytest -m client

bench: setup  ## measure what it costs, each figure beside its floor
	$(BIN)/python -m tests.bench

faults: setup  ## let everything die at every step, and by chance (at most 45 minutes)
	GUESTLIST_FAULTS=$(or $(SIZE),long) $(BIN)/pytest -s tests/faults tests/history/test_verify.py

soak: setup  ## the same by chance for hours, then two at a steady rate; goes on where it ended
	$(BIN)/python -m tests.faults.soak

mutants: setup  ## change the domain in small ways, one at a time: a test has to notice
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[mutants]'
	$(BIN)/mutmut run
	$(BIN)/mutmut results

quick: check  ## what to run before a commit (at most 60 s)
	$(BIN)/pytest -n 2 -m 'not flow and not slow and not extra and not client'

check: setup  ## ruff, mypy strict, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: help setup demo up test extra clients bench faults soak mutants quick check
