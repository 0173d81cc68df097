# The commands of a developer. They install what is missing first, and say what.

BOARD ?= qemu-x86_64

.PHONY: help run test soak image release qemu bench bench-image bench-ota lint fuzz fmt web openapi buildroot-check

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 26

run: ## Start the box on https://localhost:8443, with its data in .anya/
	@exec dev-tools/run $(ARGS)

test: ## Run everything that CI runs
	@dev-tools/test

soak: ## The long tests of the booted image: power cuts, fifty at work and fifty in updates: make soak ARGS="--seed 7"
	@dev-tools/soak $(ARGS)

image: ## Build a bootable image: make image BOARD=qemu-x86_64
	@dev-tools/setup image
	@cargo run --quiet --locked -p image -- build --board $(BOARD) --signers "$$(dev-tools/signers)" $(ARGS)

release: ## Build, sign with developers' keys and publish a release: make release VERSION=1.2.3
	@dev-tools/release "$(BOARD)" "$(VERSION)" $(ARGS)

qemu: ## Build the image, boot it in QEMU, and open the box on https://localhost:8443
	@dev-tools/setup image
	@cargo run --quiet --locked -p image -- build --signers "$$(dev-tools/signers)"
	@cargo run --quiet --locked -p image -- run $(ARGS)

bench: ## Measure the box beside its peers; the table goes to target/bench/ too
	@dev-tools/setup bench
	@dev-tools/web
	@cargo build --quiet --locked --release -p anyad -p bench
	@bash -c '. dev-tools/paths && exec target/release/bench --models "$$(dev-tools/fetch/models)" \
		--python "$$(venv_of bench)/bin/python" $(ARGS)'

bench-image: ## Measure a boot of the image beside a plain Debian: the table goes to target/bench/image.json too
	@dev-tools/setup image
	@cargo run --quiet --locked -p image -- build --board qemu-x86_64 --signers "$$(dev-tools/signers)" >/dev/null
	@cargo run --quiet --locked -p qemu-tests --bin bench_image -- $(ARGS)

bench-ota: ## Measure updates beside casync and zstd: the table goes to target/bench/ota.json too
	@dev-tools/setup bench-ota
	@cargo build --quiet --locked -p image
	@dev-tools/test-image >/dev/null
	@cargo run --quiet --locked --release -p qemu-tests --bin bench_ota -- --older "$$(dev-tools/older-image)" $(ARGS)

lint: ## Clippy, the shape checks, ESLint
	@dev-tools/setup test
	cargo clippy --workspace --all-targets -- -D warnings
	cargo run --quiet -p checks
	@bash -c '. dev-tools/paths && cd web-ui && npm run --silent typecheck && npm run --silent lint'

fuzz: ## Feed the parsers of releases: make fuzz ARGS="manifest 600"
	@dev-tools/fuzz $(ARGS)

fmt: ## Format the Rust code
	cargo fmt --all

web: ## Build the web page into web-ui/dist
	@dev-tools/setup run
	@dev-tools/web

openapi: ## Write the API document and the web page's types anew, from the code
	UPDATE_OPENAPI=1 cargo test --quiet -p appliance-http --test it openapi
	@bash -c '. dev-tools/paths && cd web-ui && npm run --silent api'

buildroot-check: ## Check the Buildroot tree of the box: make buildroot-check BUILDROOT=path
	@dev-tools/buildroot-check $(BUILDROOT)
