# Everyone, CI included, builds, tests and measures jwseal through these targets.
#
# Each target does its own set-up and none needs another to have run before. The virtual environment in $(VENV), the
# installed packages and the compiled extension are stamp files, so a second run does nothing twice. Tests and demo share one
# cargo profile (dev: optimised, with overflow checks); `make bench` builds the release profile into an environment of its own.
# Works with GNU make 3.81 and later. PYTHON=... chooses the interpreter, VENV=... where its environment lives.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && { echo $$p; exit; }; done; echo python3)
VENV ?= .venv
VERSIONS ?= 3.11 3.12 3.13 3.14 3.14t
ARGS ?=
COUNT ?= 1000000
# The time that a wheel's files carry: that of the commit.
EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || echo 315532800)
SEED ?= 1

# A fresh rustup puts cargo here before the shell knows about it.
export PATH := $(PATH):$(HOME)/.cargo/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN = $(VENV)/bin
BENCH = .venvs/bench
RUST = Cargo.toml Cargo.lock pyproject.toml python/jwseal/_native.pyi $(shell find rust/core rust/py rust/verify_fast -name '*.rs' -o -name 'Cargo.toml')
# What every call needs lies next to each other in what is released and measured (benches/layout.py).
LAYOUT = $(shell test "$$(uname -s)" = Linux && echo "-- -C link-arg=-Wl,-T,rust/py/layout.ld")
# Programs that are no part of the workspace, nor of a wheel.
OUTSIDE = benches/rust_peers rust/fuzz
PACKAGE = $(shell find python -name '*.py' -o -name '*.pyi')

.PHONY: help dev fmt lint test redis test-all test-lowest audit fuzz differential demo bench bench-report wheel docs notices doctor doctor-python doctor-rust clean
.DEFAULT_GOAL := help
# One environment is installed into at a time.
.NOTPARALLEL:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

dev: $(VENV)/.dev $(VENV)/.native ## Set up everything for daily work in .venv
	@echo "ready: $(BIN)/python has jwseal, its tests, its lints and its docs; try 'make test' and 'make lint'"

fmt: $(VENV)/.lint ## Format Rust and Python
	cargo fmt --all
	@for crate in $(OUTSIDE); do cargo fmt --manifest-path $$crate/Cargo.toml; done
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

lint: $(VENV)/.test $(VENV)/.lint $(VENV)/.native ## Check formats, lints, types, stubs, licences and bans
	cargo fmt --all --check
	@for crate in $(OUTSIDE); do cargo fmt --check --manifest-path $$crate/Cargo.toml || exit 1; done
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest jwseal._native --concise
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	else echo "skipped: licences and bans of the Rust crates (cargo install cargo-deny --locked); the tests hold the bans meanwhile"; fi

test: $(VENV)/.test $(VENV)/.native redis ## Build once and run every test; the last lines say what this processor could not run
	cargo test --quiet -p jwseal-core -p jwseal-verify-fast
	cargo test --quiet -p jwseal-core --no-default-features
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)
	@cargo run --quiet -p jwseal-verify-fast --example processor

test-all: ## Run the Python tests on every supported version found here
	@failed=; for v in $(VERSIONS); do \
		python=; for p in python$$v "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$v.*/bin/python; do \
			"$$p" -c '' 2>/dev/null && python=$$p; done; \
		if [ -z "$$python" ]; then echo "skipped: no Python $$v on this machine"; continue; fi; \
		echo "== Python $$v"; \
		$(MAKE) --no-print-directory .venvs/$$v/.tested VENV=.venvs/$$v PYTHON="$$python" ARGS="$(ARGS)" || failed="$$failed $$v"; \
	done; if [ -n "$$failed" ]; then echo "failed on:$$failed" >&2; exit 1; fi

test-lowest: ## Run the Python tests with the oldest cryptography that pyproject.toml allows
	@$(MAKE) --no-print-directory .venvs/lowest/.lowest VENV=.venvs/lowest PYTHON="$(PYTHON)" ARGS="$(ARGS)"

audit: $(VENV)/.audit ## Ask for advisories about crates and packages (needs cargo-deny and the network)
	cargo deny check advisories
	@for crate in $(OUTSIDE); do cargo deny --manifest-path $$crate/Cargo.toml check --config deny.toml advisories || exit 1; done
	$(BIN)/pip-audit --local --skip-editable --progress-spinner off

fuzz: doctor-rust ## Feed the parsers mutated input on stable Rust (ARGS='--seconds 60 --seed 2 compact')
	cargo run --quiet --release --no-default-features --manifest-path rust/fuzz/Cargo.toml --bin smoke -- $(ARGS)

differential: doctor-rust ## Compare our verdicts with AWS-LC's on COUNT signatures of all algorithms (COUNT=10000000 SEED=2)
	COUNT=$(COUNT) SEED=$(SEED) cargo test --quiet --release -p jwseal-verify-fast --lib many_signatures -- --ignored --nocapture

demo: $(VENV)/.test $(VENV)/.native ## See it work: keys from openssl, tokens from three libraries, verdicts, a speed table, a signing service
	@$(BIN)/python examples/demo.py $(ARGS)
	@echo
	@$(BIN)/python examples/signing_service/run.py

