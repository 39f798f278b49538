# Two commands do everything on a fresh machine with Rust and Node: `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test build viewer setup setup-test lint unit peers browser live fuzz bench fmt clean-state

help: ## Say what can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

demo: build ## Build everything and run a synthetic province; prints one URL
	target/release/dics demo $(DEMO)

build: setup viewer ## Leave the release binary, viewer embedded, at target/release/dics
	cargo build --release --locked --package dics

viewer: setup viewer-web/dist/index.html ## Build the viewer

viewer-web/dist/index.html: viewer-web/node_modules/.package-lock.json $(shell find viewer-web/src viewer-web/public viewer-web/index.html viewer-web/vite.config.ts -type f 2>/dev/null)
	cd viewer-web && npm run build

viewer-web/node_modules/.package-lock.json: viewer-web/package-lock.json
	cd viewer-web && npm ci --no-audit --no-fund

setup: ## Install what building needs
	deploy/setup/install.sh build

setup-test: setup ## Install what testing needs: peers, browser, checkers
	deploy/setup/install.sh test

test: setup-test lint unit browser live ## Run every check: formatting, lints, tests, peers, browser
	@echo "make test: everything passed"

lint: viewer
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo deny --log-level error check bans licenses sources
	cd viewer-web && npm run typecheck && npm run lint

unit: viewer ## Rust tests with their peers (Orthanc, DCMTK, PostgreSQL), and doc tests
	DICS_TEST_DATA=required REQUIRE_REFEREE=1 PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo nextest run --workspace --locked
	cargo test --doc --workspace --locked --quiet

browser: viewer ## The built viewer in Chromium
	cd viewer-web && npm test && npm run test:browser

live: viewer ## The viewer against the running demo
	cargo build --workspace --bin dics --locked
	deploy/setup/live.sh target/debug/dics

fuzz: setup-test ## Fuzz what reads bytes from outside, SECONDS each (600), one after the other
	PATH="$(CURDIR)/target/tools/bin:$$PATH" fixtures/fuzz/run.sh $(or $(SECONDS),600)

# In the order of the table; the longest last.
BENCHES = search stored rendered transcoded derived store messages regions crowd

bench: build ## Measure, beside Orthanc and nginx in the same run; one table at the end (50 minutes)
	deploy/setup/install.sh bench
	rm -f target/bench.md
	status=0; for bench in $(BENCHES); do \
		BENCH_TABLE=$(CURDIR)/target/bench.md cargo bench --package benches --locked --bench $$bench || status=$$?; \
	done; cat target/bench.md; exit $$status

fmt:
	cargo fmt --all

clean-state: ## Forget the demo's state
	rm -rf data/demo
