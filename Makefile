# Each target does all its own set-up: Python 3.11 or newer is enough for `make demo`; the tests want Node as well.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := tests/upstream/node_modules/.package-lock.json
RIVALS := bench/rivals/node_modules/.package-lock.json
# One more than there are cores: many tests wait for what other processes do.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
COMPILED := .venv-compiled
SOURCES := $(shell find replay -name '*.py')
RECIPES := $(patsubst %,examples/%/node_modules/.package-lock.json,agent-desktop desk node plain playwright)

.PHONY: demo test lint prove bench faults-demo misses clean chromium haproxy nginx wrk compiled

demo: $(VENV)/.record  ## record, distil and replay an Accept on this machine
	@$(BIN)/python examples/demo.py

test: $(VENV)/.dev $(NODE_MODULES) $(RECIPES) chromium haproxy lint  ## everything, with one sample of each thing
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/.dev  ## style, types, who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(VENV)/.prove $(NODE_MODULES) $(RECIPES) $(RIVALS) chromium haproxy nginx wrk compiled  ## what the issues ask to be shown, in full, as a table
	@$(BIN)/python tests/prove.py

bench: $(VENV)/.dev $(NODE_MODULES) $(RIVALS) wrk compiled  ## ours beside rivals, and lateness; FLAGS=--quick for 100 agents, once
	@$(BIN)/python -m bench $(FLAGS)
	@$(BIN)/python -m bench.lateness

faults-demo: $(VENV)/.dev $(NODE_MODULES)  ## each fault and preset before a real client: what it observed
	@$(BIN)/python -m tests.faults.demo $(FLAGS)

misses: $(VENV)/.dev  ## mistakes of clients, the step each means and the one that is named, as a table
	@$(BIN)/python -m tests.misses

chromium:  ## Debian's, for the tests in a browser, where it may be installed
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		echo "make: installing Debian's Chromium for the tests in tests/browser" >&2 && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	} || echo "make: there is no Chromium on PATH and it cannot be installed here: tests/browser will not run" >&2

haproxy nginx:  ## Debian's, for the tests of replicas, where they may be installed
	@PATH="$$PATH:/usr/sbin"; command -v $@ >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		echo "make: installing Debian's $@ for the tests in tests/replicas" >&2 && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $@ >/dev/null; \
	} || echo "make: there is no $@ and it cannot be installed here: tests/replicas will not run" >&2

wrk:  ## Debian's, which asks faster than a client in Python, where it may be installed
	@command -v wrk >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		echo "make: installing Debian's wrk for the benchmark" >&2 && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq wrk >/dev/null; \
	} || echo "make: there is no wrk on PATH and it cannot be installed here: our own client asks, and says so" >&2

compiled:  ## ours with its hot path compiled to C, in an environment of its own, where there is a C compiler
	@if command -v cc >/dev/null; then $(MAKE) --no-print-directory $(COMPILED)/.made; \
	else echo "make: there is no C compiler on PATH: ours is measured as it stands" >&2; fi

$(COMPILED)/.made: pyproject.toml hatch_build.py $(SOURCES)
	@echo "make: compiling, which takes a minute" >&2
	$(PYTHON) -m venv --clear $(COMPILED)
	REPLAY_COMPILE=1 $(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

clean:
	rm -rf $(VENV) $(COMPILED) .demo .prove tests/upstream/node_modules bench/rivals/node_modules examples/*/node_modules

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed, and none was found on PATH." >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.record: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[record]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.record

# Schemas of Kubernetes: 17,000 files.
$(VENV)/.prove: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,prove]'
	@touch $@

$(NODE_MODULES): tests/upstream/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is needed for the tests: they run real CometD clients." >&2; exit 3; }
	cd tests/upstream && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(RIVALS): bench/rivals/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is needed for the servers to compare with." >&2; exit 3; }
	cd bench/rivals && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(RECIPES): examples/%/node_modules/.package-lock.json: examples/%/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is needed for the recipes in examples/." >&2; exit 3; }
	cd examples/$* && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	@touch $@
