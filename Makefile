# One command each, complete on its own. On a fresh Debian: apt-get install make python3-venv
#
#   make lab      a real call, seen and heard
#   make test     everything checked
#   make bench    what a call and a packet cost, beside rtpengine where that is installed
#   make schema   the schemas in config/, config/mediation.toml and docs/trunk-settings.md, printed anew
#   make sippy    another B2BUA for the tests, in an environment of its own
#   make clean    all that these have made, gone
#
# PYTHON=python3.12 chooses the interpreter; VENV=/elsewhere the environment; ARGS="…" adds to lab, bench and pytest.

VENV ?= .venv
BIN  := $(VENV)/bin
ARGS ?=
# Tests wait more than they compute: three at a time keep two cores busy.
JOBS ?= 3

USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c '$(USABLE)' >/dev/null 2>&1 && echo "$$python" && break; done)

# Some 500 processes of the tests import us. Each would compile all of it anew where the environment forbids Python to keep
# what it has compiled: that would be half of what their starts cost.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lab test bench schema sippy clean
.DELETE_ON_ERROR:

help:
	@sed -n '/^#   /s/^# //p' Makefile

lab: $(VENV)/lab.stamp
	$(BIN)/mediation lab $(ARGS)

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

bench: $(VENV)/test.stamp
	$(BIN)/python -m tests.bench $(ARGS)

sippy: $(VENV)-sippy/sippy.stamp

schema: $(VENV)/lab.stamp
	$(BIN)/python -m mediation.settings.schema > config/schema.json.new
	$(BIN)/python -m mediation.settings.example > config/mediation.toml.new
	$(BIN)/python -m mediation.planning.schema > config/plan.schema.json.new
	$(BIN)/python -m mediation.importing.document > docs/trunk-settings.md.new
	mv docs/trunk-settings.md.new docs/trunk-settings.md
	mv config/schema.json.new config/schema.json
	mv config/plan.schema.json.new config/plan.schema.json
	mv config/mediation.toml.new config/mediation.toml

clean:
	rm -rf lab-out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)*/*' -prune -exec rm -rf {} +
	rm -rf $(VENV) $(VENV)-sippy mediation/media/libcourse.so

# Installing again takes seconds where nothing changed, so the stamps follow what it is made of and nothing else.
MADE_OF := pyproject.toml hatch_build.py mediation/media/course.c

$(VENV)/lab.stamp: $(MADE_OF) $(VENV)/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab]'
	@touch $@

$(VENV)/test.stamp: $(MADE_OF) $(VENV)/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab,test]'
	@touch $@

# Its distribution brings a package `tests`, which would hide ours: it must not come near the other environment.
$(VENV)-sippy/sippy.stamp: $(VENV)/python.stamp
	$(BIN)/python -m venv $(VENV)-sippy
	$(VENV)-sippy/bin/python -m pip install --quiet --disable-pip-version-check 'sippy==2.5.0'
	@touch $@

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later with venv here;" \
		"on Debian: apt-get install python3-venv, or say PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
