# `make help` lists the targets: each one's line is the comment behind its name.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
export TLSHIVE ?= $(TARGET_DIR)/release/tlshive

.PHONY: help build dist dist-check test-dist windows test-windows page lint test test-peers test-page test-page-wasm test-remote test-fleet bench fuzz fixtures

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-14s %s\n", $$1, $$2 }'

build: ## build the release binary, quickly
	cargo build --release --locked

dist: ## build what is shipped for Linux into target/packages (PROFILE=release: quickly)
	bash src/dist/linux.sh

dist-check: ## build it again in another folder, and hold that the bytes are the same
	bash tests/dist/same.sh

test-dist: ## unpack, install, run and remove what `make dist` made
	bash tests/dist/linux.sh

windows: ## build what is shipped for Windows into target/packages (PROFILE=release: quickly)
	bash src/dist/windows.sh

test-windows: ## run tlshive.exe of `make windows` under Wine over every fixture
	bash tests/dist/windows.sh

# The program in it is tlshive itself, for the system that the page is to it (src/page/wasi.js). The target: rustup target add wasm32-wasip1
page: ## build the page that judges in the browser: target/tlshive.html
	RUSTFLAGS= cargo build --bin tlshive --profile page --target wasm32-wasip1 --target-dir $(TARGET_DIR)/page --locked
	bash src/page/make.sh $(TARGET_DIR)/page/wasm32-wasip1/page/tlshive.wasm $(TARGET_DIR)/tlshive.html

lint: ## formatting and clippy, warnings as errors
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

# The doc tests come first, since nextest does not run them and its summary is to close the output.
test: ## unit, integration and doc tests
ifneq ($(shell command -v cargo-nextest),)
	cargo test --doc --locked
	cargo nextest run --locked
else
	cargo test --locked
endif

test-peers: build ## check against chntpw, Wine, hivex, Samba, makers of disk images … (TLSHIVE_PEERS_OPTIONAL=1: those installed)
	bash tests/peers/run.sh

test-page: build ## look at the page of HTML in Chromium (TLSHIVE_PICTURES=FOLDER keeps pictures)
	bash tests/page/run.sh

test-page-wasm: build page ## judge the fixtures in that page, in Chromium, and hold it against the program
	TLSHIVE_PAGE=$(CURDIR)/$(TARGET_DIR)/tlshive.html bash tests/page/judge.sh

test-remote: ## lint and test the feature remote: object stores
	cargo clippy --all-targets --features remote --locked -- -D warnings
	cargo test --features remote --lib --test remote --locked

test-fleet: ## Spark, Dask, moto, Azurite: those that are installed
	cargo build --features remote --locked
	TLSHIVE=$(CURDIR)/$(TARGET_DIR)/debug/tlshive bash tests/fleet/run.sh

bench: ## benchmarks, and whole processes beside the floor and nt-hive
	cargo bench --locked
	bash tests/bench/table.sh

fuzz: ## each fuzz target for a minute (FUZZ_SECONDS=n: for n seconds)
	bash tests/fuzz/run.sh $(or $(FUZZ_SECONDS),60)

fixtures: ## check that the fixtures are what their recipe makes (fixtures/make.sh makes them anew)
	bash fixtures/make.sh --check
