# What people do here. Each target sets up what it needs; the work is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help run test bench fmt doc clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build everything and serve on http://127.0.0.1:8080 (FLAGS="--listen …" for other flags)
	@scripts/run $(FLAGS)

test: ## Every check and every test (STEPS="clippy tests" for some of them)
	@scripts/test $(STEPS)

bench: ## Measure side by side with other servers; results go to bench/RESULTS.md
	@scripts/setup && scripts/console
	@bench/run $(FLAGS)

fmt: ## Format the code and write generated pages anew
	@cargo fmt --all && cargo xtask docs

doc: ## The documentation of the code, for reading (target/doc)
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

clean: ## Remove everything that was built or installed here (not the rooms in .hubbub)
	@cargo clean && rm -rf .cache fuzz/target web/dist web/node_modules tests/node/node_modules