bench: $(BENCH)/.native ## Measure against every peer (ARGS=--quick, ARGS='--json FILE')
	cargo build --quiet --release --manifest-path benches/rust_peers/Cargo.toml
	$(BENCH)/bin/python benches/run.py $(ARGS)

bench-report: $(BENCH)/.native ## Measure and write docs/performance.md with its plots (ARGS='--from FILE' writes it again)
	cargo build --quiet --release --manifest-path benches/rust_peers/Cargo.toml
	$(BENCH)/bin/python benches/report.py $(ARGS)

wheel: $(VENV)/.test | doctor-rust ## Build a wheel into dist/: with the time of the commit and no path of this machine
	SOURCE_DATE_EPOCH=$(EPOCH) RUSTFLAGS="$(RUSTFLAGS) --remap-path-prefix=$(CURDIR)=jwseal --remap-path-prefix=$(HOME)/.cargo=cargo" \
		$(BIN)/maturin build --quiet --release --locked --interpreter $(BIN)/python --out dist $(LAYOUT)
	@sha256sum dist/*.whl

docs: $(VENV)/.docs ## Build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "open site/index.html"

notices: ## Write THIRD_PARTY_NOTICES from the crates that Cargo.lock names
	$(PYTHON) .ci/notices.py

clean: ## Remove everything that was built
	rm -rf target site dist $(VENV) .venvs benches/rust_peers/target rust/fuzz/target python/jwseal/_native.*.so

# What a machine must have, each absence explained in one sentence.

doctor: doctor-python doctor-rust

doctor-python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "jwseal needs Python 3.11 or later, and '$(PYTHON)' is not on this machine: install it (apt install python3 python3-venv, brew install python, or python.org), or name one with 'make PYTHON=...'" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "jwseal needs Python 3.11 or later, and '$(PYTHON)' is $$("$(PYTHON)" -c 'import platform; print(platform.python_version())'): install a newer one, or name one with 'make PYTHON=python3.12'" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python cannot make virtual environments: install its venv package (apt install python3-venv)" >&2; exit 1; }

doctor-rust:
	@command -v cargo >/dev/null 2>&1 || { echo "jwseal is compiled from Rust, and cargo is not on this machine: install Rust 1.88 or later from https://rustup.rs" >&2; exit 1; }
	@cargo --version | awk '{ split($$2, v, "."); exit !(v[1] > 1 || v[2] >= 88) }' || { echo "jwseal needs Rust 1.88 or later, and this is $$(cargo --version): run 'rustup update', or install it from https://rustup.rs" >&2; exit 1; }
	@command -v "$${CC:-cc}" >/dev/null 2>&1 || { echo "jwseal compiles AWS-LC, and there is no C compiler ('$${CC:-cc}') on this machine: install one (apt install gcc libc6-dev, dnf install gcc, or xcode-select --install)" >&2; exit 1; }

# A server that tests start. CI installs it; elsewhere those tests are skipped, with this reason, until it is there.
redis:
	@if command -v redis-server >/dev/null 2>&1 || command -v valkey-server >/dev/null 2>&1; then :; \
	elif [ -n "$$CI" ] && command -v apt-get >/dev/null 2>&1; then \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends redis-server >/dev/null; \
	else echo "skipped: the tests of RedisState (apt-get install redis-server, or brew install redis)"; fi

# Environments and builds: a stamp file says what is done, its prerequisites say what would undo it.

$(VENV)/.python: | doctor-python
	@echo "making $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.test $(VENV)/.lint $(VENV)/.docs $(VENV)/.audit: $(VENV)/.%: pyproject.toml | $(VENV)/.python
	@echo "installing the packages for: $*"
	@$(BIN)/python -m pip install --quiet --group $*
	@touch $@

$(VENV)/.dev: $(VENV)/.test $(VENV)/.lint $(VENV)/.docs
	@touch $@

$(VENV)/.native: $(RUST) | doctor-rust $(VENV)/.test
	@echo "building the extension (the first time compiles AWS-LC: a few minutes)"
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log >&2; exit 1; }
	@touch $@

$(VENV)/.tested: $(VENV)/.test $(VENV)/.native FORCE
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# Peers that need a newer cryptography are taken out; the tests that call them say so when they are skipped.
$(VENV)/.lowest: $(VENV)/.test $(VENV)/.native FORCE
	@$(BIN)/python -m pip uninstall --quiet --yes jwcrypto
	@$(BIN)/python -m pip install --quiet "cryptography==$$(sed -n 's/^dependencies = \["cryptography>=\(.*\)"\]$$/\1/p' pyproject.toml)"
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

$(BENCH)/.native: $(RUST) $(PACKAGE) rust/py/layout.ld | doctor
	@echo "building the release profile into $(BENCH) (whole-program optimisation: some minutes)"
	@"$(PYTHON)" -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BENCH)/bin/python -m pip install --quiet --group bench
	@rm -rf target/bench-wheel
	@$(BENCH)/bin/maturin build --quiet --release --interpreter $(BENCH)/bin/python --out target/bench-wheel $(LAYOUT)
	@$(BENCH)/bin/python -m pip install --quiet --force-reinstall --no-deps target/bench-wheel/jwseal-*.whl
	@touch $@

FORCE:
