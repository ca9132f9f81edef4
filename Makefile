# The two commands: `make demo` and `make test`. Each does the set-up it needs first.
# ARGS is handed on: make demo ARGS="--fresh --zone Europe/Berlin"; make test ARGS="--lib turn::"
CARGO ?= cargo
ARGS ?=

.PHONY: demo test check lint features bench fuzz fmt

demo:
	@packaging/set-up run
	$(CARGO) run --locked --release --bin ringback -- demo $(ARGS)

test:
	@packaging/set-up test
	$(CARGO) test --locked $(ARGS)

# What CI does: everything that must hold before a change is taken.
check: lint test features

lint:
	@packaging/set-up test
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet
	@packaging/check-dependencies

# What is not in the default build: the console with sound, on devices that ALSA makes up and by a speech
# service of its own, and calls in Opus. One test of the console at a time: they wait for sound that plays in
# real time.
FEATURES = --features console,opus
features:
	@packaging/set-up test
	$(CARGO) clippy --locked $(FEATURES) --lib --bins --test console --test wire -- -D warnings
	$(CARGO) test --locked $(FEATURES) --lib -- console:: media:: sip::offer_answer
	$(CARGO) test --locked $(FEATURES) --test wire codecs
	$(CARGO) test --locked $(FEATURES) --test console -- --test-threads=1

bench:
	@packaging/set-up run
	$(CARGO) bench --locked $(ARGS)

# Coverage-guided; needs a nightly toolchain and cargo-fuzz. RUNS inputs for each target.
RUNS ?= 10000000
fuzz:
	@$(CARGO) +nightly fuzz --version >/dev/null 2>&1 || { echo "fuzz: NOT RUN, needs a nightly toolchain and cargo-fuzz (rustup toolchain install nightly; cargo install --locked cargo-fuzz); make test replays the seeds with mutations"; exit 1; }
	for target in $$(ls fuzz/checks | sed 's/[.]rs$$//'); do \
	    $(CARGO) +nightly fuzz run $$target fuzz/seeds/$$target -- -runs=$(RUNS) || exit 1; \
	done

fmt:
	$(CARGO) fmt
