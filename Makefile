# Định Danh. `make demo` to try it, `make test` to check it, `make help` for the rest.

SHELL := /bin/bash
BIN := .venv/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo )

# Where the demo lives: PORT to PORT+4, its state in one folder that git ignores.
PORT ?= 8000
STATE ?= .state
RESET ?=
TLS ?=
# PCSC=1 reads cards on this machine's readers, not on the virtual one.
PCSC ?=

# The first Python that is new enough; `make PYTHON=python3.13` names another.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)

PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install
TEST_TOOLS := .venv/.test-requirements

.PHONY: install demo hsm test check format bench prove fuzz lock help clean
.DEFAULT_GOAL := install

# Without compiled files every program of a demo compiles the whole code anew.
unexport PYTHONDONTWRITEBYTECODE

install: $(BIN)/idp  ## create .venv with the idp command (the default)

demo: $(BIN)/idp  ## provider, portals, reader: PORT=8000 STATE=.state RESET=1 TLS=1 PCSC=1
	@$(BIN)/idp demo --port "$(PORT)" --state "$(STATE)" \
		$(if $(filter-out 0,$(RESET)),--reset) $(if $(filter-out 0,$(TLS)),--tls) \
		$(if $(filter-out 0,$(PCSC)),--pcsc)

hsm: $(BIN)/idp  ## add what a hardware security module needs, from the lock
	awk '/^[^ ]/ {on = /^python-pkcs11==/} on' requirements-test.lock \
		| $(PIP_INSTALL) --require-hashes --no-deps --requirement /dev/stdin

test: $(TEST_TOOLS)  ## every test, with coverage; ARGS="tests/unit -k otp" for a part
	@tests/install-services
ifdef ARGS
	$(BIN)/python -m pytest -n 2 $(ARGS)
else
	$$(command -v eatmydata) $(BIN)/python -m pytest -n 2 -m "not e2e" --cov --cov-report=term:skip-covered
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m e2e  # a demo measured takes twice as long
endif

check: $(TEST_TOOLS)  ## ruff, format, mypy --strict, the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

format: $(TEST_TOOLS)  ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TEST_TOOLS)  ## measure requests per second; ARGS="--help" for what
	@tests/install-services
	$(BIN)/python -m tests.performance $(ARGS)

prove: $(TEST_TOOLS)  ## the long proofs, with figures in docs/proofs.md; ARGS="--rows 20000"
	@tests/install-services
	$(BIN)/python -m tests.prove $(ARGS)

fuzz: $(TEST_TOOLS)  ## fuzz what reads cards, guided by coverage: SECONDS=60 ARGS="dg13 sod"
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

# The locks carry hashes and no addresses, so that any index or mirror serves.
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --no-header \
	--quiet --no-annotate --no-emit-index-url --no-emit-find-links --upgrade --extra build

lock: $(BIN)/pip  ## renew both lock files from pyproject.toml
	python=$$(mktemp -d) && trap 'rm -rf "$$python"' EXIT \
	&& $(BIN)/python -m venv "$$python" && "$$python/bin/pip" -q install uv \
	&& "$$python/bin/"$(LOCK) --output-file requirements.lock \
	&& "$$python/bin/"$(LOCK) --extra test --extra reader --extra pkcs11 --output-file requirements-test.lock

clean:  ## remove what make built; the demo's state stays
	rm -rf .venv .fuzz build tests/e2e/interop/node_modules ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage*

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) \
	| awk -F ':.*## +' '{ printf "  make %-8s %s\n", $$1, $$2 }'

$(BIN)/pip:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo 'Python 3.11 or newer with its venv module is missing. Run, then make again:'; \
	echo '  $(SUDO)apt-get install -y $(or $(PYTHON),$(if $(shell command -v python3),python3.11,python3)) $(or $(PYTHON),$(if $(shell command -v python3),python3.11,python3))-venv make'; \
	exit 1; }
	@echo 'Creating .venv with $(PYTHON)'
	@$(PYTHON) -m venv .venv

$(BIN)/idp: requirements.lock pyproject.toml | $(BIN)/pip
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_TOOLS): requirements-test.lock | $(BIN)/idp
	@tests/install-compiler
	$(PIP_INSTALL) --require-hashes --requirement requirements-test.lock
	@touch $@
