# The commands a newcomer needs; each is explained in README.md.
.PHONY: run test lint

run:
	cargo run --release --bin crest -- serve

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

test: lint
	cargo test --workspace
