# Every command here is also in README, written out.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The linters are built from their own module, so that nothing of them is in the program's go.mod.
TOOL := go tool -modfile=internal/tools/go.mod
# How long each fuzz test runs under "make fuzz".
FUZZTIME ?= 30s
# Where Go files are.
DIRS := $(wildcard cmd configs internal static)

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

.PHONY: run
run: ## run the site with the sample district, at http://127.0.0.1:8080
	go run ./cmd/truynguon serve -demo

.PHONY: build
build: ## build bin/truynguon, one static file
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ ./cmd/truynguon

.PHONY: test
test: prepare fmt vet lint vuln ## run everything that has to pass: checks and all tests, installing what they need
	go test -race -timeout 60m ./...

.PHONY: short
short: ## run the tests that need no server, no browser and no patience
	go test -short ./...

.PHONY: lint
lint: ## run the linters
	$(TOOL) golangci-lint run

.PHONY: vuln
vuln: ## look for known vulnerabilities in what the program calls
	@.ci/vuln

.PHONY: fmt
fmt: ## fail if a file is not as gofmt would have it
	@bad=$$(gofmt -l $(DIRS)); \
	if [ -n "$$bad" ]; then echo "not formatted; run gofmt -w on:"; echo "$$bad"; exit 1; fi

.PHONY: vet
vet: ## run go vet
	go vet ./...

.PHONY: prepare
prepare: ## install what the tests need beside Go: a C compiler, Chromium, poppler and zbar
	@.ci/prepare

# Only packages that have golden files know the flag.
.PHONY: golden
golden: ## write the golden files anew; look at the difference before you commit it
	go test $$(grep -rlE --include='*_test.go' 'flag\.Bool\("update"' $(DIRS) | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

# The go command fuzzes one test at a time.
.PHONY: fuzz
fuzz: ## run every fuzz test for FUZZTIME, 30s unless told
	@{ grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' $(DIRS) || true; } | \
	sed -E 's|^(.*)/[^/]+:[0-9]+:func (Fuzz.*)$$|\1 \2|' | sort -u | \
	while read -r dir name; do \
		echo "== $$dir $$name"; \
		go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) "./$$dir" </dev/null; \
	done
