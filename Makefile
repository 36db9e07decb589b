# Shortcuts for the commands in README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow check soak clean

$(BIN)/retail: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test]' --constraint constraints.txt
	touch $@

demo: $(BIN)/retail
	$(BIN)/retail demo

test: $(BIN)/retail
	$(BIN)/python -m pytest

test-slow: $(BIN)/retail
	$(BIN)/python -m pytest -m slow

check: $(BIN)/retail
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

# Random histories, cuts, kills, loaders and files (docs/reliability.md). SIZE=0.5 runs half, SEED=... the same again.
SIZE ?= 1
SEED := $(or $(SEED),$(shell date +%s))
SOAK := tests/tasks/warehouse/test_history_*.py tests/tasks/warehouse/test_interrupted_*.py \
    tests/tasks/warehouse/test_kill_*.py tests/tasks/warehouse/test_concurrent_*.py \
    tests/tasks/ingest/test_csv_any_table.py tests/tasks/ingest/test_csv_large.py

soak: $(BIN)/retail
	TEST_SOAK=$(SIZE) TEST_SEED=$(SEED) $(BIN)/python -m pytest -m '' --dist=load --hypothesis-seed=$(SEED) $(SOAK)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
