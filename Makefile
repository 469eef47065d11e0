# The commands a newcomer needs; README.md explains each.
.PHONY: run test test-cluster lint python nats bench peers

VENV ?= target/venv

run:
	cargo run --release --bin crest -- serve

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Python for the example that README.md shows: the test runs it against a real node.
python: $(VENV)/ready
$(VENV)/ready: schema/example/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement schema/example/requirements.txt
	touch $@

# The server that the tests of the bus talk to: a package of Debian and Ubuntu, a formula of Homebrew.
nats:
	@test "$$CREST_SKIP_NATS" = 1 || command -v nats-server >/dev/null || test -x /usr/sbin/nats-server \
		|| { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y nats-server; } \
		|| { echo "nats-server is missing: install it (apt-get install nats-server), or set CREST_SKIP_NATS=1"; \
			exit 1; }

test: lint python nats
	CREST_PYTHON="$(CURDIR)/$(VENV)/bin/python" cargo test --workspace

# Three nodes, Cassandra and NATS, harmed in every way under load. Prints its seed; SEED=… runs that one
# again, ONLY=OffBus,Apart these faults. Partitions need root and iptables, clock jumps Debian's package faketime.
test-cluster: nats
	CREST_CLUSTER_LONG=$(or $(SEED),0) $(if $(ONLY),CREST_CLUSTER_ONLY=$(ONLY)) cargo test --test cluster every_fault -- --nocapture

# Crest against floors and peers, on two quiet cores; writes the table of benches/RESULTS.md.
# ROWS="1 4a" measures only those. What a peer needs and is not there is skipped with a word.
bench: peers
	cargo build --release --bin crest
	cargo build --release -p crest-benches --bin crest-bench
	$(or $(CARGO_TARGET_DIR),target)/release/crest-bench run $(ROWS) --keep \
		--crest $(or $(CARGO_TARGET_DIR),target)/release/crest

peers:
	-command -v npm >/dev/null && cd benches/peers/ws && npm ci --silent --no-audit --no-fund
	-command -v go >/dev/null && cd benches/peers/centrifuge && go build -o centrifuge .
	-command -v python3 >/dev/null && cd benches/peers/socketify && python3 -m venv .venv \
		&& .venv/bin/pip install --quiet --requirement requirements.txt
