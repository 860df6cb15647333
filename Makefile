# Bare `make` prints what it can do. Every target makes what it needs: a virtual environment in .venv first of all.

.SHELLFLAGS := -euc
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
LOCK := packaging/requirements-dev.lock
BENCH_LOCK := packaging/requirements-bench.lock
# A path in site-packages, where each start of Python else pays for an import hook.
EDITABLE := --config-settings editable_mode=compat --editable
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK) $(EDITABLE)
# The first of these that is new enough and can make virtual environments; `make PYTHON=…` names another.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
EXAMPLES ?= 500
DEB := build/deb
PACKAGED := CHANGELOG.md LICENSE README.md packaging pipertd protos pyproject.toml systemd
BUF_VERSION := 1.75.0
BUF := $(VENV)/buf/node_modules/.bin/buf

export PIP_REQUIRE_VIRTUALENV := 1

##@ Try it

.PHONY: demo
demo: $(VENV)/.demo ## a real street video through three supervised processes; pictures in ./street-out
	@rm -rf street-out
	$(BIN)/pipertd run pipertd/examples/street.yaml
	@printf '%s\n' \
	    "" "The pictures and the numbers are in $(CURDIR)/street-out:" \
	    "$$(ls -1 street-out | sed 's/^/  /')" \
	    "" \
	    "Next: look at pipertd/examples/street.yaml and street.py, then take the tour in README.md:" \
	    "  $(BIN)/pipertctl check pipertd/examples/street.yaml" \
	    "  $(BIN)/pipertd serve --definitions pipertd/examples --runtime-dir /tmp/pipertd --state-dir /tmp/pipertd-state &" \
	    "  $(BIN)/pipertctl --address /tmp/pipertd/control.sock status"

##@ Work on it

.PHONY: test
test: $(VENV)/.dev ## every test, on all cores; `make test ARGS="-k ring -x"` passes arguments on
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

.PHONY: test-system
test-system: $(VENV)/.dev $(DEB)/.made ## the service and its packages under a real systemd, in throw-away systems; needs root
	tests/system/with-systemd -n -b $(CURDIR) -- \
	    env PIPERTD_THROW_AWAY_SYSTEM=1 $(BIN)/python -m pytest tests/system $(ARGS)
	tests/system/with-systemd -n -b $(CURDIR) -- \
	    env PIPERTD_PACKAGES=$(DEB) $(BIN)/python -m pytest tests/system/test_package.py $(ARGS)

.PHONY: test-machine
test-machine: $(VENV)/.dev ## what needs all of the kernel's cgroups, in a virtual machine of its own; needs root, and Debian on amd64
	env PIPERTD_MAY_HAVE_A_MACHINE=1 $(BIN)/python -m pytest -o faulthandler_timeout=900 tests/system/test_machine.py $(ARGS)

.PHONY: clients
clients: $(VENV)/.dev ## the programs of the clients in five languages; `make clients ARGS=go` of one
	$(BIN)/python -m tests.clients.build $(ARGS)

.PHONY: clients-test
clients-test: $(VENV)/.dev $(BUF) ## build the clients, and run their programs against a real daemon; needs every language, see clients/README.md
	env PIPERTD_CLIENTS_MUST_RUN=1 $(BIN)/python -m tests.clients.build
	env PIPERTD_CLIENTS_MUST_RUN=1 $(BIN)/python -m pytest tests/clients --numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

.PHONY: bench
bench: $(VENV)/.bench ## against its peers, in ratios, 25 minutes; `make bench ARGS=--quick` takes 3, ARGS=--help tells more
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## a real daemon under requests that nobody would make, other ones each time; `make fuzz EXAMPLES=5000` of each rpc
	env PIPERTD_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/process/test_fuzz.py $(ARGS)

.PHONY: pacing
pacing: $(VENV)/.dev ## 20 s of const fps, and a source before a slow consumer: counts, drift and ages, in 40 s
	$(BIN)/python -m tests.benchmarks.pacing

.PHONY: soak
soak: $(VENV)/.dev ## 50 million messages over one link: memory and descriptors stay flat; `make soak ARGS="1000000 --every 1"`
	$(BIN)/python -m tests.benchmarks.soak $(ARGS)

.PHONY: check
check: lint types imports protos-check diagram-check api-check definitions ## what CI checks beside the tests

.PHONY: lint
lint: $(VENV)/.dev ## style: ruff, its formatter, shell syntax
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	bash -n .ci/run packaging/make-deb tests/system/with-systemd tests/system/with-vm

.PHONY: types
types: $(VENV)/.dev ## types: mypy --strict
	$(BIN)/mypy
	$(BIN)/mypy clients/python

.PHONY: imports
imports: $(VENV)/.dev ## architecture: imports point one way
	$(BIN)/lint-imports --no-logo

