# `make run` shows Zerun; `make test` tests all of it. Needs Rust, Node 20+, Python 3.11+ (with venv), gcc and make,
# for the tests also a JDK, Maven, Go and Ruby; everything else is installed below this directory.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.NOTPARALLEL:

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
VENV := .venv
PYTHON := $(VENV)/bin/python
PYTEST := $(PYTHON) -m pytest -c conformance/pytest.ini
JS := conformance/js
DATA ?= .zerun
ROUNDS ?= 200
MESSAGES ?= 1000000
FUZZ_SECONDS ?= 60

# The tests drive this binary and share these runtime packs.
export ZERUN_BIN ?= $(TARGET)/debug/zerun
export ZERUN_PACKS ?= $(TARGET)/packs
export PYTHONDONTWRITEBYTECODE := 1

# Made anew when the pinned versions change, and only taken for finished when they are.
PYTHON_TOOLS := $(VENV)/installed
JS_TOOLS := $(JS)/node_modules/installed

.PHONY: help run test lint bench crash fire fuzz build clients

help:
	@echo "make run     build, start Zerun, deploy examples/photos, print where to look; Ctrl-C stops it"
	echo "             (data in .zerun, or DATA=DIR; the first time takes about 5 minutes, then seconds)"
	echo "make test    every check and test: lint, Rust tests, boto3, AWS CLI, JavaScript SDK, kill -9 rounds"
	echo "make lint    rustfmt, clippy, licences, generated code"
	echo "make crash   the long form of the kill -9 test, 200 rounds (or ROUNDS=N)"
	echo "make fire    1,000,000 messages (or MESSAGES=N) through a server that is killed every few seconds"
	echo "make fuzz    every fuzz target for 60 seconds (or FUZZ_SECONDS=N); needs nightly Rust and cargo-fuzz"
	echo "make bench   release build, then tables of figures with ratios"
	echo "make build   the binary alone: target/debug/zerun"

run: $(PYTHON_TOOLS)
	@echo "[1/3] building zerun (the first time takes about 4 minutes)"
	cargo build --package server
	echo "[2/3] runtime packs: the SDKs that managed runtimes carry (the first time takes about 30 seconds)"
	$(TARGET)/debug/zerun runtime install python node --packs $(ZERUN_PACKS)
	echo "[3/3] starting zerun and deploying examples/photos"
	exec $(PYTHON) examples/photos/run.py --zerun $(TARGET)/debug/zerun --data $(DATA)

test:
	@SECONDS=0
	echo "[1/6] clients: Python in $(VENV), JavaScript in $(JS)/node_modules"
	$(MAKE) --no-print-directory clients
	echo "[2/6] rustfmt, clippy, licences, generated code (the first time takes about 4 minutes)"
	$(MAKE) --no-print-directory lint
	echo "[3/6] Rust tests (the first time takes about 6 minutes)"
	cargo test --workspace --no-run
	cargo test --workspace --quiet
	echo "[4/6] runtime packs for the binary that the Rust tests were built with"
	$(ZERUN_BIN) runtime install python node java --packs $(ZERUN_PACKS)
	echo "[5/6] through the front door: boto3, the AWS CLI, the AWS SDK for JavaScript, the photo example"
	$(PYTEST) conformance -m "not crash"
	echo "[6/6] kill -9 under load, short form"
	$(PYTEST) conformance -m crash
	echo "make test: everything passed, in $$((SECONDS / 60)) min $$((SECONDS % 60)) s"

lint: $(PYTHON_TOOLS)
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo xtask licences
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo xtask models --check

crash: $(PYTHON_TOOLS)
	@cargo build --package server
	$(ZERUN_BIN) runtime install python node java --packs $(ZERUN_PACKS)
	ZERUN_CRASH_ROUNDS=$(ROUNDS) $(PYTEST) conformance -m crash -s

fire: $(PYTHON_TOOLS)
	@cargo build --package server
	$(ZERUN_BIN) runtime install python node java --packs $(ZERUN_PACKS)
	ZERUN_FIRE_MESSAGES=$(MESSAGES) ZERUN_FIRE_SECONDS=14400 $(PYTEST) conformance/crash/test_fire.py -s

fuzz:
	@for target in $$(cargo +nightly fuzz list); do
		cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048
	done

bench:
	@echo "building in release (the first time takes about 8 minutes), then measuring for about 2 minutes"
	ZERUN_BIN=$(TARGET)/release/zerun cargo xtask bench

clients: $(PYTHON_TOOLS) $(JS_TOOLS)

build:
	@cargo build --package server

$(PYTHON_TOOLS): conformance/requirements.txt
	@python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(JS_TOOLS): $(JS)/package.json $(JS)/package-lock.json
	@npm ci --prefix $(JS) --no-audit --no-fund >/dev/null
	touch $@
