# Foyer. `make` lists the verbs.

GO         ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
ERRCHECK    = github.com/kisielk/errcheck@v1.30.0
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     = -s -w -X github.com/foyer-id/foyer/internal/cli.Version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help demo test check build fmt vet lint vuln generated unit race e2e bench bench-growth bench-overload fuzz slow deps clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## run Foyer with a demo application, an account and an embedded database
	./bin/foyer serve --demo --database sqlite:foyer-demo/foyer.db --master-key-file foyer-demo/master.key

test: deps check e2e ## everything: check, then the end-to-end tests (installs what they need)

check: fmt vet lint vuln generated race ## what every commit on main passes

build: ## build bin/foyer
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/foyer ./cmd/foyer

fmt: ## formatting
	@out=$$(gofmt -l cmd internal rp bench examples e2e/go 2>/dev/null); if [ -n "$$out" ]; then echo "not formatted:"; echo "$$out"; exit 1; fi

vet: ## go vet
	$(GO) vet ./...

lint: ## staticcheck and errcheck
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(ERRCHECK) -ignoretests -exclude tools/errcheck.txt ./...

vuln: ## known vulnerabilities (govulncheck where it is installed), sums, pins
	./tools/vuln

generated: ## generated files are fresh
	$(GO) generate ./internal/i18n/...
	@git diff --exit-code -- internal/i18n || (echo "generated files are not fresh: commit what make generated made"; exit 1)

unit: ## Go tests, quickly
	$(GO) test ./...

race: ## Go tests with the race detector
	$(GO) test -race -timeout 12m ./...

e2e: build ## real client libraries and Chromium against the binary, on both databases
	./e2e/run

bench: ## costs of every operation against the floor, and the targets
	cd bench && $(GO) run ./cmd/bench

bench-growth: ## the same with many accounts and sessions
	cd bench && $(GO) run ./cmd/bench --growth

bench-overload: ## sign-ins offered at ten times the capacity
	cd bench && $(GO) run ./cmd/bench --overload

FUZZTIME ?= 60s
fuzz: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) ./tools/fuzz

slow: ## tests that take minutes: timing of answers, long histories
	FOYER_TEST_SLOW=1 $(GO) test -timeout 60m ./internal/...

deps: ## install what the tests need: PostgreSQL, Chromium, Apache, strace, npm packages
	./tools/deps

clean: ## remove what make built
	rm -rf bin dist
