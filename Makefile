# Shortcuts for the commands in README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow check clean

$(BIN)/retail: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test]' --constraint constraints.txt
	touch $@

demo: $(BIN)/retail
	$(BIN)/retail demo

test: $(BIN)/retail
	$(BIN)/python -m pytest

# pytest exits with 5 if no test is marked slow.
test-slow: $(BIN)/retail
	$(BIN)/python -m pytest -m slow || [ $$? -eq 5 ]

check: $(BIN)/retail
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
