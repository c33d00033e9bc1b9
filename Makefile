# Everything that a person does with this house, by name. Rust (https://rustup.rs) is all that must be there.

TARGET  := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
OUT     := target/$(TARGET)/release
PREFIX  ?= /usr/local
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
export NAGAYA_COMMIT := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

.PHONY: all demo test test-vm bench install lint packages

all:
	@command -v cargo >/dev/null || { echo "Rust is missing: see https://rustup.rs"; exit 1; }
	cargo build --release --workspace --bins --locked

# The main job: a container of this machine's own files, in which nothing can be broken. It is connected to nothing, so this
# machine's network stays as it is.
DEMO := export NAGAYA_NETWORK=none NAGAYA_ROOT=$$(mktemp -d) && trap 'rm -rf $$NAGAYA_ROOT' EXIT &&
demo: all
	@echo; echo "== a container; what it writes or removes stays in it"
	@$(DEMO) $(OUT)/nagaya run --rm host sh -c \
	  'echo "I am process $$$$ of $$(ps ax | grep -c "[0-9] ")"; rm -rf /usr; echo "inside, /usr is gone: $$(echo /usr*)"'
	@echo "outside, it has $$(ls /usr | wc -l) folders"
	@echo; echo "== every step of it, and its time"
	@$(DEMO) $(OUT)/nagaya run --rm --trace host true
	@if [ -t 0 ]; then echo; echo "== now you, in a container of your own (exit leaves it)"; \
	  $(DEMO) $(OUT)/nagaya run -it --rm host; fi

# What the tests stand on: peers, a registry's clients, a machine for cgroup v2. Only what is missing.
PACKAGES := busybox-static libseccomp-dev golang-github-containers-common podman buildah skopeo umoci docker-registry apache2-utils openssl runc crun bubblewrap docker.io containerd containernetworking-plugins \
            protobuf-compiler python3-grpcio tini strace time gcc libc6-dev util-linux uidmap \
            libcap2-bin criu systemd gzip zstd mmdebstrap qemu-system-x86 e2fsprogs procps iproute2 nftables curl findutils make git python3 xz-utils
packages:
	@missing=$$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | \
	  awk '$$2 == "installed" {print $$1}' | sort > /tmp/.nagaya-have; \
	  echo $(PACKAGES) | tr ' ' '\n' | sort | comm -23 - /tmp/.nagaya-have; rm -f /tmp/.nagaya-have); \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

# As root: containers are made for real, each test in folders of its own. The VM is for cgroup v2.
test: packages all lint
	cargo build --release --example minimum_container --locked
	cargo test --workspace --locked --no-fail-fast
	$(MAKE) test-vm

test-vm: packages all
	NAGAYA_VM_SECONDS=900 tests/vm/run tests/vm/suite.sh tests/vm/suite $(OUT)/nagaya-runtime

YOUKI := target/peers/bin/youki
# Alternating rounds against crun, runc, youki, bubblewrap and the floor; then, with images, containers and networks, against
# docker, podman, and for images skopeo with umoci. BENCH="--quick" or, for the first of them, "--rounds 200".
bench: packages all $(YOUKI)
	cargo bench --bench launch --locked -- $(BENCH)
	cargo bench --bench images --locked -- $(filter --quick --json,$(BENCH))
	cargo bench --bench engine --locked -- $(filter --quick,$(BENCH))
	cargo bench --bench network --locked -- $(filter --quick,$(BENCH))

# A peer that Debian does not have; five minutes, once. Without it the bench has one row less.
$(YOUKI):
	-cd / && cargo install youki --version 0.7.0 --locked --features v1 --root $(CURDIR)/target/peers

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

SHARED := $(DESTDIR)$(PREFIX)
install: all
	install -D -m 755 -t $(SHARED)/bin $(OUT)/nagaya $(OUT)/nagaya-runtime
	install -d $(SHARED)/share/man/man1 $(SHARED)/share/bash-completion/completions $(SHARED)/share/zsh/site-functions \
	  $(SHARED)/share/fish/vendor_completions.d
	$(OUT)/nagaya generate man $(SHARED)/share/man/man1
	$(OUT)/nagaya completion bash > $(SHARED)/share/bash-completion/completions/nagaya
	$(OUT)/nagaya completion zsh > $(SHARED)/share/zsh/site-functions/_nagaya
	$(OUT)/nagaya completion fish > $(SHARED)/share/fish/vendor_completions.d/nagaya.fish
