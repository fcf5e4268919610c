# make setup   .venv from pinned dependencies, and a sandbox
# make demo    the whole laboratory on a mini testbed: no key, no GPU
# make test    what CI runs
PYTHON ?= python3
# A CPU build of torch from its own index: make setup TORCH_INDEX="--index-url https://download.pytorch.org/whl/cpu"
TORCH_INDEX ?=
# Three workers keep two cores busy, since some tests wait. A module of tests stays on one worker, so that what its tests share is made once; the longest modules begin first.
PARALLEL ?= -n 3 --dist loadscope --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check types lint clean

setup: $(VENV)/.ready

$(VENV)/.ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make setup PYTHON=python3.11")'
	@echo "setting up $(VENV): one to five minutes, most of it for torch"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet $(TORCH_INDEX) -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@command -v bwrap >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  { apt-get update -qq && apt-get install -y -qq bubblewrap >/dev/null; }; } || \
	  echo "bubblewrap is not installed; the sandlock fallback serves if this kernel has Landlock (aar doctor tells)"
	@touch $@

demo: setup
	$(BIN)/aar run

test: check
	$(BIN)/python -m pytest $(PARALLEL)

check: setup lint types

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
