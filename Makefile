# Works on a fresh machine with Python 3.11+, make and git. See README.md.
#
#   TORCH_INDEX=https://...   another index for torch (a CUDA build, say)
#   TORCH_VERSION=2.13.0      another version of torch; `constraints.txt` pins the one that is tested
#   PYTHON=python3.12         another interpreter
# The environment remembers these three: a change installs anew, one that isn't given stays, `TORCH_INDEX=` is none again.
#   WORKERS=0                 tests one at a time in one process, as a debugger needs them

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# What was given when it was made, and MADE_WITH.
-include $(VENV)/.given
GIVEN := $(foreach name,PYTHON TORCH_VERSION TORCH_INDEX,$(if $(filter-out undefined,$(origin $(name))),$(name)))
PYTHON ?= python3
TORCH_VERSION ?= $(shell sed -n 's/^torch==//p' constraints.txt)
WANTED := $(strip PYTHON=$(PYTHON) TORCH_VERSION=$(TORCH_VERSION) TORCH_INDEX=$(TORCH_INDEX))
WORKERS ?= 2
# What npm writes last.
MODULES := node_modules/.package-lock.json
NODE = $(BIN)/node
# Each process begins with a half of the tests, in their order, and takes from the other's when its own are done.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist worksteal

.PHONY: run test lint check js node_modules bench browser wheel image clean
.DEFAULT_GOAL := run

.venv: $(INSTALLED)

ifneq ($(MADE_WITH),$(WANTED))
.PHONY: $(INSTALLED)
endif
$(INSTALLED): pyproject.toml constraints.txt scripts/install.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" TORCH_VERSION="$(TORCH_VERSION)" TORCH_INDEX="$(TORCH_INDEX)" sh scripts/install.sh
	@{ echo 'MADE_WITH := $(WANTED)'; $(foreach name,$(GIVEN),echo '$(name) ?= $($(name))';) } > $(VENV)/.given
	@touch $@

# Nothing but the checks needs them, and no wheel or image holds them.
$(MODULES): package.json package-lock.json | $(INSTALLED)
	@$(BIN)/npm ci --loglevel=error >/dev/null
	@touch $@

node_modules: $(MODULES)

run: .venv
	$(BIN)/dynascope serve --open $(ARGS)

browser: .venv
	@$(BIN)/python scripts/browser.py

# Scripts that need no page, by node's own runner.
js: .venv
	$(NODE) --test --test-reporter=dot "tests/js/**/*.test.js"

test: .venv browser js
	$(PYTEST) $(ARGS)

lint: .venv $(MODULES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NODE) node_modules/typescript/bin/tsc -p jsconfig.json
	$(BIN)/python -m app.words.i18n check
	$(BIN)/hadolint Dockerfile

check: lint js
	$(PYTEST) -q -m "not browser and not server and not slow" $(ARGS)

bench: .venv browser
	@$(BIN)/pip install --disable-pip-version-check --quiet --group bench -c constraints.txt
	$(BIN)/python -m benchmarks $(ARGS)

wheel: .venv
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

image:
	sh scripts/image.sh $(ARGS)

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
