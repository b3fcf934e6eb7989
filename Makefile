# `make` prints the targets. Everything the program needs on a machine is installed by `make test`.

TAGS       := fts5
RACE       ?= -race
FUZZTIME   ?= 30s
SOAK       ?= 10
GOLANGCI   := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BIN        := bin/rltrain
PACKAGES   := ./...
GO_TEST     = go test $(RACE) $(if $(RACE),$(NOCHECKPTR)) -tags $(TAGS)

# -race also checks pointer arithmetic. GoMLX's pure-Go matmul walks its slices by uintptr, which that check takes for
# a stray pointer and aborts (compute v0.1.2, gobackend/dot/matmul); races are looked for there all the same.
NOCHECKPTR := -gcflags=github.com/gomlx/compute/...=-d=checkptr=0

export CGO_ENABLED := 1

# go stamps the commit into the binary, and fails where git is missing or does not trust the folder's owner.
ifneq ($(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo yes),yes)
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
endif

.DEFAULT_GOAL := help
.PHONY: help deps browser build plugin demo test lint fmt vet layering tidy check base bench bench-gpu results fuzz soak clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "variables: RACE= (no race detector), PACKAGES=./verifiers/... (test and soak), FUZZTIME=$(FUZZTIME), SOAK=$(SOAK)"

# A compiler without the C library's headers is no use either, hence a trial.
COMPILES = printf '\#include <stdlib.h>\nint main(void) { return 0; }\n' | $$(go env CC) -x c - -o /dev/null >/dev/null 2>&1

deps: ## check for Go and a C compiler; as root on Debian install the compiler
	@command -v go >/dev/null || { echo "make: go is missing: install Go $$(awk '/^go /{print $$2}' go.mod) or newer (go.dev/dl) and put it on PATH" >&2; exit 1; }
	@go version >/dev/null || { echo "make: this Go is too old: install Go $$(awk '/^go /{print $$2}' go.mod) or newer, or let it fetch one (GOTOOLCHAIN=auto)" >&2; exit 1; }
	@if ! { $(COMPILES); }; then \
		if [ -z "$$CC" ] && [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then \
			echo "no working C compiler: installing gcc and libc6-dev with apt-get"; \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null </dev/null; \
		fi; \
		{ $(COMPILES); } || { echo "make: $$(go env CC) compiles no C program: install a C compiler with the C library's headers" \
			"(Debian: apt-get install gcc libc6-dev; Fedora: dnf install gcc glibc-devel; Alpine: apk add gcc musl-dev; macOS: xcode-select --install), or name one in CC" >&2; exit 1; }; \
	fi
	@echo "what is installed: $$(go env GOVERSION) for $$(go env GOOS)/$$(go env GOARCH), C compiler $$($$(go env CC) --version | head -n 1)"

browser: ## check for Chromium, which tests of the pages need; as root on Debian install it
	@found() { for name in chromium chromium-browser google-chrome headless-shell; do command -v $$name && return; done; return 1; }; \
	if ! found >/dev/null && [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then \
		echo "no Chromium: installing Debian's chromium with apt-get"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null </dev/null || true; \
	fi; \
	if path=$$(found); then echo "what is installed: browser $$path"; \
	else echo "no Chromium: tests of the pages in a browser are skipped (install chromium to run them)"; fi

build: deps ## build bin/rltrain
	@go build -tags $(TAGS) -o $(BIN) ./cmd/rltrain
	@echo "built: $(BIN)"

plugin: build ## build, and install the XLA plug-in for CPUs if it is missing (once, into the user's cache)
	@path=$$($(BIN) plugin) && echo "what is installed: plug-in $$path"

demo: plugin ## train the shipped base model for some minutes and show what changed
	@$(BIN) demo

test: plugin vet browser ## install what is missing, build, vet, and run all tests under the race detector
	@$(GO_TEST) -timeout 14m $(PACKAGES)
	@go test -tags $(TAGS) -run PureGo ./policy/moe # skipped under the race detector, see the test

vet: deps ## go vet
	@go vet -tags $(TAGS) ./...

lint: deps ## golangci-lint, pinned in the Makefile (its first run compiles it: some minutes)
	@go run $(GOLANGCI) run --build-tags $(TAGS)

fmt: deps ## fail if gofmt would change a file
	@files=$$(find . -name '*.go' -not -path './.*' -exec gofmt -l {} +); \
	[ -z "$$files" ] || { echo "make: not formatted (run gofmt -w):" $$files >&2; exit 1; }

layering: deps ## import levels, size budgets and package state
	@go test -tags $(TAGS) ./internal/layering

tidy: deps ## fail if go mod tidy would change go.mod or go.sum
	@go mod tidy -diff

check: fmt vet layering tidy lint ## all checks that run no program: formatting, vet, layering, go.mod, lint

base: build ## make the shipped base model anew
	@$(BIN) pretrain recipes/base.yaml --out models/base

bench: deps ## overhead of a step and speed of the log; speed beside math-verify, other sandboxes and TRL, same cases, shapes and threads (fetches several GB of Python packages once)
	@bash bench/overhead.sh
	@bash bench/math.sh
	@bash bench/sandbox.sh
	@bash bench/run.sh
	@bash bench/smollm2.sh

bench-gpu: plugin ## on a GPU machine: our engine beside TRL, random weights of 0.1 to 1.5 B (DEVICE=cpu: a dry run, tiny)
	@bash bench/gpu.sh

results: build ## make the tables and charts of the documentation anew
	@bash bench/results.sh

fuzz: deps ## run each fuzz target for FUZZTIME
	@find . -name '*_test.go' -not -path './.*' -exec grep -H -o '^func Fuzz[A-Za-z0-9_]*' {} + | sort | \
	while IFS=: read -r file func; do \
		name=$${func#func }; echo "fuzz: $$name in $$(dirname $$file)"; \
		go test -tags $(TAGS) -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) "$$(dirname $$file)" </dev/null || exit 1; \
	done

soak: plugin ## 100,000 programs in the sandbox while its workers are killed, a run killed ten times and resumed, then all tests SOAK times in random order
	@RLTRAIN_SOAK=100000 go test -tags $(TAGS) -timeout 0 -count 1 -v -run '^TestSoak$$' ./verifiers/python
	@RLTRAIN_KILLS=10 go test -tags $(TAGS) -timeout 0 -count 1 -v -run '^TestKilledRuns$$' ./cmd/rltrain
	@$(GO_TEST) -timeout 0 -shuffle on -count $(SOAK) $(PACKAGES)

clean: ## remove what build made
	@rm -rf bin
