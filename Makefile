# Leadmux. The two commands of the README are `make run` and `make test`; everything they need beyond Go is built here once,
# pinned, into .tools (ignored by git).

GOLANGCI_VERSION := v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

BIN      := bin/leadmux-server
TOOLS    := $(CURDIR)/.tools
BUF      := $(TOOLS)/buf
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
DATA_DIR ?= data

.PHONY: help run build test race lint generate drift breaking baseline fuzz forge soak model crash mutants bench latency vulncheck clean rate

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: build ## build, then start the service with the sandbox vendors, ready to use
	$(BIN) --sandbox --data-dir $(DATA_DIR)

build: ## build bin/leadmux-server, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN) ./cmd/server

test: build ## everything that must pass
	go test -timeout 30m ./...

race: ## all tests under the race detector (needs a C compiler)
	go test -race -timeout 40m ./...

lint: $(BUF) $(GOLANGCI) ## Go and proto linters, formatting, sizes, import directions
	$(GOLANGCI) run --allow-parallel-runners ./...
	$(BUF) lint
	$(BUF) format -d --exit-code proto
	go run ./internal/tools/sizes

generate: $(BUF) ## rewrite third_party/proto, gen and the OpenAPI document from proto, and docs/PROMISES.md from the tests
	go run ./internal/tools/vendorproto
	$(BUF) generate
	go run ./internal/tools/openapi
	go run ./internal/tools/promises

drift: generate ## fail when generated files differ from what is committed
	git diff --exit-code -- third_party gen internal/server/openapi.json docs/PROMISES.md
	test -z "$$(git status --porcelain -- third_party gen internal/server/openapi.json docs/PROMISES.md)"

breaking: $(BUF) ## fail when the API broke since the last release (proto.baseline.binpb)
	$(BUF) breaking proto --against proto.baseline.binpb

baseline: $(BUF) ## at a release: make the API as it is the baseline of `make breaking`
	$(BUF) build proto -o proto.baseline.binpb

FUZZTIME ?= 60s
KEEP ?=
fuzz: ## fuzz each fuzz target for FUZZTIME; with KEEP=1 what it finds worth starting from joins the corpus in testdata/fuzz
	@set -e; for p in $$(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -rhoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | cut -c6-); do \
	    go test ./$$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) \
	      $(if $(KEEP),-args -test.fuzzcachedir=$(CURDIR)/$$p/testdata/fuzz); done; done

FORGINGS ?= 1000000
forge: ## FORGINGS forged webhooks of four vendors; a failure prints its seed
	go test ./internal/webhook -run TestP12TenThousand -timeout 1h -v -forgings $(FORGINGS)

SOAK ?= 2000
soak: ## the random-operation tests of index, delivery and service, SOAK runs each; a failure prints its seed
	go test ./internal/idmap/boltmap ./internal/delivery ./internal/service -run "TestContract/model|TestP2|TestNothingIsLost" -timeout 3h -rapid.checks $(SOAK)
	go test ./internal/delivery -run TestP10NobodyIsContacted -timeout 1h -lives 1000
	go test ./internal/service -run TestP11EveryOrder -timeout 1h -orders 500

ROUNDS ?= 1000
SEED ?= 0
crash: ## kill -9 at every named place, ROUNDS times, from SEED on (0: from anywhere); a failure prints how to repeat it
	go test ./internal/e2e/crash -run TestP1P2P3 -v -count 1 -timeout 6h -rounds $(ROUNDS) -seed $(SEED)

mutants: ## plant every fault of internal/mutant, and prove that the test named for it fails
	go run ./internal/tools/mutants

MODEL_STEPS ?= 1000
MODEL_SEEDS ?= 50
MODEL_SEED ?= $(shell date +%s)
# The ledgers of a run are thrown away: a file system in memory spares it the syncs.
MODEL_DIR ?= $(shell test -w /dev/shm && echo /dev/shm || echo $${TMPDIR:-/tmp})
model: ## random operations on the whole LeadService against the emulators' ledgers: MODEL_SEEDS runs of MODEL_STEPS from MODEL_SEED
	@echo "MODEL_SEED=$(MODEL_SEED)"
	TMPDIR=$(MODEL_DIR) go test ./internal/service -run TestNothingIsLostAtTheEmulators -v -timeout 3h \
	  -model.steps=$(MODEL_STEPS) -rapid.checks=$(MODEL_SEEDS) -rapid.seed=$(MODEL_SEED)

RATE_FOR ?= 120s
rate: ## measure for RATE_FOR, over kills of the service, that UJET is asked once a second and no more
	go test ./internal/e2e -run TestP8 -v -count 1 -timeout 30m -rate.for $(RATE_FOR)

latency: ## measure for a minute how late 500 events a second reach 50 watchers, and how late vendors are answered
	go test ./internal/e2e -run '^$$' -bench P7 -benchtime 30000x -timeout 30m

bench: ## benchmarks; compare ratios within one run only
	go test -run '^$$' -bench . -benchmem ./internal/...

vulncheck: ## known vulnerabilities of what the binary links (asks the Go vulnerability database)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

clean: ## remove what was built, but no data
	rm -rf bin .tools

$(BUF): tools/buf/go.mod
	go build -C tools/buf -o $(BUF) github.com/bufbuild/buf/cmd/buf

$(GOLANGCI):
	GOBIN=$(TOOLS)/tmp go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(TOOLS)/tmp/golangci-lint $@
