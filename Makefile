# What a person does with this checkout. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-demo assets demo test unit browser api s3 load kill bench lint fmt docs tours

# Where scripts/setup links the programs that it installs for the tests.
export PATH := $(HOME)/.local/bin:$(PATH)

DATA ?= demo-data
LISTEN ?= 127.0.0.1:8080

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install all that building, testing and measuring need (says what)
	@scripts/setup all

setup-demo:
	@scripts/setup demo

assets: setup-demo
	@scripts/assets

demo: assets ## A whole synthetic operation, served on http://$(LISTEN) (DATA=folder LISTEN=address)
	cargo build --bin pendeen
	target/debug/pendeen demo --data $(DATA) --listen $(LISTEN) $(DEMO_FLAGS)

test: setup assets ## Everything that CI runs: format, lints, licences, unit to browser tests, docs
	$(MAKE) lint
	$(MAKE) unit
	$(MAKE) browser
	$(MAKE) api
	$(MAKE) docs

unit: assets ## All Rust tests, on SQLite and a private PostgreSQL
	cargo build --workspace --bins
	cargo nextest run --workspace --no-fail-fast

browser: assets ## The pages in a real browser, screenshots in artefacts/screenshots
	cargo build --workspace --bins
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error && node run.mjs

tours: assets ## The guided tours in a browser; their pictures into docs/guide/tours/images
	cargo build --workspace --bins
	mkdir -p docs/guide/tours/images
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error && node run.mjs tours.smoke.mjs
	cp artefacts/screenshots/tours/*.webp docs/guide/tours/images/

s3: ## Documents in an S3-compatible store, started on loopback
	tests/s3/run

api: assets ## The API, every operation by its own description (schemathesis)
	cargo build --workspace --bins
	tests/api/run

bench: setup assets ## Measure against the peers, same inputs, same run; results as Markdown
	cargo build --release --bin pendeen
	PENDEEN=target/release/pendeen bench/examine.sh
	PENDEEN=target/release/pendeen bench/images.sh

load: ## 200 people on PostgreSQL, then as many as it holds at 50 ms (SCALE=10)
	cargo build --release --bin pendeen
	bench/load.sh

kill: ## Kill server and database under load: nothing lost, nothing double
	cargo build --release --bin pendeen
	bench/kill.sh

lint: assets ## rustfmt, clippy, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny --log-level error check licenses sources bans

fmt: ## Format the code
	cargo fmt --all

docs: ## The API's documentation, without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
