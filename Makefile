# Works on a fresh machine with Python 3.11+, make and git. See README.md.
#
#   TORCH_INDEX=https://...   another index for torch (a CUDA build, say)
#   TORCH_VERSION=2.13.0      another version of torch; `constraints.txt` pins the one that is tested
#   PYTHON=python3.12         another interpreter
#   WORKERS=0                 tests one at a time in one process, as a debugger needs them

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH_VERSION ?= $(shell sed -n 's/^torch==//p' constraints.txt)
INSTALLED := $(VENV)/.installed
WORKERS ?= 2
# Each process begins with a half of the tests, in their order, and takes from the other's when its own are done.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist worksteal

.PHONY: run test check bench browser wheel image clean
.DEFAULT_GOAL := run

.venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt scripts/install.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" TORCH_VERSION="$(TORCH_VERSION)" TORCH_INDEX="$(TORCH_INDEX)" sh scripts/install.sh
	@touch $@

run: .venv
	$(BIN)/dynascope serve --open $(ARGS)

browser: .venv
	@$(BIN)/python scripts/browser.py

test: .venv browser
	$(PYTEST) $(ARGS)

check: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(PYTEST) -q -m "not browser and not server and not slow" $(ARGS)

bench: .venv browser
	@$(BIN)/pip install --disable-pip-version-check --quiet --group bench -c constraints.txt
	$(BIN)/python -m benchmarks $(ARGS)

wheel: .venv
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

image:
	sh scripts/image.sh $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