.PHONY: definitions
definitions: $(VENV)/.dev ## the definitions that ship are valid
	$(BIN)/pipertctl check pipertd/examples/*.yaml

.PHONY: diagram
diagram: $(VENV)/.dev ## draw the lifecycle's table into docs/supervision.md
	$(BIN)/python -m pipertd.supervisor.diagram

.PHONY: diagram-check
diagram-check: $(VENV)/.dev ## the diagram in docs/supervision.md is that of the lifecycle's table
	$(BIN)/python -m pipertd.supervisor.diagram --check

.PHONY: tour
tour: $(VENV)/.dev ## run every command of docs/tour.md, and record there what it prints
	$(BIN)/python -m tests.tour

.PHONY: tour-check
tour-check: $(VENV)/.dev ## run them, and fail where what is recorded has other words by now
	$(BIN)/python -m tests.tour --check

.PHONY: format
format: $(VENV)/.dev ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

##@ What ships with it

.PHONY: deb
deb: $(DEB)/.made ## packages for this Debian, 12 or newer, on amd64, in build/deb; see packaging/README.md

.PHONY: deb-check
deb-check: $(DEB)/.made ## lintian of these packages; what it may find has a reason in packaging/debian
	lintian --allow-root --fail-on error,warning $(DEB)/*.changes

.PHONY: man
man: $(VENV)/.dev ## the manual pages, out of the programs: build/man
	$(BIN)/python -m pipertd.manual build/man

.PHONY: completions
completions: $(VENV)/.dev ## what shells complete command lines by: build/completions
	mkdir -p build/completions
	for shell in bash zsh fish; do $(BIN)/pipertctl completion "$$shell" > "build/completions/pipertctl.$$shell"; done

##@ The public API

.PHONY: protos
protos: $(VENV)/.dev ## write the stubs in pipertd/rpc from protos/
	$(BIN)/python -m pipertd.rpc.generate

.PHONY: protos-check
protos-check: $(VENV)/.dev ## buf (where npm is there), and stubs that are as new as the protos
	@if command -v npm >/dev/null; then $(MAKE) buf; else echo 'buf: left out, because there is no npm here; CI has it'; fi
	$(BIN)/python -m pipertd.rpc.generate --check

.PHONY: buf
buf: $(BUF) ## buf alone: style of the protos, and nothing in them that breaks a client of the last release
	cd protos && ../$(BUF) lint && ../$(BUF) breaking --against baseline.binpb

.PHONY: protos-baseline
protos-baseline: $(BUF) ## at a release: from now on, clients of the protos as they are must not break
	cd protos && ../$(BUF) build --exclude-source-info --output baseline.binpb

.PHONY: api
api: $(VENV)/.dev ## write the reference in docs/api.md from protos/ and clients/, and what describes the HTTP API
	$(BIN)/python -m pipertd.control.document
	$(BIN)/python -m pipertd.cockpit.document

.PHONY: api-check
api-check: $(VENV)/.dev ## the reference in docs/api.md is that of the protos, of which every part has a comment, and of the programs in clients/
	$(BIN)/python -m pipertd.control.document --check
	$(BIN)/python -m pipertd.cockpit.document --check

##@ House

.PHONY: venv
venv: $(VENV)/.dev ## the virtual environment with everything

.PHONY: lock
lock: $(VENV)/.made ## take the newest versions that work together into packaging/requirements-*.lock
	rm -rf build/lock
	$(BIN)/python -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[demo,dev,http]'
	build/lock/bin/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > build/lock/frozen
	{ head -1 $(LOCK); grep -v '^#' build/lock/frozen; } > build/lock/new
	mv build/lock/new $(LOCK)
	build/lock/bin/python -m pip install --quiet --constraint $(LOCK) --editable '.[demo,dev,bench,http]'
	build/lock/bin/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > build/lock/frozen
	{ head -1 $(BENCH_LOCK); grep -v '^#' build/lock/frozen | grep -vxFf $(LOCK); } > build/lock/new
	mv build/lock/new $(BENCH_LOCK)
	rm -rf build/lock

.PHONY: clean
clean: ## everything that was made, except the virtual environment
	rm -rf build dist street-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf clients/go/bin clients/typescript/dist clients/typescript/node_modules clients/java/target clients/rust/target clients/cpp/build
	find pipertd tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## the virtual environment too
	rm -rf $(VENV) *.egg-info

.PHONY: help
help: ## this
	@awk 'BEGIN { FS = ":.*?## " } \
	    /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z][a-z-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Stamps: each is newer than what it was made from, so set-up is done once.

define find_python
for python in $(PYTHON); do \
    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
        new_enough="$$python"; \
        if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then found="$$python"; break; fi; \
    fi; \
done
endef

$(VENV)/.made:
	@found= new_enough=; $(find_python); \
	if [ -z "$$found" ] && [ -n "$$new_enough" ]; then \
	    echo "make: cannot make $(VENV): $$new_enough has no venv (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
	    echo "make: cannot make $(VENV): none of '$(PYTHON)' is Python 3.11 or newer; name one with make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "$$found -m venv $(VENV)"; "$$found" -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml $(LOCK)
	@echo "Setting up $(VENV); this takes a minute or two, once."
	$(PIP_INSTALL) '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml $(LOCK)
	@echo "Setting up $(VENV) for development; this takes a minute or two, once."
	$(PIP_INSTALL) '.[demo,dev,http]'
	@touch $(VENV)/.demo $@

$(VENV)/.bench: $(VENV)/.dev $(BENCH_LOCK)
	@echo "Adding to $(VENV) what pipertd is compared with; this takes a minute or two, once."
	$(PIP_INSTALL) '.[demo,dev,bench,http]' --constraint $(BENCH_LOCK)
	@touch $@

$(DEB)/.made: $(VENV)/.made $(shell find $(PACKAGED) -type f -not -name '*.pyc')
	@packaging/make-deb $(BIN)/python $(DEB)
	@touch $@

$(BUF):
	npm install --silent --no-fund --no-audit --prefix $(VENV)/buf @bufbuild/buf@$(BUF_VERSION)
