# make setup   .venv from pinned dependencies, and a sandbox
# make demo    the whole laboratory on a mini testbed: no key, no GPU
# make test    what CI runs
# make test-all   the same with the tests that take minutes
PYTHON ?= python3
# A CPU build of torch from its own index: make setup TORCH_INDEX="--index-url https://download.pytorch.org/whl/cpu"
TORCH_INDEX ?=
# Three workers keep two cores busy, since some tests wait; four were no faster. A module of tests stays on one worker, so that what its tests share is made once; the longest modules begin first.
PARALLEL ?= -n 3 --dist loadscope --no-loadscope-reorder
BROWSERS := chromium chromium-browser chromium-headless-shell google-chrome google-chrome-stable
VENV := .venv
BIN := $(VENV)/bin

# What is compiled is kept, whatever the shell says: every worker would compile each test anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-all browser check types lint clean

setup: $(VENV)/.ready

$(VENV)/.ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make setup PYTHON=python3.11")'
	@echo "setting up $(VENV): one to five minutes, most of it for torch"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet $(TORCH_INDEX) -c constraints.txt torch
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@command -v bwrap >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get update -qq && apt-get install -y -qq bubblewrap >/dev/null; }; } || \
	  echo "bubblewrap is not installed; the sandlock fallback serves if this kernel has Landlock (aar doctor tells)"
	@touch $@

demo: setup
	$(BIN)/aar run

test: check browser
	$(BIN)/python -m pytest $(PARALLEL)

test-all: check browser
	$(BIN)/python -m pytest $(PARALLEL) --slow

# One test opens the report in a browser. As root with apt it is installed; without one that test is skipped.
browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "installing Chromium for the test of the report" && \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 && command -v chromium >/dev/null; } || \
	  echo "no Chromium: the test that opens the report in a browser is skipped (apt-get install chromium, or $(BIN)/playwright install --with-deps chromium)"

check: setup lint types

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
