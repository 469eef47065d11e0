# The commands a newcomer needs; README.md explains each.
.PHONY: run test lint python

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

test: lint python
	CREST_PYTHON="$(CURDIR)/$(VENV)/bin/python" cargo test --workspace
