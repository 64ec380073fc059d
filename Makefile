# Two commands on a bare machine: `make demo` and `make test`.
SHELL := /bin/bash
BIN := .venv/bin
# A window needs a display: a virtual one where there is none. Tests always have one of their own
# (pytest-xvfb), so that they neither disturb a person nor depend on a desktop. Qt's offscreen plugin
# has no OpenGL.
ifeq ($(shell uname),Linux)
  TEST_DISPLAY := env QT_QPA_PLATFORM=xcb
  VIRTUAL := xvfb-run -a -s "-screen 0 1280x800x24" $(TEST_DISPLAY)
  DEMO_DISPLAY := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,$(VIRTUAL))
endif
# Numpy, scipy and torch each start a pool of this size; larger ones only wait for each other.
THREADS ?= 2
# Tests run in this many processes side by side, a file at a time, with one thread each.
JOBS ?= 2
export OMP_NUM_THREADS ?= $(THREADS)
export OPENBLAS_NUM_THREADS ?= $(THREADS)
export MKL_NUM_THREADS ?= $(THREADS)
PYTEST_ARGS ?= -q

.PHONY: help setup check test test-long demo build format clean

help:
	@echo "make test       checks and tests, under 15 minutes on two cores"
	@echo "make demo       the whole chain on sample data, into demo_output/"
	@echo "make check      style, types and architecture only"
	@echo "make test-long  the tests that make test leaves out"
	@echo "make format     puts the source into its standard form"
	@echo "make build      wheel and source archive, into dist/"

setup:
	@bash scripts/setup.sh

check: setup
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/npe2 validate napari.yaml

test: THREADS = 1
test: check
	$(TEST_DISPLAY) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

test-long: setup
	$(TEST_DISPLAY) $(BIN)/python -m pytest $(PYTEST_ARGS) -m long

# With a display the window stays open at the end; without one it leaves screenshots and results.
demo: setup
	$(DEMO_DISPLAY) $(BIN)/python -m napari_simgraph.viewer.demo --out demo_output \
	  $(if $(DISPLAY)$(WAYLAND_DISPLAY),--stay)

build: setup
	$(BIN)/python -m build --outdir dist

format: setup
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

clean:
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache demo_output
