# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Processes of the test run; files stay whole, because servers are shared within one.
JOBS ?= 2
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The demonstration installs less than the tests; where the tests' environment is there already, it serves.
DEMO_STAMP := $(VENV)/.demo
READY := $(if $(wildcard $(STAMP)),$(STAMP),$(DEMO_STAMP))

.PHONY: help venv demo system npm check compiled test bench lock specs migration clean

help: ## Show what can be made.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(STAMP) ## Make .venv from the hashed lock.

$(STAMP): requirements/dev.txt
$(DEMO_STAMP): requirements/demo.txt
$(STAMP) $(DEMO_STAMP): pyproject.toml
	@bash tools/python_venv.sh "$(PYTHON)" "$(VENV)"
	@$(PIP) --no-deps --require-hashes -r $(filter requirements/%,$^)
	@$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## Run the provider, two sample department systems, two simulators (ARGS=--once for one scripted sign-in).
	@case "$(ARGS)" in *--once*) bash tools/install_system.sh chromium;; esac
	@$(BIN)/idp demo $(ARGS)

system: ## Install the real servers that tests use (Debian packages; needs root).
	@bash tools/install_system.sh postgresql redis-server slapd ldap-utils chromium nginx nodejs npm fonts-noto-core
	@bash tools/install_system.sh chromium-headless-shell || echo "journeys run in chromium itself, at twice the time" >&2

npm: system ## Install the npm packages of the interop tests and of the benchmark's peer.
	@bash tools/install_npm.sh

check: $(STAMP) ## Lint, format, types, layers.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# In a fresh clone each process of the test run would give every test its assertions: one does, while the types are checked. What it cannot
# collect, the run says.
compiled: $(STAMP) ## Compile the tests, once for all processes of a run.
	@$(BIN)/python -m pytest -q --collect-only >/dev/null || true

test: venv system npm ## Install what is missing, then check and test everything.
	@$(MAKE) --no-print-directory -j2 check compiled
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

bench: $(STAMP) npm ## Measure beside the peer (ARGS="--stack sqlite --quick").
	@$(BIN)/python -m bench $(ARGS)

lock: ## Write the lock anew from pyproject.toml (hashes, no index addresses).
	@bash tools/lock.sh "$(BIN)"

specs: $(STAMP) ## Write the pages made from code: docs/specs.md, docs/settings.md.
	@$(BIN)/python tools/specs.py docs/specs.md
	@$(BIN)/python tools/settings_page.py docs/settings.md

migration: $(STAMP) ## Write a migration from the tables (NAME=0002 MESSAGE="...").
	@$(BIN)/python tools/migration.py "$(NAME)" "$(MESSAGE)"

clean: ## Remove what can be made again.
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var build ./*.egg-info
