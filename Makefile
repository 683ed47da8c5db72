# Two commands on a fresh machine: `make demo` and `make test`. Only Python 3.10-3.13, make and a package index are needed.
#   make demo ARGS="--duration 20 --headless"      make PYTHON=python3.12 test
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
VENV := .venv
KILTED := .venv-kilted
COLCON := .venv-colcon
STAMP := $(VENV)/.installed
KILTED_STAMP := $(KILTED)/.installed
# A sourced ROS and the wheels crash each other; another environment's guard variable keeps the wheels from finding their libraries.
CLEAN := env -u PYTHONPATH -u AMENT_PREFIX_PATH -u LD_LIBRARY_PATH -u _ROS_WHEELS_BOOTSTRAP_COMPLETE -u VIRTUAL_ENV -u PYTHONHOME
PIP := -m pip install --quiet --disable-pip-version-check
PYTEST_FLAGS ?= -q
SCRATCH ?= $(shell echo $${TMPDIR:-/tmp}/telesurgery_colcon.$$PPID)

.PHONY: help demo test test-kilted test-core lint coverage colcon ci doctor bench clean

help:
	@echo "make demo [ARGS=...]   the whole session, set up on first use"
	@echo "make test              the whole test suite (ROS 2 Jazzy wheels)"
	@echo "make test-kilted       the same with the Kilted wheels, without test/core, which knows no ROS"
	@echo "make lint coverage colcon ci doctor bench clean"

$(STAMP): setup.py
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 14) else "telesurgery_nodes needs Python 3.10-3.13, got " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "setting up $(VENV) (once; a few minutes)"
	@test -x $(VENV)/bin/pip || $(CLEAN) $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "cannot make a virtual environment. On Debian and Ubuntu the package python3-venv is split off: apt install python3-venv" >&2; exit 1; }
	$(CLEAN) $(VENV)/bin/python $(PIP) -e ".[jazzy,sim,video,ik,dev]"
	@touch $@

$(KILTED_STAMP): setup.py
	@test -x $(KILTED)/bin/pip || $(CLEAN) $(PYTHON) -m venv $(KILTED)
	$(CLEAN) $(KILTED)/bin/python $(PIP) -e ".[kilted,sim,video,ik,dev]"
	@touch $@

demo: $(STAMP)
	$(CLEAN) $(VENV)/bin/telesurgery demo $(ARGS)

doctor: $(STAMP)
	$(CLEAN) $(VENV)/bin/telesurgery doctor $(ARGS)

bench: $(STAMP)
	$(CLEAN) $(VENV)/bin/telesurgery bench $(or $(ARGS),road)

test: $(STAMP)
	$(CLEAN) $(VENV)/bin/python -m pytest $(PYTEST_FLAGS) $(ARGS)

test-core: $(STAMP)
	$(CLEAN) $(VENV)/bin/python -m pytest $(PYTEST_FLAGS) test/core $(ARGS)

# test/core sees no ROS (test_architecture.py): another distribution's wheels change nothing for it. The same holds for colcon.
test-kilted: $(KILTED_STAMP)
	$(CLEAN) $(KILTED)/bin/python -m pytest $(PYTEST_FLAGS) --ignore=test/core $(ARGS)

coverage: $(STAMP)
	$(CLEAN) $(VENV)/bin/python -m pytest $(PYTEST_FLAGS) test/core --cov=telesurgery_nodes/core --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=95
	$(CLEAN) $(VENV)/bin/python -m coverage report --include="telesurgery_nodes/core/safety/gate*.py,telesurgery_nodes/core/safety/motor*.py,telesurgery_nodes/core/safety/force.py" --fail-under=100

lint: $(STAMP)
	$(CLEAN) $(VENV)/bin/ruff check .
	$(CLEAN) $(VENV)/bin/mypy --strict -p telesurgery_nodes.core

# A workspace of its own, so that build/, install/ and log/ never land in the source tree. colcon writes the python that runs it
# into the nodes, so it runs in the environment that has ROS. The space before --ignore keeps colcon from taking it for an option of its own.
colcon: $(STAMP)
	$(CLEAN) $(VENV)/bin/python $(PIP) colcon-common-extensions
	rm -rf "$(SCRATCH)" && mkdir -p "$(SCRATCH)/src" && ln -s "$(CURDIR)" "$(SCRATCH)/src/telesurgery_nodes"
	cd "$(SCRATCH)" && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(CLEAN) "$(CURDIR)/$(VENV)/bin/python" -m colcon build --event-handlers console_direct+
	cd "$(SCRATCH)" && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(CLEAN) "$(CURDIR)/$(VENV)/bin/python" -m colcon test --python-testing pytest --pytest-args -m "not system" " --ignore=test/core" test
	cd "$(SCRATCH)" && $(CLEAN) "$(CURDIR)/$(VENV)/bin/python" -m colcon test-result --verbose --all > colcon-tests.txt; found=$$?; cat colcon-tests.txt; \
	  test $$found -eq 0 && ! grep -q " 0 tests," colcon-tests.txt
	rm -rf "$(SCRATCH)"

ci:
	./.ci/run

clean:
	rm -rf build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
